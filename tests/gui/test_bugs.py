"""An exception that nobody expected: shown once, to be copied, logged; the window goes on."""

import logging
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from ckptgui.gui.bugs import Bugs, hooks
from ckptgui.gui.dialogs import BugDialog

from .conftest import dialog_of


@pytest.fixture
def bugs(qtbot, window, caplog):
    logger = logging.getLogger("ckptgui")
    bugs = Bugs(logger, "/somewhere/log")
    with hooks(bugs, logger), caplog.at_level(logging.INFO, "ckptgui"):
        yield bugs


@pytest.mark.qt_no_exception_capture
def test_a_bug_in_a_slot_is_shown_as_plain_text_that_can_be_copied(qtbot, window, bugs, caplog):
    def slot():
        raise ValueError("<b>not bold</b>")

    QTimer.singleShot(0, slot)
    dialog = dialog_of(qtbot, BugDialog)
    assert "ValueError: <b>not bold</b>" in dialog.details.toPlainText()
    dialog.copy()
    assert "ValueError: <b>not bold</b>" in QGuiApplication.clipboard().text()
    assert "not bold" in caplog.text
    dialog.reject()
    assert window.isVisible()


@pytest.mark.qt_no_exception_capture
def test_a_second_bug_joins_the_dialogue_that_is_open(qtbot, window, bugs):
    bugs.report(ValueError, ValueError("first"), None)
    dialog = dialog_of(qtbot, BugDialog)
    bugs.report(KeyError, KeyError("second"), None)
    qtbot.waitUntil(lambda: "second" in dialog.details.toPlainText())
    dialog.reject()


@pytest.mark.qt_no_exception_capture
def test_a_bug_in_a_thread_reaches_the_dialogue(qtbot, window, bugs):
    def work():
        raise RuntimeError("from below")

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    dialog = dialog_of(qtbot, BugDialog)
    assert "In worker:" in dialog.details.toPlainText()
    dialog.reject()


def test_the_hooks_are_given_back(qtbot, window):
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    logger = logging.getLogger("ckptgui")
    with hooks(Bugs(logger, ""), logger):
        assert sys.excepthook != before[0]
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
