import os
import subprocess
import sys
import time

import pytest

from ckptgui import __version__
from tests.cli.conftest import ROOT


def test_version_is_printed(ckptgui):
    assert ckptgui("--version").out == f"ckptgui {__version__}\n"


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["info", "--help"], ["compare", "--help"], ["check", "--help"]]
)
def test_help_loads_nothing_heavy_and_is_quick(process, words):
    best = 9.0
    for _ in range(3):
        started = time.perf_counter()
        assert process(*words).status == 0
        best = min(best, time.perf_counter() - started)
    assert best < 0.2


def test_help_names_the_commands_that_are_there_and_no_others(ckptgui):
    text = ckptgui("--help").out
    assert all(
        f"  {name} " in text for name in ("info", "compare", "check", "export", "devices", "demo", "desktop")
    )
    assert "verify" not in text


@pytest.mark.parametrize(
    "words",
    [
        ["info"],
        ["info", "a.pt", "--bogus"],
        ["info", "a.pt", "--depth", "0"],
        ["info", "--verify"],
        ["info", "a.pt", "--exact"],
        ["export", "a.pt"],
        ["export", "a.pt", "b.unknown"],
        ["export", "a.pt", "b.pt", "--dtype", "float16"],
        ["export", "a.pt", "b.pt", "--rescue"],
        ["desktop"],
        ["desktop", "status", "--default"],
        ["--screenshot", "a.png"],
        ["--size", "10", "--screenshot", "a.png", "a.pt"],
        ["--scale", "nan", "--screenshot", "a.png", "a.pt"],
        ["--theme", "dark", "a.pt"],
        ["--quit-after", "tree", "a.pt"],
        ["--timings", "--quit-after", "epoch", "a.pt"],
        ["--view", "everything", "--screenshot", "a.png", "a.pt"],
    ],
)
def test_wrong_usage_is_one_line_and_status_2(ckptgui, front, words):
    answer = ckptgui(*words)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("ckptgui: ")
    assert answer.err.count("\n") == 1
    assert front.calls == []


def test_paths_open_in_the_window(ckptgui, front):
    assert ckptgui("a.pt", "b").status == 0
    assert front.calls == [("window", ["a.pt", "b"], {"timings": False, "quit_after": None, "select": None})]


def test_a_path_named_like_a_command_is_told_apart(ckptgui, front):
    ckptgui("./info")
    ckptgui("--", "info")
    assert [call[1] for call in front.calls] == [["./info"], ["info"]]


@pytest.mark.parametrize("words", [("info", "--", "-x.pt"), ("info", "--json", "--", "-x.pt")])
def test_a_path_named_like_an_option_stands_behind_dashes(words, ckptgui, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "./-x.pt: There is no such file" in ckptgui(*words).err


def test_timings_hand_their_wishes_on(ckptgui, front):
    ckptgui("--timings", "--quit-after", "histogram", "--select", "a/b", "x.pt")
    assert front.calls[0][2] == {"timings": True, "quit_after": "histogram", "select": "a/b"}


def test_a_screenshot_hands_its_wishes_on(ckptgui, front, tmp_path):
    png = tmp_path / "a.png"
    answer = ckptgui("--screenshot", png, "--size", "800x600", "--scale", "2", "--theme", "dark", "x.pt")
    assert answer.status == 0
    wishes = {"size": (800, 600), "scale": 2.0, "theme": "dark", "select": None, "view": None}
    assert front.calls == [("picture", ["x.pt"], str(png), wishes)]


def test_a_screenshot_into_a_missing_folder_is_refused_before_qt_is_loaded(ckptgui, front, tmp_path):
    answer = ckptgui("--screenshot", tmp_path / "no" / "a.png", "x.pt")
    assert answer.status == 2
    assert answer.err == f"ckptgui: {tmp_path}/no: There is no such folder to save the picture in.\n"
    assert front.calls == []


def test_without_a_display_the_window_says_what_works(process, checkpoint):
    answer = process(checkpoint, env={"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""})
    assert answer.status == 2
    assert answer.err.count("\n") == 1
    assert "--screenshot" in answer.err and "info" in answer.err


def shell(command):
    return subprocess.run(
        command, shell=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def test_a_reader_that_goes_away_is_no_traceback(checkpoint):
    done = shell(f"'{sys.executable}' -P -m ckptgui info '{checkpoint}' --json | head -c 1")
    assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no disk that is always full")
def test_an_answer_that_does_not_fit_is_one_line_and_status_2(checkpoint):
    done = shell(f"'{sys.executable}' -P -m ckptgui info '{checkpoint}' --json > /dev/full")
    assert done.returncode == 2
    assert done.stderr == "ckptgui: standard output: No space left on device.\n"


def test_an_interrupt_is_status_130_without_a_traceback(ckptgui, checkpoint, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ckptgui.cli.info.open_path", interrupted)
    answer = ckptgui("info", checkpoint)
    assert (answer.status, answer.out, answer.err) == (130, "", "")


def test_a_name_that_is_no_text_is_escaped(process, tmp_path):
    answer = process("info", os.fsdecode(b"/nowhere/\xff\xfe.pt"))
    assert answer.status == 2
    assert answer.err == "ckptgui: /nowhere/\\udcff\\udcfe.pt: There is no such file or folder.\n"
