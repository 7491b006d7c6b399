"""What happens to an exception that nobody expected: it is logged and shown, and the window goes on."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import shiboken6
from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from ckptgui.gui.dialogs import BugDialog

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Bugs(QObject):
    """Lives on the GUI thread; ``met`` may be emitted from any."""

    met = Signal(str)

    def __init__(self, logger: logging.Logger, log_folder: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._logger, self._folder = logger, log_folder
        self.dialog: BugDialog | None = None
        self.met.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def report(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, where: str = ""
    ) -> None:
        """Log and show; called by the hooks, on any thread."""
        text = where + "".join(traceback.format_exception(kind, error, trace))
        self._logger.error("%s", text)
        if shiboken6.isValid(self):
            self.met.emit(text)

    def _show(self, text: str) -> None:
        if self.dialog is not None and shiboken6.isValid(self.dialog):
            self.dialog.add_details(text)
            return
        self.dialog = BugDialog(QApplication.activeWindow(), text, self._folder)
        self.dialog.open()


@contextmanager
def hooks(bugs: Bugs, logger: logging.Logger) -> Iterator[None]:
    """Route exceptions of all threads, and Qt's own messages, for as long as the context lasts."""
    before = sys.excepthook, threading.excepthook, sys.unraisablehook

    def in_thread(args: threading.ExceptHookArgs) -> None:
        name = args.thread.name if args.thread is not None else "a thread"
        bugs.report(args.exc_type, args.exc_value, args.exc_traceback, f"In {name}:\n")

    def unraisable(args: sys.UnraisableHookArgs) -> None:
        bugs.report(args.exc_type, args.exc_value, args.exc_traceback, f"{args.err_msg or 'Ignored'}:\n")

    def message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        logger.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", text)

    sys.excepthook, threading.excepthook, sys.unraisablehook = bugs.report, in_thread, unraisable
    qt_before = qInstallMessageHandler(message)
    try:
        yield
    finally:
        qInstallMessageHandler(qt_before)
        sys.excepthook, threading.excepthook, sys.unraisablehook = before
