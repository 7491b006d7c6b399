import io
import sys

from ckptgui.cli import progress
from ckptgui.engine.job import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_that_wipes_itself_away(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress.Bar() as bar:
        bar(Progress(50, 100, "Writing"))
    assert " 50 % Writing" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_a_pipe_sees_nothing(monkeypatch):
    pipe = io.StringIO()
    monkeypatch.setattr(sys, "stderr", pipe)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    with progress.Bar() as bar:
        bar(Progress(50, 100))
    assert pipe.getvalue() == ""


def test_quick_work_shows_no_bar(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.Bar() as bar:
        bar(Progress(50, 100))
    assert terminal.getvalue() == ""
