"""The line at the foot of the window: left what is going on, right what the file is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.controls import Ground, Hairline, IconButton, ProgressLine
from ckptgui.gui.labels import ElidedLabel, PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.page import Activity
from ckptgui.gui.theme import STATUS, theme_signal


class StatusBar(Ground):
    """Shows an activity with its progress and a cross to cancel it, or what was done last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("win", parent)
        self._cancel: Callable[[], None] | None = None
        self.mark = _Mark("check", self)
        self.text = ElidedLabel("", self, colour="text2", pixels=12)
        self.progress = ProgressLine(self)
        self.detail = PlainLabel("", self, colour="text2", pixels=12)
        self.cross = IconButton("close", tr("Cancel"), self, side=20, size=12)
        self.cross.clicked.connect(self._on_cancel)
        self._facts = QHBoxLayout()
        self._facts.setSpacing(16)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        for part in (self.mark, self.text, self.progress, self.detail, self.cross):
            row.addWidget(part)
        row.addStretch(1)
        row.addLayout(self._facts)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(Hairline(self))
        outer.addLayout(row, 1)
        self.setFixedHeight(max(STATUS, self.text.sizeHint().height() + 6))
        self.show_state(None, "", ())

    def show_state(self, activity: Activity | None, outcome: str, facts: tuple[str, ...]) -> None:
        """Take over what the current page says."""
        self._cancel = activity.cancel if activity else None
        self.text.setText(activity.text if activity else outcome)
        self.mark.setVisible(activity is None and bool(outcome))
        self.progress.setVisible(activity is not None)
        self.detail.setVisible(bool(activity and activity.detail))
        self.cross.setVisible(self._cancel is not None)
        if activity is not None:
            self.progress.set_share(activity.done, activity.total)
            self.detail.setText(activity.detail)
        self._show_facts(facts)

    def _show_facts(self, facts: tuple[str, ...]) -> None:
        items = [self._facts.itemAt(i) for i in range(self._facts.count())]
        widgets = [item.widget() for item in items if item is not None]
        shown = [widget for widget in widgets if isinstance(widget, PlainLabel)]
        while len(shown) > len(facts):
            label = shown.pop()
            self._facts.removeWidget(label)
            label.deleteLater()
        while len(shown) < len(facts):
            label = PlainLabel("", self, colour="text2", pixels=12)
            self._facts.addWidget(label)
            shown.append(label)
        for label, fact in zip(shown, facts, strict=True):
            label.setText(fact)

    def _on_cancel(self) -> None:
        if self._cancel is not None:
            self._cancel()


class _Mark(QWidget):
    """A small icon before a sentence."""

    def __init__(self, icon: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setFixedSize(14, 16)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), QRect(0, 0, 14, 16), self._icon, "text2", 14)
