"""What torch.save wrote before 1.6, and writes when it is told not to make a zip."""

import pickle
import warnings
from collections import OrderedDict
from functools import partial

import numpy as np
import pytest
import torch

from ckptgui.core.checkpoint import SavedShape
from ckptgui.errors import DamagedFileError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.formats.conformance import ReaderConformance, values
from tests.formats.test_conformance_zip import DTYPES, by_name, state_dict, views


def save(saved, path, **options):
    torch.save(saved, path, _use_new_zipfile_serialization=False, **options)
    return path


def written(make, folder, **options):
    path = save(make(), folder / "old.pt", **options)
    return path, by_name(torch.load(path, weights_only=False))


def dtypes():
    """Those that have a typed storage; torch itself cannot load the others from this format."""
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dtype in DTYPES:
            tensor = torch.arange(48, dtype=torch.uint8).view(dtype).clone()
            if _has_typed_storage(dtype):
                found[str(dtype)] = tensor
    return found


def _has_typed_storage(dtype):
    return dtype in torch.storage._dtype_to_storage_type_map()


def arrays():
    return {
        "c": np.arange(12.0).reshape(3, 4), "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "big": np.arange(50, dtype=">i4"), "t": torch.ones(2), "p": torch.nn.Parameter(torch.ones(3)),
    }  # fmt: skip


class TestTorchLegacy(ReaderConformance):
    format = "torch-legacy"

    @classmethod
    def cases(cls):
        return {
            "state dict": partial(written, state_dict),
            "views": partial(written, views),
            "dtypes": partial(written, dtypes),
            "arrays": partial(written, arrays),
            **{f"protocol {n}": partial(written, state_dict, pickle_protocol=n) for n in (1, 3, 4, 5)},
        }

    @classmethod
    def large(cls, folder):
        return save({"w": torch.zeros(1 << 20), "v": [torch.ones(3)] * 2}, folder / "large.pt")


def test_the_source_of_modules_is_kept_as_text(tmp_path):
    model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    checkpoint = open_checkpoint(str(save(model, tmp_path / "m.pt")))
    assert checkpoint.saved_shape is SavedShape.MODULE
    assert [info.name for info in checkpoint.tensors] == ["0.weight", "0.bias"]
    code = dict(checkpoint.attributes["code"])
    assert code["torch.nn.modules.linear.Linear"].startswith("class Linear(Module):")
    classes = [module.class_name.rpartition(".")[2] for module in checkpoint.modules]
    assert classes == ["Sequential", "Linear", "ReLU"]
    assert checkpoint.metadata["0"]["in_features"] == 3


def test_views_of_a_storage_begin_where_they_say(tmp_path):
    """As torch wrote them up to 0.3: a storage that is a part of another has its place in the persistent id."""
    path = by_hand(tmp_path / "v.pt", {"a": (0, 6), "b": (4, 2)}, np.arange(6, dtype="<f4"))
    loaded = torch.load(path, weights_only=False)
    checkpoint = open_checkpoint(str(path))
    for name, tensor in loaded.items():
        assert values(checkpoint[(name,)], SourcePool()) == tensor.numpy().tobytes()
    assert loaded["b"].tolist() == [4.0, 5.0]
    assert checkpoint[("b",)].storage_offset == 4
    assert checkpoint[("b",)].storage == checkpoint[("a",)].storage


def test_a_view_outside_its_storage_is_an_error_of_its_row(tmp_path):
    path = by_hand(tmp_path / "v.pt", {"a": (0, 6), "b": (5, 2)}, np.arange(6, dtype="<f4"))
    checkpoint = open_checkpoint(str(path))
    assert checkpoint[("a",)].error is None
    assert "outside its storage" in checkpoint[("b",)].error


class _Pid(tuple):
    pass


class _Pickler(pickle.Pickler):
    def persistent_id(self, value):
        return tuple(value) if isinstance(value, _Pid) else None


class _Tensor:
    def __init__(self, pid, size):
        self.arguments = (pid, 0, (size,), (1,), False, {})

    def __reduce__(self):
        return torch._utils._rebuild_tensor_v2, self.arguments


def by_hand(path, parts, data, little=True, numel=None, keys=("7",)):
    """A stream of one storage, of which each name sees a part: ``(offset, size)``."""
    saved = {
        name: _Tensor(
            _Pid(("storage", torch.FloatStorage, "7", "cpu", data.size, (f"view {name}", *part))), part[1]
        )
        for name, part in parts.items()
    }
    with path.open("wb") as file:
        pickle.dump(torch.serialization.MAGIC_NUMBER, file, 2)
        pickle.dump(1001, file, 2)
        sizes = {"short": 2, "int": 4, "long": 4}
        pickle.dump({"protocol_version": 1001, "little_endian": little, "type_sizes": sizes}, file, 2)
        _Pickler(file, 2).dump(saved)
        pickle.dump(list(keys), file, 2)
        for _ in keys:
            file.write((data.size if numel is None else numel).to_bytes(8, "little", signed=True) + data.tobytes())
    return path


def test_what_a_big_endian_machine_wrote_is_little_endian_all_the_same(tmp_path):
    path = by_hand(tmp_path / "v.pt", {"a": (0, 6)}, np.arange(6, dtype="<f4"), little=False)
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.attributes["little_endian"] is False
    assert values(checkpoint[("a",)], SourcePool()) == torch.load(path, weights_only=False)["a"].numpy().tobytes()


@pytest.mark.parametrize("numel", [-1, 5, 7, 2**60])
def test_a_length_that_disagrees_is_an_error_of_the_tensors_on_it(numel, tmp_path):
    path = by_hand(tmp_path / "v.pt", {"a": (0, 6)}, np.arange(6, dtype="<f4"), numel=numel)
    with pytest.raises(RuntimeError):
        torch.load(path, weights_only=False)
    assert "claims 6 elements" in open_checkpoint(str(path))[("a",)].error


def test_a_storage_that_no_tensor_describes_hides_those_behind_it(tmp_path):
    path = by_hand(tmp_path / "v.pt", {"a": (0, 6)}, np.arange(6, dtype="<f4"), keys=("3", "7"))
    checkpoint = open_checkpoint(str(path))
    assert "“3”" in checkpoint.warnings[0]
    assert "is not there" in checkpoint[("a",)].error


def test_a_storage_that_is_named_twice_ends_the_list(tmp_path):
    path = by_hand(tmp_path / "v.pt", {"a": (0, 6)}, np.arange(6, dtype="<f4"), keys=("7", "7"))
    checkpoint = open_checkpoint(str(path))
    assert "twice" in checkpoint.warnings[0]
    assert checkpoint[("a",)].error is None


def test_bytes_behind_the_last_storage_are_announced(tmp_path):
    path = save({"a": torch.ones(3)}, tmp_path / "x.pt")
    with path.open("ab") as file:
        file.write(b"more")
    assert open_checkpoint(str(path)).warnings == ("4 bytes follow its last storage; no loader reads them.",)


def test_a_file_cut_in_its_values_lists_all_and_reads_what_is_left(tmp_path):
    tensors = {name: torch.full((100,), float(n)) for n, name in enumerate("abc")}
    path = save(tensors, tmp_path / "x.pt")
    ends = sorted(info.file_offset for info in open_checkpoint(str(path)).tensors)
    path.write_bytes(path.read_bytes()[: ends[1] + 40])
    checkpoint = open_checkpoint(str(path))
    assert len(checkpoint) == 3
    assert checkpoint.attributes["cut"]
    errors = {info.file_offset: info.error for info in checkpoint.tensors}
    assert errors[ends[0]] is None
    assert errors[ends[1]] == "The file is cut: 40 of 400 bytes of its storage are here."
    assert "is not there. The file is cut short" in errors[None]
    assert "cut short" in checkpoint.warnings[0]


def test_a_file_cut_in_its_list_shows_what_was_told(tmp_path):
    path = save(OrderedDict((f"layer {n}", torch.ones(2)) for n in range(50)), tmp_path / "x.pt")
    path.write_bytes(path.read_bytes()[:3000])
    checkpoint = open_checkpoint(str(path))
    assert 5 < len(checkpoint) < 50
    assert checkpoint.attributes["incomplete"]
    assert len(checkpoint.tensors.errors) == len(checkpoint)


def test_one_cut_before_that_is_refused(tmp_path):
    path = save({"a": torch.ones(2)}, tmp_path / "x.pt")
    for length in (20, 40):
        (tmp_path / "cut.pt").write_bytes(path.read_bytes()[:length])
        with pytest.raises(DamagedFileError):
            open_checkpoint(str(tmp_path / "cut.pt"))


def test_quantised_tensors_keep_their_rule(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scales, zeros = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1, 2, 3])
        many = torch.quantize_per_channel(torch.randn(3, 2), scales, zeros, 0, torch.quint8)
        path = save({"many": many}, tmp_path / "q.pt")
        expected = many.int_repr().numpy().tobytes()
    info = open_checkpoint(str(path))[("many",)]
    assert values(info, SourcePool()) == expected
    assert info.extra["quantization"]["scales"] == pytest.approx([0.1, 0.2, 0.3])
    assert info.extra["quantization"]["zero_points"] == [1, 2, 3]


def test_types_without_a_typed_storage_are_read_although_torch_cannot(tmp_path):
    tensor = torch.arange(6).to(torch.uint16)
    path = save({"a": tensor}, tmp_path / "x.pt")
    with pytest.raises(AttributeError):
        torch.load(path, weights_only=False)
    info = open_checkpoint(str(path))[("a",)]
    assert info.dtype.name == "uint16"
    assert values(info, SourcePool()) == tensor.view(torch.uint8).numpy().tobytes()


def test_ten_thousand_storages_take_a_moment(tmp_path):
    path = save({f"layer {n}": torch.ones(1) for n in range(10_000)}, tmp_path / "x.pt")
    checkpoint = open_checkpoint(str(path))
    assert len(checkpoint) == 10_000
    assert checkpoint.tensors.errors == {}
    assert len(checkpoint.records) == 10_001
