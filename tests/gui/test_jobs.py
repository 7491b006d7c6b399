"""The bridge: outcomes arrive on the GUI thread, the newest wins, and nobody is told who is gone."""

import threading

import pytest
import shiboken6
from PySide6.QtCore import QObject

from ckptgui.engine.job import Progress
from ckptgui.errors import UnreadableFileError
from ckptgui.gui.jobs import Background


@pytest.fixture
def background(qtbot):
    background = Background()
    yield background
    assert background.shutdown(5)


@pytest.fixture
def owner(background):
    return QObject(background)


def until_cancelled(cancel, report):
    while True:
        cancel.check()


def test_results_and_progress_arrive_on_the_gui_thread(qtbot, background, owner):
    heard = []

    def work(cancel, report):
        report(Progress(1, 1))
        return threading.current_thread()

    def tell(news):
        heard.append((news, threading.current_thread()))

    background.lane(owner).start(work, tell, on_progress=tell)
    qtbot.waitUntil(lambda: len(heard) == 2, timeout=5000)
    main = threading.main_thread()
    assert [place for _, place in heard] == [main, main]
    assert heard[1][0] is not main


def test_an_expected_failure_goes_to_whoever_asked(qtbot, background, owner):
    failures = []

    def work(cancel, report):
        raise UnreadableFileError("There is no such file.")

    background.lane(owner).start(work, lambda _: failures.append("result"), failures.append)
    qtbot.waitUntil(lambda: bool(failures), timeout=5000)
    assert [str(failure) for failure in failures] == ["There is no such file."]


def test_a_bug_reaches_the_excepthook_and_nobody_else(qtbot, background, owner, monkeypatch):
    met, failures = [], []
    monkeypatch.setattr("sys.excepthook", lambda kind, error, trace: met.append(kind))
    background.lane(owner).start(lambda cancel, report: 1 // 0, failures.append, failures.append)
    qtbot.waitUntil(lambda: bool(met), timeout=5000)
    assert (met, failures) == ([ZeroDivisionError], [])


def test_newer_work_cancels_the_elder_whose_answer_is_not_heard(qtbot, background, owner):
    heard = []
    lane = background.lane(owner)
    lane.start(until_cancelled, heard.append, on_cancelled=lambda: heard.append("cancelled"))
    lane.start(lambda cancel, report: "new", heard.append)
    qtbot.waitUntil(lambda: "new" in heard, timeout=5000)
    assert heard == ["cancelled", "new"]
    assert not lane.busy


def test_an_owner_that_is_gone_is_told_nothing(qtbot, background, owner):
    heard, go_on = [], threading.Event()
    lane = background.lane(owner)
    lane.start(lambda cancel, report: go_on.wait(5), heard.append)
    shiboken6.delete(owner)
    go_on.set()
    qtbot.waitUntil(lambda: not lane.busy, timeout=5000)
    assert heard == []
