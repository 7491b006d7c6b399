"""Distributed checkpoints that are broken or mean harm: each a clear sentence, and the rest is read."""

import dataclasses
import os
import pickle
import subprocess
import sys

import pytest
import torch

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.distributed.dcp import Dcp
from ckptgui.formats.distributed.tiling import tiling_error
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.folder import Folder
from tests.formats.dcp_files import copied, describe, described, place_of, save


@pytest.fixture
def folder(tmp_path):
    return copied("sharded", tmp_path)[0]


def changed(folder, name, **fields):
    """The description with other values for one place."""
    metadata = described(folder)
    place = place_of(metadata, name)
    for field, value in fields.items():
        setattr(place, field, value)
    describe(folder, metadata)


def error_of(folder, *path):
    checkpoint = open_checkpoint(str(folder))
    broken = [info for info in checkpoint.tensors if info.error]
    assert [info.path for info in broken] == [path], [info.error for info in broken]
    return broken[0].error


# F01: it names what it would run


class Harm:
    def __reduce__(self):
        return os.system, ("touch /tmp/it-was-run",)


def test_a_description_that_would_run_a_command_is_read_and_said(folder):
    metadata = described(folder)
    metadata.planner_data["extra"] = Harm()
    describe(folder, metadata)
    checkpoint = open_checkpoint(str(folder))
    assert len(checkpoint) == 9
    assert checkpoint.verdict == "calls"
    bad = [name for name in checkpoint.globals if name.use is GlobalClass.CALLABLE]
    assert [(name.name, name.record) for name in bad] == [("posix.system", ".metadata")]
    assert "would call posix.system" in checkpoint.warnings[0]
    assert not os.path.exists("/tmp/it-was-run")


def test_an_object_that_would_run_a_command_is_read_and_said(tmp_path):
    checkpoint = open_checkpoint(str(save({"w": torch.ones(2), "bad": Harm()}, tmp_path / "saved")))
    assert checkpoint.verdict == "calls"
    assert "posix.system" in checkpoint.warnings[0]
    assert [name.record for name in checkpoint.globals if name.name == "posix.system"] == ["bad in __0_0.distcp"]
    assert not os.path.exists("/tmp/it-was-run")


def test_a_description_that_is_nothing_but_a_command_leaves_the_pieces(folder):
    (folder / ".metadata").write_bytes(pickle.dumps(Harm()))
    checkpoint = open_checkpoint(str(folder))
    assert checkpoint.verdict == "calls"
    assert "not the description" in checkpoint.warnings[0]
    assert len(checkpoint) > 0


def test_an_honest_one_is_inert(folder):
    assert open_checkpoint(str(folder)).verdict == "inert"


# F02: no description, or half of one


def test_a_cut_description_is_said_and_the_pieces_are_listed(folder):
    data = (folder / ".metadata").read_bytes()
    (folder / ".metadata").write_bytes(data[: len(data) // 2])
    checkpoint = open_checkpoint(str(folder))
    assert checkpoint.warnings[0].startswith(".metadata: Its pickle")
    assert checkpoint.attributes["incomplete"]
    assert all(info.path[0].endswith(".distcp") for info in checkpoint.tensors)


# F03: places outside of the folder


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "/dev/zero", "a/b", "..", "", "nul\0"])
def test_a_place_outside_of_the_folder_is_not_followed(folder, name):
    changed(folder, "model.plain", relative_path=name)
    assert "leads out of the folder" in error_of(folder, "model", "plain")


def test_a_pipe_in_place_of_a_file_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe")
    changed(folder, "model.plain", relative_path="pipe")
    assert error_of(folder, "model", "plain") == "Its file pipe is not in the folder."


# F04: places and pieces that make no sense


def test_places_that_cannot_be_are_said(folder):
    for fields, said in (
        ({"length": 1 << 40}, "which has"),
        ({"offset": 1 << 80}, "which has"),
        ({"offset": -5}, "is negative"),
        ({"length": 700}, "is odd|do not fit|zip"),
        ({"offset": 1}, "is not what torch.save writes"),
        ({"transform_descriptors": ["stream.rot13/1"]}, "“stream.rot13/1”, which is not known"),
        ({"transform_descriptors": ["stream.zstd/2"]}, "“stream.zstd/2”, which is not known"),
        ({"transform_descriptors": ["stream.zstd/1"]}, "zstd frame is damaged"),
    ):
        before = (folder / ".metadata").read_bytes()
        changed(folder, "model.plain", **fields)
        error = error_of(folder, "model", "plain")
        assert any(part in error for part in said.split("|")), error
        (folder / ".metadata").write_bytes(before)


def edit(folder, name, change):
    metadata = described(folder)
    change(metadata.state_dict_metadata[name])
    describe(folder, metadata)


def test_pieces_that_leave_a_hole_overlap_or_lie_outside_are_said(folder):
    for change, said in (
        (lambda entry: entry.chunks.pop(), "hole: they hold 54 of its 60"),
        (lambda entry: setattr(entry, "size", torch.Size([8, 6])), "outside its shape"),
        (lambda entry: entry.chunks.clear(), "there are none"),
        (lambda entry: setattr(entry, "size", torch.Size([10])), "no way that makes sense"),
    ):
        before = (folder / ".metadata").read_bytes()
        edit(folder, "model.rows", change)
        assert said in error_of(folder, "model", "rows")
        (folder / ".metadata").write_bytes(before)


def test_a_description_that_disagrees_with_a_piece_is_said(folder):
    edit(folder, "model.rows", lambda entry: setattr(entry.properties, "dtype", torch.int32))
    assert "says int32 (3, 6) for its piece at (0, 0), the file has float32 (3, 6)" in error_of(
        folder, "model", "rows"
    )


def test_a_piece_whose_place_is_nowhere_is_said(folder):
    metadata = described(folder)
    metadata.storage_data = {i: place for i, place in metadata.storage_data.items() if i.fqn != "model.plain"}
    describe(folder, metadata)
    assert "does not say where" in error_of(folder, "model", "plain")


def test_tilings_are_judged_in_every_dimension():
    assert tiling_error((4, 4), [((0, 0), (2, 4)), ((2, 0), (2, 4))]) is None
    assert tiling_error((4, 4), [((0, 0), (2, 2)), ((0, 2), (2, 2)), ((2, 0), (2, 4))]) is None
    assert "overlap" in tiling_error((4, 4), [((0, 0), (2, 4)), ((1, 0), (2, 4))])
    assert "overlap" in tiling_error((4, 4), [((0, 0), (2, 2)), ((0, 0), (2, 2)), ((2, 0), (2, 4))])
    assert "hole" in tiling_error((4, 4), [((0, 0), (2, 4))])
    assert "outside" in tiling_error((4, 4), [((-1, 0), (5, 4))])
    assert tiling_error((1 << 40, 1 << 40), [((0, 0), (1 << 40, 1 << 40))]) is None


# F05, F06, F07


def test_a_million_pieces_of_one_tensor_are_judged_quickly():
    pieces = [((place,), (1,)) for place in range(200_000)]
    assert tiling_error((200_000,), pieces) is None


def test_a_piece_that_is_no_archive_is_said(folder):
    place = place_of(described(folder), "model.plain")
    file = folder / place.relative_path
    data = bytearray(file.read_bytes())
    data[place.offset : place.offset + place.length] = b"\xff" * place.length
    file.write_bytes(data)
    assert error_of(folder, "model", "plain").endswith(f"of {file.name} is not what torch.save writes.")


def test_an_object_that_cannot_be_read_is_a_warning(folder):
    changed(folder, "step", length=40)
    checkpoint = open_checkpoint(str(folder))
    assert checkpoint.metadata["step"] is None
    assert any(warning.startswith("step cannot be read: ") for warning in checkpoint.warnings)
    assert not checkpoint.tensors.errors


def test_older_and_newer_descriptions_are_understood(folder):
    """Fields that are not there yet, and classes in another module."""
    data = (folder / ".metadata").read_bytes()
    for was, now in (
        (b"torch.distributed.checkpoint.metadata", b"torch.distributed._shard_checkpoint_metad"[:37]),
        (b"torch.distributed.checkpoint.filesystem", b"somewhere.else.altogether.of_this_length!"[:39]),
    ):
        assert was in data and len(was) == len(now)
        data = data.replace(was, now)
    (folder / ".metadata").write_bytes(data)
    checkpoint = open_checkpoint(str(folder))
    assert len(checkpoint) == 9
    assert not checkpoint.tensors.errors


def test_a_description_without_the_planner_s_keys_has_the_names_as_they_are(folder):
    metadata = described(folder)
    describe(folder, dataclasses.replace(metadata, planner_data=None))
    checkpoint = open_checkpoint(str(folder))
    assert ("model.rows",) in checkpoint
    assert checkpoint.metadata["note.who"] == "all"


@pytest.mark.parametrize("keys", [("model",), ("model", "plain", "deeper"), ("model", "rows"), ("step", 10**9)])
def test_keys_that_do_not_fit_leave_the_name_at_the_top(folder, keys):
    metadata = described(folder)
    metadata.planner_data["model.columns"] = keys
    describe(folder, metadata)
    checkpoint = open_checkpoint(str(folder))
    assert len(checkpoint) == 9
    assert any(len(path) == 1 for path in checkpoint) or keys[0] == "step"


def test_an_unknown_element_type_is_its_tensor_s_error(folder):
    data = (folder / ".metadata").read_bytes()
    (folder / ".metadata").write_bytes(data.replace(b"\x8c\x08bfloat16", b"\x8c\x08bfloat99"))
    assert error_of(folder, "model", "middle") == "Its element type bfloat99 is not known."


def test_a_folder_that_vanishes_is_one_sentence(folder):
    checkpoint = open_checkpoint(str(folder))
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    from ckptgui.engine.job import Cancel
    from ckptgui.engine.stream import iter_values
    from ckptgui.sources.locate import SourcePool

    with pytest.raises(CheckpointError):
        list(iter_values(checkpoint["model", "rows"], SourcePool(), Cancel()))


def test_a_description_alone_is_no_checkpoint_unless_it_describes_one(tmp_path):
    (tmp_path / ".metadata").write_bytes(pickle.dumps({"not": "a description"}))
    with pytest.raises(DamagedFileError, match="not the description"):
        open_checkpoint(str(tmp_path / ".metadata"))


def test_the_command_line_lists_the_rest_and_says_so(folder):
    (folder / "__1_0.distcp").unlink()
    found = subprocess.run(
        [sys.executable, "-m", "ckptgui", "info", str(folder / ".metadata"), "--json"],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 2
    assert '"tensor_count": 9' in found.stdout
    assert found.stderr.count("\n") == 1
    assert "__1_0.distcp" in found.stderr


def test_a_stray_file_of_that_name_does_not_make_a_folder_a_distributed_checkpoint(tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / "model.pt")
    (tmp_path / ".metadata").write_text("name: a project\n")
    assert not Dcp().matches(Folder(str(tmp_path)), None)
    assert open_checkpoint(str(tmp_path / "model.pt")).format == "torch-zip"
