"""The application as the command line starts it: a process of its own, no screen."""

import itertools
import json
import os
import signal
import subprocess
import sys

import pytest
import torch
from PySide6.QtGui import QImage

from .conftest import save_epoch

START = "import sys; from ckptgui.gui.app import {call}; sys.exit({call}(**__import__('json').loads(sys.argv[1])))"


def run(call, **arguments):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, "-c", START.format(call=call), json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )


@pytest.mark.parametrize(("size", "scale"), [((1000, 700), 1.0), ((1000, 700), 2.0)])
def test_a_picture_has_the_size_and_scale_asked_for(checkpoint, tmp_path, size, scale):
    png = tmp_path / "out.png"
    done = run("take_screenshot", paths=[checkpoint], png=str(png), size=size, scale=scale, theme="dark")
    assert (done.returncode, done.stderr) == (0, "")
    picture = QImage(str(png))
    assert (picture.width(), picture.height()) == (size[0] * scale, size[1] * scale)
    assert picture.pixelColor(2, 2).lightness() < 60


def test_a_picture_of_a_selected_tensor(checkpoint, tmp_path):
    png = tmp_path / "out.png"
    done = run("take_screenshot", paths=[checkpoint], png=str(png), select="model_state_dict/fc.weight")
    assert (done.returncode, done.stderr) == (0, "")
    assert not QImage(str(png)).isNull()


def test_a_picture_waits_until_the_overview_is_filled(checkpoint, tmp_path):
    png = tmp_path / "out.png"
    done = run("take_screenshot", paths=[checkpoint], png=str(png), size=(1000, 700), theme="light")
    assert (done.returncode, done.stderr) == (0, "")
    picture = QImage(str(png))
    inked = [y for y in range(700) if any(picture.pixelColor(x, y).lightness() < 140 for x in range(700, 940))]
    gaps = [below - above for above, below in itertools.pairwise(inked)]
    assert max(gaps) < 80  # pixels; a summary that is still to come is a desert of hundreds


@pytest.mark.parametrize("name", ["packed", "meta", "sparse"])
def test_a_picture_of_a_tensor_without_a_distribution_is_not_waited_for(name, tmp_path):
    packed = torch.arange(4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    saved = {"packed": packed, "meta": torch.zeros(2, device="meta"), "sparse": torch.eye(3).to_sparse()}
    torch.save(saved, tmp_path / "kinds.pt")
    png = tmp_path / "out.png"
    done = run("take_screenshot", paths=[str(tmp_path / "kinds.pt")], png=str(png), select=name, view="inspect")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_picture_of_a_file_that_holds_no_tensor(tmp_path):
    torch.save({"epoch": 3, "note": "nothing else"}, tmp_path / "values.pt")
    png = tmp_path / "out.png"
    done = run("take_screenshot", paths=[str(tmp_path / "values.pt")], png=str(png))
    assert (done.returncode, done.stderr) == (0, "")
    assert not QImage(str(png)).isNull()


def test_no_picture_of_what_cannot_be_opened(tmp_path):
    done = run("take_screenshot", paths=[str(tmp_path / "missing.pt")], png=str(tmp_path / "out.png"))
    assert done.returncode == 2
    assert done.stderr == f"ckptgui: {tmp_path}/missing.pt: There is no such file or folder.\n"
    assert not (tmp_path / "out.png").exists()


def test_no_picture_of_a_tensor_that_is_not_there(checkpoint, tmp_path):
    done = run("take_screenshot", paths=[checkpoint], png=str(tmp_path / "out.png"), select="nothing/like/it")
    assert done.returncode == 2
    assert "There is no tensor nothing/like/it in it." in done.stderr


def test_milestones_are_told_in_order_and_end_the_window(checkpoint):
    done = run(
        "run_window", paths=[checkpoint], timings=True, quit_after="histogram", select="model_state_dict/fc.weight"
    )
    assert done.returncode == 0
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [entry["milestone"] for entry in told] == ["window", "tree", "histogram"]
    times = [entry["ms"] for entry in told]
    assert times == sorted(times)


def test_without_a_selection_the_first_painted_sparkline_is_the_histogram(checkpoint):
    done = run("run_window", paths=[checkpoint], timings=True, quit_after="histogram")
    assert [json.loads(line)["milestone"] for line in done.stderr.splitlines()] == ["window", "tree", "histogram"]


def test_a_run_can_be_pictured(tmp_path):
    for epoch in range(3):
        save_epoch(tmp_path / f"epoch_{epoch}.pt", epoch)
    done = run("take_screenshot", paths=[str(tmp_path)], png=str(tmp_path / "out.png"))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_idle_window_at_once(checkpoint, number):
    words = [sys.executable, "-m", "ckptgui", "--timings", checkpoint]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while '"profile"' not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        assert process.wait(timeout=20) == 128 + number
        assert process.stderr.read() == ""
