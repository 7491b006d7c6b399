"""A folder of checkpoints, read as a run."""

import os

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, CheckpointError, UnreadableFileError
from ckptgui.workspace.opening import open_path
from ckptgui.workspace.run import Run, read_run
from tests.formats.folder_files import write_shards, write_trainer


@pytest.fixture
def run(tmp_path):
    for epoch in (1, 2, 10):
        state = {"epoch": epoch, "global_step": epoch * 5, "model": {"w": torch.ones(2)}, "loss": 1 / epoch}
        torch.save(state, tmp_path / f"epoch_{epoch}.pt")
    return tmp_path


def test_members_stand_in_epoch_order_with_their_figures(run):
    (run / "notes.txt").write_text("hello")
    (run / "sub").mkdir()
    (run / "epoch_11.pt.part").write_bytes(b"PK\x03\x04")
    found = read_run(str(run))
    assert found.path == str(run)
    assert [(m.name, m.epoch, m.step, m.loss) for m in found.members] == [
        ("epoch_1.pt", 1, 5, 1.0),
        ("epoch_2.pt", 2, 10, 0.5),
        ("epoch_10.pt", 10, 50, 0.1),
    ]
    assert all(m.error is None and m.nbytes == os.path.getsize(m.path) for m in found.members)


def test_a_broken_file_stays_in_its_place_with_the_reason(run):
    (run / "epoch_3.pt").write_bytes((run / "epoch_2.pt").read_bytes()[:-900])
    (run / "epoch_4.pt").write_bytes(b"")
    members = read_run(str(run)).members
    assert [m.name for m in members] == [f"epoch_{i}.pt" for i in (1, 2, 3, 4, 10)]
    assert "cut short" in members[2].error
    assert members[2].epoch == 2
    assert members[3].error == "The file is empty."


def test_a_checkpoint_is_known_by_content_whatever_its_name(tmp_path):
    torch.save({"w": torch.ones(1)}, tmp_path / "weights")
    save_file({"w": torch.ones(1)}, tmp_path / "other.bin")
    assert {m.name for m in read_run(str(tmp_path)).members} == {"weights", "other.bin"}


def test_a_folder_without_checkpoints_says_so(tmp_path):
    with pytest.raises(CheckpointError, match=r"^The folder holds no checkpoint\. It is empty\.$"):
        read_run(str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(CheckpointError, match="None of its 1 files is one"):
        read_run(str(tmp_path))


def test_a_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(UnreadableFileError, match="no such file or folder"):
        read_run(str(tmp_path / "none"))


def test_pipes_and_dangling_links_are_passed_by(run):
    os.mkfifo(run / "pipe.pt")
    (run / "gone.pt").symlink_to(run / "nowhere")
    (run / "loop.pt").symlink_to(run / "loop.pt")
    assert len(read_run(str(run)).members) == 3


def test_it_reports_and_can_be_cancelled(run):
    seen = []
    read_run(str(run), Cancel(), seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 3, 3)
    cancel = Cancel()
    with pytest.raises(Cancelled):
        read_run(str(run), cancel, lambda _: cancel.cancel())


def test_folders_and_sets_of_shards_are_members_beside_files(tmp_path):
    for step in (500, 1000):
        write_trainer(tmp_path / f"checkpoint-{step}", step, step / 500)
    files = write_shards(tmp_path)
    save_file({"w": torch.ones(1)}, tmp_path / "other.safetensors")
    found = {member.name: member for member in read_run(str(tmp_path)).members}
    assert list(found) == [
        "checkpoint-500", "checkpoint-1000", "model.safetensors.index.json", "other.safetensors",
    ]  # fmt: skip
    assert (found["checkpoint-500"].epoch, found["checkpoint-500"].step) == (1, 500)
    assert found["checkpoint-500"].nbytes > os.path.getsize(tmp_path / "checkpoint-500" / "model.safetensors")
    whole = sum(os.path.getsize(tmp_path / name) for name in (*files, "model.safetensors.index.json"))
    assert found["model.safetensors.index.json"].nbytes == whole


def test_the_model_at_the_end_of_a_training_comes_last(tmp_path):
    write_trainer(tmp_path / "checkpoint-8", 8, 2.0)
    write_trainer(tmp_path / "checkpoint-12", 12, 3.0)
    for name in ("model.safetensors", "trainer_state.json", "scheduler.pt"):
        (tmp_path / name).write_bytes((tmp_path / "checkpoint-12" / name).read_bytes())
    members = read_run(str(tmp_path)).members
    assert [(m.name, m.epoch, m.step) for m in members] == [
        ("checkpoint-8", 2, 8),
        ("checkpoint-12", 3, 12),
        ("model.safetensors", 3, 12),
    ]
    (tmp_path / "trainer_state.json").unlink()
    (tmp_path / "model.safetensors").rename(tmp_path / "adapter_model.safetensors")
    assert read_run(str(tmp_path)).members[-1].name == "adapter_model.safetensors"


def test_folders_that_are_hidden_or_half_written_are_passed_by(run):
    for name in (".cache", "tmp-checkpoint-9", "checkpoint-9.tmp"):
        write_trainer(run / name)
    assert len(read_run(str(run)).members) == 3


def test_a_broken_folder_stays_in_its_place_with_the_reason(tmp_path):
    for step in (8, 16):
        write_trainer(tmp_path / f"checkpoint-{step}", step, step / 8)
    (tmp_path / "checkpoint-8" / "optimizer.pt").write_bytes(b"nothing")
    members = read_run(str(tmp_path)).members
    assert [m.name for m in members] == ["checkpoint-8", "checkpoint-16"]
    assert members[0].error.startswith("optimizer.pt: ")
    assert members[1].error is None


def test_a_path_leads_to_a_checkpoint_or_to_a_run(run, tmp_path):
    assert isinstance(open_path(str(run)), Run)
    assert open_path(str(run / "epoch_1.pt")).format == "torch-zip"
    folder = tmp_path / "one"
    write_trainer(folder / "checkpoint-8")
    assert open_path(str(folder)).path == str(folder / "checkpoint-8")
