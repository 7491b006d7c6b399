"""The findings below the names: a badge, the tensor it is about, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ckptgui.gui.controls import Ground
from ckptgui.gui.export.findings import Finding
from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.labels import LinkLabel, PlainLabel
from ckptgui.gui.theme import theme_signal
from ckptgui.gui.tree.badges import Badge, Tone
from ckptgui.gui.tree.glyphs import badge_width, paint_badge

_BADGES = 60
_TALLEST = 132
"""Pixels of the list, above which it scrolls."""


class _Mark(QWidget):
    """A badge by itself."""

    def __init__(self, badge: Badge, parent: QWidget) -> None:
        super().__init__(parent)
        self._badge = badge
        self.setFixedSize(max(_BADGES, badge_width(badge) + 8), 20)
        self.setAccessibleName(badge.text)
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_badge(QPainter(self), self._badge, 0, self.height() // 2)


class FindingList(QScrollArea):
    """``row_asked`` carries the row of a tensor that somebody wants to see. Its links come ``after`` a widget when
    one walks with Tab.
    """

    row_asked = Signal(int)

    def __init__(self, after: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._after = after
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        slim(self)
        self._shown: tuple[Finding, ...] = ()
        self._ground = Ground("panel", self)
        self._page = QWidget(self._ground)
        self._outer = QVBoxLayout(self._ground)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self.setWidget(self._ground)
        self.hide()

    @property
    def shown(self) -> tuple[Finding, ...]:
        """What is listed now."""
        return self._shown

    def show_findings(self, found: Sequence[Finding]) -> None:
        """List others."""
        if tuple(found) == self._shown:
            return
        self._shown = tuple(found)
        self._outer.removeWidget(self._page)
        self._page.hide()
        self._page.deleteLater()
        self._page = QWidget(self._ground)
        grid = QGridLayout(self._page)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        before = self._after
        for row, finding in enumerate(self._shown):
            mark = _Mark(Badge(finding.badge, finding.tone), self._page)
            grid.addWidget(mark, row, 0, Qt.AlignmentFlag.AlignTop)
            sentence = self._sentence(finding)
            grid.addWidget(sentence, row, 1)
            for link in sentence.findChildren(LinkLabel):
                QWidget.setTabOrder(before, link)
                before = link
        self._outer.addWidget(self._page)
        self._page.show()
        self.setVisible(bool(self._shown))
        self._fit()

    def _sentence(self, finding: Finding) -> QWidget:
        ink = "danger" if finding.tone is Tone.ALARM and finding.kind == "trouble" else "text"
        if finding.row < 0:
            words = f"{finding.name} {finding.text}".strip()
            return PlainLabel(words, self._page, wrap=True, selectable=True, colour=ink)
        line = QWidget(self._page)
        link, text = LinkLabel(finding.name, line), PlainLabel(finding.text, line, wrap=True, selectable=True)
        link.clicked.connect(lambda: self.row_asked.emit(finding.row))
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(link, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1, Qt.AlignmentFlag.AlignTop)
        return line

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _fit(self) -> None:
        """Be as high as the sentences need at this width, up to where they scroll."""
        layout = self._page.layout()
        if layout is not None:
            width = max(self.viewport().width(), 200)
            self.setFixedHeight(max(1, min(_TALLEST, layout.totalHeightForWidth(width) + 2)))
            self._outer.invalidate()  # else the sentences stay as high as they were wanted before
