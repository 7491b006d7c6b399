"""The head of the table: captions where the columns' texts stand, and an arrow on the one that decides."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHeaderView, QWidget

from ckptgui.gui.compare.changes.columns import PAD, Column, Widths
from ckptgui.gui.theme import theme, ui_font
from ckptgui.gui.tree.delegate import LEFT, SIGN
from ckptgui.gui.tree.header import HEIGHT

_RIGHT = (Column.DELTA, Column.COSINE, Column.LARGEST, Column.CHANGED)


class ChangesHeader(QHeaderView):
    """A click sorts by a column; ``menu_asked`` carries the place of a right click."""

    menu_asked = Signal(QPoint)

    def __init__(self, widths: Widths, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._widths = widths
        self._sorted, self._backwards = Column.RELATIVE, False
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(16)
        self.setFixedHeight(HEIGHT)

    def show_sorting(self, column: Column, backwards: bool) -> None:
        """Mark the column that rows are sorted by; ``backwards``: the least first."""
        self._sorted, self._backwards = column, backwards
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), HEIGHT)

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:  # noqa: N803 - Qt calls it so
        t, column, model = theme(), Column(logicalIndex), self.model()
        painter.fillRect(rect, t.sunken)
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), t.hairline)
        inner = rect.adjusted(PAD, 0, -PAD, 0)
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        mine = column is self._sorted
        if column is Column.NAME:
            inner.setLeft(rect.left() + LEFT + SIGN + 4)
        elif column in _RIGHT:
            inner.setRight(inner.right() - (10 if mine else 0))
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        text = str(model.headerData(logicalIndex, Qt.Orientation.Horizontal)) if model is not None else ""
        painter.setFont(ui_font(11, QFont.Weight.Medium))
        painter.setPen(t.text if mine else t.text2)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, align, shown)
        if mine:
            self._paint_arrow(painter, painter.boundingRect(inner, align, shown), text != "")

    def _paint_arrow(self, painter: QPainter, words: QRect, beside: bool) -> None:
        """Downwards where the worst stands first."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme().text, 1.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        x, y = words.right() + (8 if beside else 4), words.center().y() + 0.5
        way = -1.5 if self._backwards else 1.5
        painter.drawPolyline([QPointF(x - 3, y - way), QPointF(x, y + way), QPointF(x + 3, y - way)])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        end = self.length() - self.offset()
        if end < self.width():
            painter.fillRect(QRect(end, 0, self.width() - end, self.height()), theme().sunken)
            painter.fillRect(QRect(end, self.height() - 1, self.width() - end, 1), theme().hairline)
        painter.end()
