"""The line at the foot of the window: left what is going on, right what the file is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.controls import Ground, Hairline, IconButton, ProgressLine
from ckptgui.gui.labels import ElidedLabel, LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.page import Activity, Link
from ckptgui.gui.theme import STATUS, theme, theme_signal, ui_font

_FACT_GAP, _LEAST_FACT = 16, 120
"""Pixels between two facts, and of the least part of one that still says something."""


class StatusBar(Ground):
    """Shows an activity with its progress and a cross to cancel it, or what was done last."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("win", parent)
        self._cancel: Callable[[], None] | None = None
        self._act: Callable[[], None] | None = None
        self.mark = _Mark("check", self)
        self.text = ElidedLabel("", self, colour="text2", pixels=12)
        self.progress = ProgressLine(self)
        self.detail = PlainLabel("", self, colour="text2", pixels=12)
        self.cross = IconButton("close", tr("Cancel"), self, side=20, size=12)
        self.cross.clicked.connect(self._on_cancel)
        self.link = LinkLabel("", self, pixels=12)
        self.link.clicked.connect(self._on_link)
        self.facts = Facts(self)
        row = QHBoxLayout()
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(8)
        for part in (self.mark, self.text, self.progress, self.detail, self.cross, self.link):
            row.addWidget(part)
        row.addSpacing(8)
        row.addWidget(self.facts, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(Hairline(self))
        outer.addLayout(row, 1)
        self.setFixedHeight(max(STATUS, self.text.sizeHint().height() + 6))
        self.show_state(None, "", ())

    def show_state(
        self, activity: Activity | None, outcome: str, facts: tuple[str, ...], link: Link | None = None
    ) -> None:
        """Take over what the current page says; the link stands after an outcome."""
        self._cancel = activity.cancel if activity else None
        self._act = link.act if link is not None and activity is None else None
        self.link.setVisible(self._act is not None)
        self.link.setText(link.text if link is not None else "")
        self.text.setText(activity.text if activity else outcome)
        self.mark.setVisible(activity is None and bool(outcome) and link is None)
        self.progress.setVisible(activity is not None)
        self.detail.setVisible(bool(activity and activity.detail))
        self.cross.setVisible(self._cancel is not None)
        if activity is not None:
            self.progress.set_share(activity.done, activity.total)
            self.detail.setText(activity.detail)
        self.facts.show_facts(facts)

    def _on_cancel(self) -> None:
        if self._cancel is not None:
            self._cancel()

    def _on_link(self) -> None:
        if self._act is not None:
            self._act()


class Facts(QWidget):
    """What the file is, at the right; short of room the last one loses its end, then goes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._facts: tuple[str, ...] = ()
        self.setFont(ui_font(12))
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def show_facts(self, facts: tuple[str, ...]) -> None:
        """Take over other facts."""
        if facts != self._facts:
            self._facts = facts
            self.setAccessibleName(", ".join(facts))
            self._tell()
            self.updateGeometry()
            self.update()

    def shown(self) -> list[str]:
        """What there is room for."""
        wide, room, found = self.fontMetrics().horizontalAdvance, self.width(), []
        for fact in self._facts:
            if wide(fact) > room:
                if room >= _LEAST_FACT:
                    found.append(self.fontMetrics().elidedText(fact, Qt.TextElideMode.ElideRight, room))
                break
            found.append(fact)
            room -= wide(fact) + _FACT_GAP
        return found

    def _tell(self) -> None:
        whole = self.shown() == list(self._facts)
        self.setToolTip("" if whole else plain_tooltip("\n".join(self._facts)))

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = sum(metrics.horizontalAdvance(fact) + _FACT_GAP for fact in self._facts)
        return QSize(max(0, width - _FACT_GAP), metrics.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def resizeEvent(self, event: object) -> None:
        self._tell()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme().text2)
        right = self.width()
        for fact in reversed(self.shown()):
            width = self.fontMetrics().horizontalAdvance(fact)
            room = QRect(right - width, 0, width, self.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, fact)
            right -= width + _FACT_GAP


class _Mark(QWidget):
    """A small icon before a sentence."""

    def __init__(self, icon: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setFixedSize(14, 16)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        draw_icon(QPainter(self), QRect(0, 0, 14, 16), self._icon, "text2", 14)
