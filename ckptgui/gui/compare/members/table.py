"""The list of members as a table: a click or Space ticks a line, a drag or Alt with the arrows moves it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.gui.compare.members.model import EPOCH, FORMAT, NAME, NUMBERS, SIZE, STATE, STEP, Index, MembersModel
from ckptgui.gui.form import draw_tick
from ckptgui.gui.inspector.flat import FlatHeader, flat_rows
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, ui_font

_BOX, _LEAD = 14, 24


class _Lines(QStyledItemDelegate):
    """A box to tick, then plain text; what is left out is in secondary ink."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell."""
        t, rect, view, model = theme(), option.rect, option.widget, index.model()
        assert isinstance(model, MembersModel)
        choice = model.choices[index.row()]
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view is not None and view.hasFocus() else t.pressed)
            if index.column() == NAME:
                painter.fillRect(rect.left(), rect.top(), 2, rect.height(), t.accent)
        room = rect.adjusted(4, 0, -8, 0)
        if index.column() == NAME:
            draw_tick(painter, box_in(rect), choice.taken)
            room.setLeft(box_in(rect).right() + 8)
        broken = choice.member is not None and choice.member.error is not None
        painter.setFont(ui_font())
        ink = t.danger if index.column() == STATE and broken else t.text if choice.taken else t.text2
        painter.setPen(ink if index.column() == NAME or broken else t.text2)
        side = Qt.AlignmentFlag.AlignRight if index.column() in NUMBERS else Qt.AlignmentFlag.AlignLeft
        mode = Qt.TextElideMode.ElideMiddle if index.column() == NAME else Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(str(index.data()), mode, room.width())
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)


def box_in(cell: QRect) -> QRect:
    """Where the box is in the cell of a name."""
    return QRect(cell.left() + _LEAD, cell.center().y() - _BOX // 2 + 1, _BOX, _BOX)


class MembersTable(QTableView):
    """Shows a ``MembersModel``."""

    def __init__(self, model: MembersModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setFont(ui_font())
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.setItemDelegate(_Lines(self))
        self.setAccessibleName(tr("Checkpoints of this run, in their order"))
        header = FlatHeader(Qt.Orientation.Horizontal, self, lead=_LEAD)
        flat_rows(self, header)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Part the width among the columns."""
        super().resizeEvent(event)
        wide, metrics = self.viewport().width(), self.fontMetrics()
        widths = {EPOCH: "10,000", STEP: "1,000,000", SIZE: "1,023.9 MiB", FORMAT: "Distributed ch"}
        taken = 0
        for column, widest in widths.items():
            self.setColumnWidth(column, metrics.horizontalAdvance(widest) + 12)
            taken += self.columnWidth(column)
        self.setColumnWidth(NAME, round((wide - taken) * 0.55))
        self.setColumnWidth(STATE, wide - taken - self.columnWidth(NAME))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on the box ticks the line; anywhere else it selects, and a drag may follow."""
        index = self.indexAt(event.position().toPoint())
        cell = self.visualRect(index)
        if index.column() == NAME and event.position().x() <= box_in(cell).right() + 4:
            self.setCurrentIndex(index)
            self._toggle(index.row())
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, step = self.currentIndex().row(), {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if event.key() == Qt.Key.Key_Space and row >= 0:
            self._toggle(row)
        elif step is not None and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_current(step)
        else:
            super().keyPressEvent(event)

    def _toggle(self, row: int) -> None:
        self._model.tick([row], not self._model.choices[row].taken)

    def move_current(self, step: int) -> None:
        """Move the current line up (-1) or down (1)."""
        row = self.currentIndex().row()
        if row >= 0 and self._model.move(row, row + (2 if step > 0 else -1)):
            self.scrollTo(self.currentIndex())

    def viewportEvent(self, event: QEvent) -> bool:
        """What does not fit is told in full."""
        if event.type() == QEvent.Type.ToolTip:
            index = self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos()))
            choice = self._model.choices[index.row()] if index.isValid() else None
            text = "" if choice is None else f"{choice.path}\n{index.siblingAtColumn(STATE).data()}"
            self.viewport().setToolTip(plain_tooltip(text))
        return super().viewportEvent(event)
