"""The list of members as a table: a click or Space ticks a line, a drag or Alt with the arrows moves it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.gui.assets import draw_icon
from ckptgui.gui.compare.members.model import EPOCH, FORMAT, NAME, NUMBERS, SIZE, STATE, STEP, Index, MembersModel
from ckptgui.gui.inspector.flat import FlatHeader, slim
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import RADIUS_BADGE, ROW, theme, ui_font

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
            self._paint_box(painter, box_in(rect), choice.taken)
            room.setLeft(box_in(rect).right() + 8)
        broken = choice.member is not None and choice.member.error is not None
        painter.setFont(ui_font())
        ink = t.danger if index.column() == STATE and broken else t.text if choice.taken else t.text2
        painter.setPen(ink if index.column() == NAME or broken else t.text2)
        side = Qt.AlignmentFlag.AlignRight if index.column() in NUMBERS else Qt.AlignmentFlag.AlignLeft
        mode = Qt.TextElideMode.ElideMiddle if index.column() == NAME else Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(str(index.data()), mode, room.width())
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)

    @staticmethod
    def _paint_box(painter: QPainter, box: QRect, ticked: bool) -> None:
        t = theme()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.accent if ticked else t.text2, 1))
        painter.setBrush(t.accent if ticked else t.panel)
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_BADGE, RADIUS_BADGE)
        painter.restore()
        if ticked:
            draw_icon(painter, box, "check", "on_accent", 12)


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
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Lines(self))
        self.setAccessibleName(tr("Checkpoints of this run, in their order"))
        slim(self)
        header = FlatHeader(Qt.Orientation.Horizontal, self, lead=_LEAD)
        self.setHorizontalHeader(header)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)

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
