"""Distributed checkpoints as torch writes them, and what is said where they are incomplete."""

import shutil

import numpy as np
import pytest
import torch

from ckptgui.core.checkpoint import Role
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import iter_values
from ckptgui.errors import DamagedFileError
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.formats.dcp_files import converted, copied, described, ranks, save, whole
from tests.formats.oracle import oracle


def read(checkpoint, *path):
    pool = SourcePool()
    try:
        return b"".join(part.tobytes() for part in iter_values(checkpoint[path], pool, Cancel()))
    finally:
        pool.close()


# What is there


def test_the_converter_of_torch_finds_the_same_tree(tmp_path):
    state = {
        "model": torch.nn.Linear(2, 3).state_dict(),
        "lists": [{"a": torch.ones(2)}, torch.zeros(1), 5],
        "step": 7, "words": ("one", 2.5), "nothing": None, "deep": {"er": {"x": [1, 2], "w": torch.ones(1)}},
    }  # fmt: skip
    checkpoint = open_checkpoint(str(save(state, tmp_path / "saved")))
    found = converted(tmp_path / "saved")
    assert checkpoint.metadata == {
        "model": {}, "lists": [{}, None, 5], "step": 7, "words": ["one", 2.5], "nothing": None,
        "deep": {"er": {"x": [1, 2]}},
    }  # fmt: skip
    assert list(checkpoint) == [
        ("model", "weight"), ("model", "bias"), ("lists", "0", "a"), ("lists", "1"), ("deep", "er", "w"),
    ]  # fmt: skip
    assert read(checkpoint, "model", "weight") == oracle(found["model"]["weight"]).data
    assert read(checkpoint, "deep", "er", "w") == oracle(found["deep"]["er"]["w"]).data


def test_a_state_dict_saved_as_it_is_has_its_own_names(tmp_path):
    checkpoint = open_checkpoint(str(save(torch.nn.Linear(2, 3).state_dict(), tmp_path / "saved")))
    assert list(checkpoint) == [("weight",), ("bias",)]
    assert [section.role for section in checkpoint.sections] == [Role.MODEL]


def test_sections_are_known_by_what_they_hold():
    checkpoint = open_checkpoint(str(ranks() / "optimizer"))
    roles = {section.path: section.role for section in checkpoint.sections}
    assert roles["model",] is Role.MODEL
    assert roles["optimizer",] is Role.OPTIMIZER
    assert checkpoint.metadata["optimizer"]["param_groups"][0]["lr"] == 0.01
    assert checkpoint.metadata["epoch"] == 2
    assert not checkpoint.warnings


def test_a_tensor_in_one_piece_has_a_place_in_a_file_and_one_in_several_has_none():
    checkpoint = open_checkpoint(str(ranks() / "sharded"))
    assert checkpoint["model", "plain"].file_offset is not None
    rows = checkpoint["model", "rows"]
    assert (rows.file, rows.file_offset) == ("__0_0.distcp", None)
    assert [block.offsets for block in rows.extent.assembly.blocks] == [(0, 0), (3, 0), (6, 0), (9, 0)]


def test_the_records_are_every_piece_where_its_values_lie():
    folder = ranks() / "sharded"
    checkpoint = open_checkpoint(str(folder))
    assert checkpoint.records[0].name == ".metadata"
    row = checkpoint["model", "rows"].storage
    pieces = [record for record in checkpoint.records if record.storage == row]
    assert len(pieces) == 4
    data = b""
    for record in pieces:
        with open(checkpoint.sources[record.source].path, "rb") as file:
            file.seek(record.offset)
            data += file.read(record.length)
    assert data == oracle(whole("sharded")["model", "rows"]).data
    assert checkpoint.nbytes == sum(file.stat().st_size for file in folder.iterdir())


def test_objects_of_every_sort_are_read_without_running_anything(tmp_path):
    numbers = np.arange(3)
    state = {
        "array": numpy_holder(numbers), "pair": (torch.arange(3), {"note": "x" * 5000}), "size": torch.Size([1]),
        "device": torch.device("cpu"), "kind": torch.float16, "big": list(range(3000)),
    }  # fmt: skip
    checkpoint = open_checkpoint(str(save(state, tmp_path / "saved")))
    assert checkpoint.metadata["pair"][1] == {"note": "x" * 5000}
    assert checkpoint.metadata["big"] == list(range(3000))
    assert checkpoint.metadata["device"] == "cpu"
    assert read(checkpoint, "pair", "0") == oracle(torch.arange(3)).data
    assert read(checkpoint, "array", "values") == oracle(numbers).data
    assert checkpoint.verdict == "classes"
    assert not checkpoint.warnings


class Holder:
    """An object of a class of its own, in which an array hangs."""


def numpy_holder(values):
    holder = Holder()
    holder.values = values
    return holder


def test_objects_within_a_compressed_file_are_read_too(tmp_path):
    from torch.distributed.checkpoint._extension import ZStandard

    state = {"w": torch.arange(1000.0), "pair": (torch.arange(5), "word"), "n": 3}
    checkpoint = open_checkpoint(str(save(state, tmp_path / "saved", _extensions=[ZStandard()])))
    assert checkpoint.metadata == {"pair": [None, "word"], "n": 3}
    assert read(checkpoint, "pair", "0") == oracle(torch.arange(5)).data
    assert read(checkpoint, "w") == oracle(torch.arange(1000.0)).data
    assert checkpoint["w",].file_offset is None


def test_a_tensor_that_is_no_plain_one_is_read_as_what_it_is(tmp_path):
    turned = torch.tensor([1 + 2j, 3 - 4j]).conj()
    checkpoint = open_checkpoint(str(save({"turned": turned}, tmp_path / "saved")))
    assert read(checkpoint, "turned") == oracle(turned).data


def test_many_equal_beginnings_are_understood_once(tmp_path, monkeypatch):
    from ckptgui.formats.distributed import chunks as dcp_chunks

    seen = []
    monkeypatch.setattr(
        dcp_chunks, "plain_at", lambda head, plain=dcp_chunks.plain_at: seen.append(1) or plain(head)
    )
    path = save({f"w{i}": torch.full((3,), float(i)) for i in range(50)}, tmp_path / "saved")
    checkpoint = open_checkpoint(str(path))
    assert len(seen) == 1
    assert all(read(checkpoint, f"w{i}") == oracle(torch.full((3,), float(i))).data for i in range(50))


@pytest.mark.parametrize("compressed", [False, True])
def test_values_that_are_aligned_to_pages_are_found_by_a_wider_look(tmp_path, monkeypatch, compressed):
    from torch.distributed.checkpoint._extension import ZStandard
    from torch.utils.serialization import config

    from ckptgui.formats.distributed import objects as dcp_objects

    monkeypatch.setattr(dcp_objects, "open_whole", None)  # what reads whole archives is not needed
    options = {"_extensions": [ZStandard()]} if compressed else {}
    state = {f"w{i}": torch.full((3,), float(i)) for i in range(20)}
    with config.patch({"save.storage_alignment": 4096}):
        path = save(state, tmp_path / "saved", **options)
    checkpoint = open_checkpoint(str(path))
    assert all(read(checkpoint, name) == oracle(value).data for name, value in state.items())
    assert compressed or checkpoint["w0",].file_offset == 5 * 4096


# What is missing


def test_a_missing_file_is_named_once_and_the_rest_is_read(tmp_path):
    path, expected = copied("sharded", tmp_path)
    (path / "__1_0.distcp").unlink()
    checkpoint = open_checkpoint(str(path))
    assert [warning for warning in checkpoint.warnings if "missing" in warning] == [
        "1 file is missing: __1_0.distcp."
    ]
    assert list(checkpoint) == list(expected)
    assert checkpoint["model", "rows"].error == "Its file __1_0.distcp is not in the folder."
    assert checkpoint["model", "rows"].shape == (10, 6)
    kept = [info for info in checkpoint.tensors if info.error is None]
    assert ("model", "plain") in [info.path for info in kept]
    for info in kept:
        assert read(checkpoint, *info.path) == oracle(expected[info.path]).data


def test_values_of_a_missing_file_are_named_and_then_counted(tmp_path):
    path = save({"w": torch.ones(2)} | {f"v{i:02}": i for i in range(12)}, tmp_path / "saved", thread_count=2)
    (path / "__0_0.distcp").unlink()
    checkpoint = open_checkpoint(str(path))
    unread = [warning for warning in checkpoint.warnings if "cannot be read" in warning]
    lost = sum(value is None for value in checkpoint.metadata.values())
    assert 5 < lost <= 12
    assert unread[0].endswith(" cannot be read: Its file __0_0.distcp is not in the folder.")
    assert unread[5:] == [f"{lost - 5} more {'value' if lost == 6 else 'values'} cannot be read."]


def test_a_file_that_nothing_names_is_said(tmp_path):
    path, _ = copied("sharded", tmp_path)
    shutil.copy(path / "__1_0.distcp", path / "__9_0.distcp")
    assert open_checkpoint(str(path)).warnings[0] == "1 file in the folder is not part of it: __9_0.distcp."


def test_a_rank_s_file_alone_names_its_rank_and_its_peers(tmp_path):
    path, _ = copied("sharded", tmp_path)
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(path / "__2_0.distcp", alone)
    checkpoint = open_checkpoint(str(alone / "__2_0.distcp"))
    assert (
        "Here is rank 2, missing are 0, 1; whether there were ranks above, nothing tells."
        in checkpoint.warnings[0]
    )
    assert "no .metadata" in checkpoint.warnings[0]
    expected = oracle(whole("sharded")["model", "rows"][6:9]).data
    assert any(read(checkpoint, *info.path) == expected for info in checkpoint.tensors)
    assert all(info.path[0] == "__2_0.distcp" for info in checkpoint.tensors)
    assert checkpoint.format == "dcp"


def test_without_a_description_every_rank_s_pieces_are_listed(tmp_path):
    path, _ = copied("sharded", tmp_path)
    pieces = sum(index.offset is not None for index in described(path).storage_data)
    (path / ".metadata").unlink()
    checkpoint = open_checkpoint(str(path))
    assert len(checkpoint) == pieces
    assert checkpoint.attributes["incomplete"]
    assert {"7", "all"} <= {str(value) for file in checkpoint.metadata.values() for value in file.values()}
    assert "Here are ranks 0, 1, 2, 3;" in checkpoint.warnings[0]


def test_a_checkpoint_that_is_still_being_saved_is_said_to_be(tmp_path):
    path, _ = copied("sharded", tmp_path)
    (path / ".metadata").rename(path / ".metadata.tmp")
    assert any("still being saved" in warning for warning in open_checkpoint(str(path)).warnings)


def test_a_rank_whose_description_is_missing_is_said(tmp_path):
    path, _ = copied("alone", tmp_path)
    (path / "__1.metadata").unlink()
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.warnings[0] == "The description of rank 1 is missing."
    assert "hole" in checkpoint["model", "rows"].error


def test_a_missing_shard_of_safetensors_is_said(tmp_path):
    path, _ = copied("hugging", tmp_path)
    (path / "shard-00002-model-00001-of-00001.safetensors").unlink()
    checkpoint = open_checkpoint(str(path))
    assert checkpoint.warnings[0] == "Shard 2 is missing."
    assert "hole" in checkpoint["rows",].error
    assert checkpoint["rows",].shape == (10, 6)


def test_folders_are_known_by_their_names(tmp_path):
    path, _ = copied("sharded", tmp_path)
    assert is_checkpoint(str(path))
    (tmp_path / "other").mkdir()
    assert not is_checkpoint(str(tmp_path / "other"))
    (tmp_path / "other" / ".metadata").write_bytes(b"name: a project\n")
    with pytest.raises(DamagedFileError):
        open_checkpoint(str(tmp_path / "other" / ".metadata"))


def test_more_files_than_may_be_open_are_read_all_the_same(tmp_path, monkeypatch):
    from ckptgui.sources import locate

    monkeypatch.setattr(locate, "MOST_OPEN", 3)
    state = {f"w{i}": torch.full((3,), float(i)) for i in range(12)} | {"pair": (torch.ones(2), 5), "n": 1}
    checkpoint = open_checkpoint(str(save(state, tmp_path / "saved", single_file_per_rank=False)))
    assert not checkpoint.warnings
    assert len(checkpoint.sources) == 15
    assert all(read(checkpoint, f"w{i}") == oracle(state[f"w{i}"]).data for i in range(12))
