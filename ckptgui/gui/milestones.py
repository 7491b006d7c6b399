"""What has been painted since the process started: one JSON line each on standard error, for ``--timings``."""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ckptgui.workspace.clock import since_start


class Milestones(QObject):
    """Prints each milestone once, none after ``last``; ``reached`` tells the name, after it is printed."""

    reached = Signal(str)

    def __init__(self, parent: QObject | None = None, *, speak: bool = False, last: str | None = None) -> None:
        super().__init__(parent)
        self._speak, self._last = speak, last
        self.times: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """``name`` is on the screen now."""
        if name in self.times or self._last in self.times:
            return
        self.times[name] = round(since_start(), 1)
        if self._speak:
            sys.stderr.write(json.dumps({"milestone": name, "ms": self.times[name]}) + "\n")
            sys.stderr.flush()
        self.reached.emit(name)


class PaintWatch(QObject):
    """Says, once, that ``widget`` has been painted: after the event in which it was."""

    painted = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self._widget.removeEventFilter(self)
            QTimer.singleShot(0, self, self._tell)  # not the signal's own emit, which would outlive its source
        return False

    def _tell(self) -> None:
        self.painted.emit()
