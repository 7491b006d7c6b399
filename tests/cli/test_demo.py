import subprocess

import pytest
import torch

from ckptgui.demo import launch


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that the demo trained, and what it said meanwhile."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    lines = []
    launch.train(folder, lines.append)
    return folder, lines


def test_eight_epochs_are_saved_and_nothing_else(run):
    folder, lines = run
    assert sorted(p.name for p in folder.iterdir()) == [f"epoch_{epoch}.pt" for epoch in range(1, 9)]
    assert [p.name for p in folder.parent.iterdir()] == ["run"]
    assert len(lines) == 8 and lines[0].startswith("epoch 1 of 8 · loss ")


def test_the_network_learns(run):
    saved = [torch.load(run[0] / f"epoch_{epoch}.pt", weights_only=True) for epoch in range(1, 9)]
    assert [one["epoch"] for one in saved] == list(range(1, 9))
    losses = [one["loss"] for one in saved]
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0] / 2
    assert saved[-1]["accuracy"] > 0.75
    assert saved[-1]["optimizer_state_dict"]["state"] and saved[-1]["scheduler_state_dict"]["last_epoch"] == 8


def test_a_complete_run_is_opened_without_training(ckptgui, front, run, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    assert ckptgui("demo", run[0]).status == 0
    assert front.calls[0][:2] == ("window", [str(run[0])])


def test_without_a_display_it_takes_the_picture_by_itself(ckptgui, front, run, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.setenv(name, "")
    answer = ckptgui("demo", run[0])
    assert answer.status == 0
    assert front.calls[0][0] == "picture"
    assert (run[0] / "window.png").exists()
    assert "no display" in answer.out and "window.png" in answer.out
    (run[0] / "window.png").unlink()


def test_a_picture_can_be_asked_for(ckptgui, front, run, tmp_path):
    ckptgui("demo", run[0], "--screenshot", tmp_path / "a.png")
    assert front.calls[0][:3] == ("picture", [str(run[0])], str(tmp_path / "a.png"))


def test_a_folder_with_other_files_is_left_alone(ckptgui, front, tmp_path):
    (tmp_path / "epoch_1.pt").write_text("mine")
    answer = ckptgui("demo", tmp_path)
    assert answer.status == 2
    assert answer.err.startswith(f"ckptgui: {tmp_path}: It is there already")
    assert (tmp_path / "epoch_1.pt").read_text() == "mine" and front.calls == []


def test_a_training_that_fails_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    broken = tmp_path / "broken.py"
    broken.write_text("import sys; sys.exit('no torch here')")
    monkeypatch.setattr(launch, "_TRAIN", broken)
    with pytest.raises(launch.DemoError, match="no torch here"):
        launch.train(tmp_path / "run", lambda line: None)
    assert [p.name for p in tmp_path.iterdir()] == ["broken.py"]


def test_an_interrupt_ends_the_child_and_leaves_nothing(tmp_path):
    def interrupt(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        launch.train(tmp_path / "run", interrupt)
    assert list(tmp_path.iterdir()) == []
