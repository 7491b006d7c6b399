"""Ctrl+C in the terminal, or a polite kill, ends the window at once, also while nothing moves in it."""

from __future__ import annotations

import signal
import socket
from types import FrameType, TracebackType

from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """A context on the main thread. The exit status becomes 128 and the signal's number, as shells have it."""

    def __enter__(self) -> Interrupts:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        # Python runs a handler between two of its own operations; an idle Qt has none. A byte wakes it.
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._handlers = [(number, signal.signal(number, _leave)) for number in _SIGNALS]
        self._owner = QObject()
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self._owner)
        self._notifier.activated.connect(self._drain)
        return self

    def _drain(self) -> None:
        self._reader.recv(64)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._handlers:
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._notifier.setEnabled(False)
        self._owner.deleteLater()
        self._reader.close()
        self._writer.close()


def _leave(number: int, _frame: FrameType | None) -> None:
    QCoreApplication.exit(128 + number)
