"""Item views' furniture without relief: a header that is text on the panel, and slim scroll bars."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QAbstractScrollArea, QHeaderView, QWidget

from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.theme import theme, theme_signal, ui_font
from ckptgui.gui.tree.scroll_bar import SlimScrollBar


class _Lying(SlimScrollBar):
    """The same, from left to right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setOrientation(Qt.Orientation.Horizontal)

    def sizeHint(self) -> QSize:
        """As thin as the upright one is."""
        return super().sizeHint().transposed()


def slim(area: QAbstractScrollArea) -> None:
    """Give an area slim scroll bars."""
    area.setVerticalScrollBar(SlimScrollBar(area))
    area.setHorizontalScrollBar(_Lying(area))


class FlatHeader(QHeaderView):
    """Caption text on the panel, a hairline between it and the cells."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self.setFont(ui_font(11, MEDIUM))
        self.setHighlightSections(False)
        theme_signal().changed.connect(self.viewport().update)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt calls it so
        """Paint one section's text."""
        t, model = theme(), self.model()
        painter.fillRect(rect, t.panel)
        if model is None:
            return
        text = model.headerData(logicalIndex, self.orientation(), Qt.ItemDataRole.DisplayRole)
        wanted = model.headerData(logicalIndex, self.orientation(), Qt.ItemDataRole.TextAlignmentRole)
        flags = wanted if isinstance(wanted, Qt.AlignmentFlag) else self.defaultAlignment()
        painter.setFont(self.font())
        painter.setPen(t.text2)
        room = rect.adjusted(4, 0, -4, 0)
        shown = self.fontMetrics().elidedText(str(text), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, flags, shown)
        if self.orientation() == Qt.Orientation.Horizontal:
            painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, t.hairline)
        else:
            painter.fillRect(rect.right(), rect.top(), 1, rect.height(), t.hairline)
