"""What a tab shows when there is no checkpoint to show: it is being opened, or it cannot be."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.engine.job import Progress
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.controls import Button, Ground, Hairline, ProgressLine
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import ROW, theme, theme_signal

PATIENCE = 150
"""Milliseconds before a wait is worth showing; most files open sooner."""

_BARS = ((24, 190), (40, 150), (40, 116), (40, 132), (56, 92), (56, 120), (40, 140), (40, 96))


class OpeningView(Ground):
    """Says that a header is being read, after a moment; ``cancelled`` when the person has waited enough."""

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.text = PlainLabel("", self)
        self.progress = ProgressLine(self, 160)
        self.cancel = Button(tr("Cancel"), self)
        self.cancel.clicked.connect(self.cancelled)
        self._shown = QWidget(self)
        row = QHBoxLayout()
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(12)
        row.addWidget(self.text)
        row.addWidget(self.progress)
        row.addStretch(1)
        row.addWidget(self.cancel)
        inner = QVBoxLayout(self._shown)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addLayout(row)
        inner.addWidget(Hairline(self))
        inner.addWidget(_Skeleton(self), 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._shown)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE)
        self._patience.timeout.connect(self._shown.show)

    def begin(self, name: str) -> None:
        """A new wait."""
        self.text.setText(tr("Reading the header of {name}").format(name=name))
        self.progress.set_share(0, 0)
        self._shown.hide()
        self._patience.start()

    def show_progress(self, progress: Progress) -> None:
        """Of several headers, how many were read."""
        words = tr("Reading headers, {done} of {total} files")
        self.text.setText(words.format(done=integer(progress.done), total=integer(progress.total)))
        self.progress.set_share(progress.done, progress.total)

    def end(self) -> None:
        """It is over."""
        self._patience.stop()


class _Skeleton(QWidget):
    """The shape of rows to come."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        column = min(self.width() // 2, 420)
        for line, (indent, width) in enumerate(_BARS):
            y = 8 + line * ROW + 8
            painter.fillRect(QRect(indent, y, width, 8), theme().pressed)
            painter.fillRect(QRect(column, y, 60, 8), theme().pressed)


class FailedView(Ground):
    """One sentence about why a path is not shown, and the way on."""

    open_another = Signal()
    try_again = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.title = PlainLabel("", self, pixels=16, weight=SEMIBOLD, selectable=True)
        self.reason = PlainLabel("", self, wrap=True, selectable=True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.reason.setMaximumWidth(560)
        self.place = ElidedLabel("", self, colour="text2", pixels=12)
        self.another = Button(tr("Open another…"), self, icon="open")
        self.another.clicked.connect(self.open_another)
        self.again = Button(tr("Try again"), self, icon="reload")
        self.again.clicked.connect(self.try_again)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.another)
        buttons.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(2)
        middle = Qt.AlignmentFlag.AlignHCenter
        self._icon = _BigIcon(self)
        column.addWidget(self._icon, 0, middle)
        column.addWidget(self.title, 0, middle)
        column.addWidget(self.reason, 0, middle)
        column.addWidget(self.place, 0, middle)
        column.addSpacing(12)
        column.addLayout(buttons)
        column.setAlignment(buttons, middle)
        column.addStretch(3)

    def show_failure(self, title: str, reason: str, path: str) -> None:
        """Say what is wrong."""
        self._icon.set_icon("broken-file", "nan")
        self.title.setText(title)
        self.reason.setText(reason)
        self.reason.setMinimumWidth(min(560, self.reason.fontMetrics().horizontalAdvance(reason) + 8))
        self.place.setText(path)

    def show_cancelled(self, path: str) -> None:
        """Say that the person stopped it."""
        self._icon.set_icon("cancelled", "text2")
        self.title.setText(tr("Opening was cancelled"))
        self.reason.setText("")
        self.place.setText(path)


class _BigIcon(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._name, self._token = "broken-file", "nan"
        self.setFixedSize(32, 40)
        theme_signal().changed.connect(self.update)

    def set_icon(self, name: str, token: str) -> None:
        self._name, self._token = name, token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), self.rect(), self._name, self._token, 28)
