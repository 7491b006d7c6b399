"""The header of the tree: captions on the panel's own ground, a hairline below, no buttons in relief.

A click on a caption sorts by its column; a small arrow says which one decides, and which way.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QPainter, QPen
from PySide6.QtWidgets import QHeaderView, QWidget

from ckptgui.gui.theme import theme, ui_font
from ckptgui.gui.tree.columns import PAD, UNIT_GAP, Column, Widths, alignment, title
from ckptgui.gui.tree.delegate import LEFT, SIGN

HEIGHT = 24
ARROW = 10
"""Room for the arrow behind a caption that ends at its column's edge."""


class TreeHeader(QHeaderView):
    """Paints titles where the columns' texts stand. ``menu_asked`` carries the place of a right click."""

    menu_asked = Signal(QPoint)

    def __init__(self, widths: Widths, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._widths = widths
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self._sorted: Column | None = None
        self._descending = False
        self.setMinimumSectionSize(24)
        self.setFixedHeight(HEIGHT)

    def show_sorting(self, column: Column | None, descending: bool) -> None:
        """Mark the column that rows are sorted by; None: they stand as they were saved."""
        self._sorted, self._descending = column, descending
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), HEIGHT)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt calls it so
        t, column = theme(), Column(logicalIndex)
        painter.fillRect(rect, t.sunken)
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), t.hairline)
        inner, align = rect.adjusted(PAD, 0, -PAD, 0), alignment(column)
        if column is Column.NAME:
            inner.setLeft(rect.left() + LEFT + SIGN + 4)
        elif column is Column.SIZE:
            inner.setRight(rect.right() - PAD - self._widths.unit - UNIT_GAP)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        mine = column is self._sorted
        if mine and column is Column.ZEROS:
            inner.setRight(inner.right() - ARROW)
        painter.setFont(ui_font(11, QFont.Weight.Medium))
        painter.setPen(t.text if mine else t.text2)
        painter.drawText(inner, align, title(column))
        if mine:
            self._paint_arrow(painter, painter.boundingRect(inner, align, title(column)))

    def _paint_arrow(self, painter: QPainter, words: QRect) -> None:
        """A small arrow behind the caption: downwards where the largest stands first."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme().text, 1.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        x, y = words.right() + 8, words.center().y() + 0.5
        way = 1.5 if self._descending else -1.5
        painter.drawPolyline([QPointF(x - 3, y - way), QPointF(x, y + way), QPointF(x + 3, y - way)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def paintEvent(self, event: object) -> None:
        super().paintEvent(event)  # type: ignore[arg-type]
        painter = QPainter(self.viewport())
        end = self.length() - self.offset()
        if end < self.width():
            rest = QRect(end, 0, self.width() - end, self.height())
            painter.fillRect(rest, theme().sunken)
            painter.fillRect(QRect(end, self.height() - 1, rest.width(), 1), theme().hairline)
        painter.end()
