"""A damaged checkpoint still tells what can be told, with the reason, and never a wrong value."""

import zipfile

import pytest
import torch

from ckptgui.errors import CheckpointError, DamagedFileError
from tests.formats.torch_files import pickle_of, read, save, torch_bytes, value_bytes, with_pickle


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "model.pt"
    torch.manual_seed(0)
    state = {
        "epoch": 2,
        "model": {f"layer{i}.weight": torch.randn(4, 4) for i in range(6)},
        "optimizer": {"state": {0: {"m": torch.randn(3)}}, "param_groups": [{"lr": 0.1}]},
        "note": "end",
    }
    torch.save(state, path)
    return path, state


def cut_at(path, size, folder):
    target = folder / f"cut{size}.pt"
    target.write_bytes(path.read_bytes()[:size])
    return target


def test_a_file_cut_anywhere_lists_what_is_there(whole, tmp_path):
    path, state = whole
    checkpoint = read(path)
    total = path.stat().st_size
    listed_somewhere = 0
    for size in range(1, total, 61):
        try:
            found = read(cut_at(path, size, tmp_path))
        except (CheckpointError, AssertionError):  # too short even to tell that torch wrote it
            assert size < 700
            continue
        assert found.warnings
        assert "cut short" in found.warnings[0]
        assert f"{size:,}" in found.warnings[0]
        for info in found.tensors:
            intact = checkpoint[info.path]
            assert (info.shape, info.dtype) == (intact.shape, intact.dtype)
            if info.error is None:
                listed_somewhere += 1
                assert value_bytes(info) == value_bytes(intact)
            else:
                assert "cut" in info.error
        if size > 2400:
            assert list(found) == list(checkpoint)
    assert listed_somewhere > 50
    assert state["note"] == "end"


def test_a_file_without_its_directory_is_still_whole(whole, tmp_path):
    path, _ = whole
    data = path.read_bytes()
    found = read(cut_at(path, data.index(b"PK\x01\x02"), tmp_path))
    assert all(info.error is None for info in found.tensors)
    assert "all its tensors" in found.warnings[0]


def test_a_cut_within_the_pickle_keeps_what_stands_before_it(whole, tmp_path):
    path, state = whole
    data = path.read_bytes()
    at = data.index(b"layer3.weight")
    found = read(cut_at(path, at + 30, tmp_path))
    assert [info.path[-1] for info in found.tensors] == ["layer0.weight", "layer1.weight", "layer2.weight"]
    assert found.metadata["epoch"] == state["epoch"]
    assert found.attributes["incomplete"]


def test_a_cut_whole_model_still_lists_its_modules(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)), path)
    at = path.read_bytes().index(b"in_features")
    found = read(cut_at(path, at, tmp_path))
    assert [info.path for info in found.tensors] == [("0.weight",), ("0.bias",)]


def test_an_operation_that_makes_no_sense_ends_the_list_there(tmp_path):
    data = pickle_of({"a": torch.zeros(2), "b": torch.zeros(2)})
    broken = data[:-2] + b"\xff."
    found = read(with_pickle(broken, tmp_path / "a.pt", [("0", b"\0" * 8), ("1", b"\0" * 8)]))
    assert list(found) == [("a",), ("b",)]
    assert "makes no sense at byte" in found.warnings[0]


def test_a_storage_that_claims_more_than_its_record_is_an_error_of_its_tensors(tmp_path):
    data = pickle_of({"a": torch.zeros(2), "b": torch.zeros(3)})
    found = read(with_pickle(data, tmp_path / "a.pt", [("0", b"\0" * 4), ("1", b"\0" * 12)]))
    assert found[("a",)].error == "Its storage “0” claims 8 bytes, but its record has 4."
    assert found[("b",)].error is None


def test_a_missing_record_is_an_error_of_its_tensors(tmp_path):
    data = pickle_of({"a": torch.zeros(2), "b": torch.zeros(0)})
    found = read(with_pickle(data, tmp_path / "a.pt"))
    assert "is not in the file" in found[("a",)].error
    assert found[("b",)].error is None


def rebuilt(arguments, function=b"_rebuild_tensor_v2"):
    storage = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
    return b"\x80\x02}X\x01\x00\x00\x00a" + b"ctorch._utils\n" + function + b"\n(" + storage + arguments + b"tRs."


IMPOSSIBLE = {
    "negative size": b"K\x00J\xff\xff\xff\xff\x85K\x01\x85\x89N",
    "negative stride": b"K\x00K\x02\x85J\xff\xff\xff\xff\x85\x89N",
    "negative offset": b"J\xff\xff\xff\xffK\x02\x85K\x01\x85\x89N",
    "past the end": b"K\x03K\x02\x85K\x01\x85\x89N",
    "huge offset": b"\x8a\x09" + b"\0" * 8 + b"\x01" + b"K\x01\x85K\x01\x85\x89N",
    "overflow": b"K\x00" + b"\x8a\x08" + b"\xff" * 7 + b"\x7f" + b"\x85K\x01\x85\x89N",
    "lengths differ": b"K\x00K\x02K\x02\x86K\x01\x85\x89N",
    "empty far away": b"\x8a\x08" + b"\0" * 7 + b"\x10" + b"K\x00\x85K\x01\x85\x89N",
    "bool": b"K\x00\x88\x85K\x01\x85\x89N",
    "float": b"K\x00G@\x00\x00\x00\x00\x00\x00\x00\x85K\x01\x85\x89N",
    "text": b"K\x00X\x01\x00\x00\x002\x85K\x01\x85\x89N",
    "none": b"K\x00NK\x01\x85\x89N",
    "65 dimensions": b"K\x00(" + b"K\x01" * 65 + b"t(" + b"K\x01" * 65 + b"t\x89N",
    "too few": b"K\x00",
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_geometry_that_cannot_be_keeps_its_place_and_a_reason(name, tmp_path):
    found = read(with_pickle(rebuilt(IMPOSSIBLE[name]), tmp_path / "a.pt", [("0", b"\0" * 16)]))
    assert list(found) == [("a",)]
    assert found[("a",)].error


def test_an_expanded_tensor_is_no_error_whatever_it_claims(tmp_path):
    arguments = b"K\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x85K\x00\x85\x89N"
    found = read(with_pickle(rebuilt(arguments), tmp_path / "a.pt", [("0", b"\0" * 16)]))
    assert found[("a",)].error is None
    assert found[("a",)].shape == (1 << 40,)


@pytest.mark.parametrize(
    "pid",
    [b"N", b"X\x01\x00\x00\x00x", b"K\x01\x85", b"(X\x07\x00\x00\x00storageNNNNt", b"cos\nsystem\n(tR"],
)
def test_a_persistent_id_that_is_none_is_an_error_of_its_tensor(pid, tmp_path):
    data = (
        b"\x80\x02}X\x01\x00\x00\x00actorch._utils\n_rebuild_tensor_v2\n("
        + pid
        + b"QK\x00K\x01\x85K\x01\x85\x89NtRs."
    )
    found = read(with_pickle(data, tmp_path / "a.pt"))
    assert found[("a",)].error


def test_a_parameter_of_a_parameter_of_a_parameter_ends(tmp_path):
    wraps = 40
    inner = rebuilt(b"K\x00K\x01\x85K\x01\x85\x89N")[len(b"\x80\x02}X\x01\x00\x00\x00a") : -2]
    data = (
        b"\x80\x02}X\x01\x00\x00\x00a"
        + b"ctorch._utils\n_rebuild_parameter\n" * wraps
        + inner
        + b"\x88\x86R" * wraps
    )
    found = read(with_pickle(data + b"s.", tmp_path / "a.pt", [("0", b"\0" * 16)]))
    assert "wrapped" in found[("a",)].error


def test_a_pickle_after_the_pickle_is_told(tmp_path):
    data = pickle_of({"epoch": 1}) + b"cos\nsystem\n(S'true'\ntR."
    found = read(with_pickle(data, tmp_path / "a.pt"))
    assert "bytes follow the end of its pickle" in found.warnings[0]
    assert found.metadata == {"epoch": 1}


def test_a_million_names_for_one_tensor_are_bounded(tmp_path):
    tensor = rebuilt(b"K\x00K\x01\x85K\x01\x85\x89N")[len(b"\x80\x02}X\x01\x00\x00\x00a") : -2]
    data = b"\x80\x02" + tensor + b"2\x86" * 40 + b"."
    found = read(with_pickle(data, tmp_path / "a.pt", [("0", b"\0" * 16)]))
    assert 1 <= len(found) <= 500_000
    assert found.warnings


def test_a_changed_pickle_is_shown_with_a_warning(whole, tmp_path):
    path, _ = whole
    data = bytearray(path.read_bytes())
    data[data.index(b"layer0") + 5] = ord("9")
    target = tmp_path / "changed.pt"
    target.write_bytes(data)
    found = read(target)
    assert any("CRC" in warning for warning in found.warnings)
    assert ("model", "layer9.weight") in list(found)


def test_a_zip_that_holds_no_pickle_is_not_ours(tmp_path):
    target = tmp_path / "book.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("chapter.txt", "text")
    with pytest.raises(AssertionError):
        read(target)


def test_a_pickle_of_nothing_readable_is_refused(tmp_path):
    with pytest.raises(DamagedFileError):
        read(with_pickle(b"\xff", tmp_path / "a.pt"))


def test_values_are_those_of_torch_after_all(whole):
    path, state = whole
    checkpoint = save(state, path)
    for name, tensor in state["model"].items():
        assert value_bytes(checkpoint[("model", name)]) == torch_bytes(tensor)


def end_record(data):
    return data.rindex(b"PK\x05\x06")


DAMAGE = {
    "bytes behind the end": lambda data: data + b"\0" * 4096,
    "the directory's place": lambda data: (
        data[: end_record(data) + 16] + b"\1\0\0\0" + data[end_record(data) + 20 :]
    ),
    "the number of records": lambda data: (
        data[: end_record(data) + 8] + b"\1\0\1\0" + data[end_record(data) + 12 :]
    ),
    "an entry of the directory": lambda data: data.replace(b"PK\x01\x02", b"\0\0\0\0", 1),
    "a checksum": lambda data: (
        data[: data.index(b"PK\x01\x02") + 42] + b"\1" + data[data.index(b"PK\x01\x02") + 43 :]
    ),
}


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=DAMAGE)
def test_records_are_listed_where_only_the_directory_is_wrong(whole, tmp_path, spoil):
    path, _ = whole
    spoiled = tmp_path / "spoiled.pt"
    spoiled.write_bytes(spoil(path.read_bytes()))
    found, intact = read(spoiled), read(path)
    assert list(found) == list(intact)
    assert not found.tensors.errors
    assert all(value_bytes(found[name]) == value_bytes(intact[name]) for name in intact)
    assert "other programs may read something else" in found.warnings[0]


def test_of_two_archives_in_a_row_the_first_is_shown_and_the_doubt_is_told(whole, tmp_path):
    path, _ = whole
    doubled = tmp_path / "doubled.pt"
    doubled.write_bytes(path.read_bytes() + pickle_of({}) + path.read_bytes())
    found = read(doubled)
    assert list(found) == list(read(path))
    assert "other programs may read something else" in found.warnings[0]


@pytest.mark.parametrize("digits", [300, 1000])
def test_sizes_of_a_thousand_digits_are_refused_for_their_tensor_alone(tmp_path, digits):
    number = b"\x8b" + digits.to_bytes(4, "little") + b"\x7f" * digits
    pickle = pickle_of({"good": torch.zeros(2), "bad": torch.zeros(3)})
    view = b"K\x03\x85q\x11K\x01\x85"
    assert pickle.count(view) == 1
    claimed = pickle.replace(view, number * 3 + b"\x87" + b"K\x01K\x01K\x01\x87")
    path = with_pickle(claimed, tmp_path / "claims.pt", [("0", bytes(8)), ("1", bytes(12))])
    found = read(path)
    assert found["good",].error is None
    assert len(found["bad",].error) < 200
