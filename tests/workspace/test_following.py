"""A run that is followed while it is being trained."""

import os
import shutil

import pytest
import torch
from safetensors.torch import save_file

from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled
from ckptgui.workspace import following, reading_members
from ckptgui.workspace.following import WRITING, Follower
from ckptgui.workspace.run import joined, read_run, run_of_paths, siblings, with_average
from tests.formats.folder_files import write_trainer


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def save(path, epoch):
    torch.save({"epoch": epoch, "model": {"w": torch.full((100,), float(epoch))}}, path)
    return path.read_bytes()


@pytest.fixture
def folder(tmp_path):
    for epoch in (1, 2):
        save(tmp_path / f"epoch_{epoch}.pt", epoch)
    return tmp_path


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def follower(folder, clock):
    return Follower(read_run(str(folder)), clock)


@pytest.fixture
def opened(monkeypatch):
    """The names of what is opened."""
    names = []
    original = reading_members.open_checkpoint

    def noting(path, check):
        names.append(os.path.basename(path))
        return original(path, check)

    monkeypatch.setattr(reading_members, "open_checkpoint", noting)
    return names


def epochs(run):
    return [member.epoch for member in run.members]


def test_where_nothing_happens_nothing_is_opened(follower, opened):
    before = follower.run
    found = follower.look()
    assert not found and found.run is before and opened == []


def test_a_new_epoch_joins_and_is_all_that_is_opened(follower, folder, opened):
    save(folder / "epoch_3.pt", 3)
    found = follower.look()
    assert found.added == (str(folder / "epoch_3.pt"),) and not found.changed and not found.gone
    assert epochs(found.run) == [1, 2, 3] and opened == ["epoch_3.pt"]
    assert not follower.look()


def test_what_is_called_otherwise_does_not_join(follower, folder):
    save(folder / "best.pt", 2)
    (folder / "epoch_3.pt.tmp").write_bytes(b"")
    (folder / "notes_3.txt").write_text("hello")
    assert not follower.look()


def test_a_half_written_one_waits_until_it_is_whole(follower, folder, clock):
    whole = save(folder / "epoch_3.pt", 3)
    (folder / "epoch_3.pt").write_bytes(whole[:700])
    for clock.now in (0.0, 2.0, 4.0):
        found = follower.look()
        assert not found and found.waiting == (str(folder / "epoch_3.pt"),)
    (folder / "epoch_3.pt").write_bytes(whole)
    found = follower.look()
    assert epochs(found.run) == [1, 2, 3] and not found.waiting


def test_after_ten_seconds_it_is_shown_as_still_being_written(follower, folder, clock, opened):
    whole = save(folder / "epoch_3.pt", 3)
    (folder / "epoch_3.pt").write_bytes(whole[:700])
    follower.look()
    clock.now = 10.0
    found = follower.look()
    assert found.added and found.run.members[2].error == WRITING and found.run.members[2].checkpoint is None
    opened.clear()
    clock.now = 12.0
    assert not follower.look() and opened == []  # nothing was written: not looked into again
    (folder / "epoch_3.pt").write_bytes(whole[:900])
    clock.now = 14.0
    assert not follower.look() and opened == ["epoch_3.pt"]
    (folder / "epoch_3.pt").write_bytes(whole)
    clock.now = 16.0
    found = follower.look()
    assert found.changed and found.run.members[2].error is None and epochs(found.run) == [1, 2, 3]


def test_what_nobody_writes_to_any_more_is_damaged(follower, folder, clock):
    whole = save(folder / "epoch_3.pt", 3)
    (folder / "epoch_3.pt").write_bytes(whole[:700])
    os.utime(folder / "epoch_3.pt", (1, 1))
    follower.look()
    clock.now = 10.0
    follower.look()
    clock.now = 60.0
    found = follower.look()
    assert found.changed and "cut short" in found.run.members[2].error and not found.waiting
    assert not follower.look()


def test_a_member_that_is_written_again_is_opened_again(follower, folder, clock, opened):
    whole = save(folder / "epoch_2.pt", 7)
    (folder / "epoch_2.pt").write_bytes(whole[:700])
    assert not follower.look() and epochs(follower.run) == [1, 2]
    (folder / "epoch_2.pt").write_bytes(whole)
    found = follower.look()
    assert found.changed == (str(folder / "epoch_2.pt"),) and epochs(found.run) == [1, 7]
    assert "epoch_1.pt" not in opened


def test_a_member_that_is_gone_goes(follower, folder):
    (folder / "epoch_1.pt").unlink()
    found = follower.look()
    assert found.gone == (str(folder / "epoch_1.pt"),) and epochs(found.run) == [2]


def test_a_folder_that_is_gone_as_a_whole_may_come_back(follower, folder):
    folder.rename(folder.parent / "away")
    assert not follower.look()
    (folder.parent / "away").rename(folder)
    assert not follower.look()


def test_a_folder_is_taken_once_two_looks_see_the_same(tmp_path, clock):
    for step in (8, 16):
        write_trainer(tmp_path / f"checkpoint-{step}", step, step / 8)
    follower = Follower(read_run(str(tmp_path)), clock)
    write_trainer(tmp_path / "whole" / "checkpoint-24", 24, 3.0)
    new = tmp_path / "checkpoint-24"
    new.mkdir()
    shutil.copy(tmp_path / "whole" / "checkpoint-24" / "model.safetensors", new)
    assert not follower.look()
    shutil.copytree(tmp_path / "whole" / "checkpoint-24", new, dirs_exist_ok=True)
    assert not follower.look()
    assert [member.step for member in follower.look().run.members] == [8, 16, 24]


def test_members_in_another_order_keep_it(follower, folder):
    run = follower.run
    follower.run = type(run)(run.path, run.members[::-1], run.others, run.pattern)
    save(folder / "epoch_3.pt", 3)
    assert epochs(follower.look().run) == [2, 1, 3]


def test_one_that_was_added_by_hand_is_followed_too(folder, tmp_path, clock):
    best = tmp_path / "best.pt"
    save(best, 2)
    run = read_run(str(folder))
    follower = Follower(joined(run, [str(best)]), clock)
    save(best, 5)
    assert follower.look().changed == (str(best),)


def test_what_leads_to_the_run_of_others_is_no_pattern(folder, tmp_path, clock):
    save(tmp_path / "best.pt", 2)
    follower = Follower(siblings(str(tmp_path / "best.pt")), clock)
    save(tmp_path / "else.pt", 9)
    save(folder / "epoch_3.pt", 3)
    follower.look()
    assert epochs(follower.run) == [1, 2, 2, 3]


def test_nothing_joins_what_was_chosen(folder, clock):
    follower = Follower(run_of_paths([str(folder / "epoch_1.pt"), str(folder / "gone.pt")]), clock)
    save(folder / "epoch_3.pt", 3)
    assert not follower.look()
    save(folder / "gone.pt", 4)
    assert epochs(follower.look().run) == [1, 4]


def test_files_that_are_no_checkpoints_are_looked_into_once(tmp_path, clock, monkeypatch):
    save(tmp_path / "one.pt", 1)
    save_file({"w": torch.ones(1)}, tmp_path / "other.safetensors")
    follower = Follower(read_run(str(tmp_path)), clock)
    for i in range(3):
        (tmp_path / f"log_{i}").write_text("hello")
    looked = []
    original = following.candidates

    def counting(folder, check, wanted):
        return original(folder, check, lambda each: wanted(each) and (looked.append(each.whole) or True))

    monkeypatch.setattr(following, "candidates", counting)
    follower.look()
    follower.look()
    assert sorted(looked) == ["log_0", "log_1", "log_2"]


def test_a_look_can_be_cancelled(follower):
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        follower.look(cancel.check)


def test_a_model_and_its_average_are_both_opened_again(tmp_path, clock):
    def save_both(epoch):
        state = {"w": torch.ones(2)}
        torch.save({"epoch": epoch, "model": state, "ema": state}, tmp_path / "a.pt")

    save_both(1)
    follower = Follower(with_average(str(tmp_path / "a.pt")), clock)
    assert not follower.look()
    save_both(2)
    found = follower.look().run
    assert [(member.epoch, member.section) for member in found.members] == [(2, "model"), (2, "ema")]
    (tmp_path / "a.pt").unlink()
    assert not follower.look().run.members


def test_what_never_became_whole_and_is_gone_is_not_waited_for(follower, folder, clock):
    (folder / "epoch_3.pt").write_bytes(save(folder / "epoch_3.pt", 3)[:700])
    assert follower.look().waiting
    (folder / "epoch_3.pt").unlink()
    clock.now = 1.0
    assert not follower.look().waiting
