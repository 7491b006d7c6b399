"""The list of checkpoints as it is painted: a tick while one chooses, later a bar, a state, a cross to cancel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.export.batch import State
from ckptgui.gui.assets import draw_icon
from ckptgui.gui.export_batch.lines import Line
from ckptgui.gui.export_batch.model import EPOCH, LOSS, NAME, NOW, NUMBERS, STATE, TARGET, THEN, BatchModel, Index
from ckptgui.gui.form import draw_tick
from ckptgui.gui.inspector.flat import FlatHeader, flat_rows
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ROW, theme, ui_font

_BOX, _LEAD, _CROSS, _BAR, _ARROW = 14, 24, 20, 84, 20
_WIDEST = {EPOCH: "1,000,000", LOSS: "0.0000e-00", NOW: "1,023.9 MiB", THEN: "1,023.9 MiB"}
_LOST = ("alert", "warn")
_MARKS = {
    State.DONE: ("check", "text2"),
    State.FAILED: ("alert", "nan"),
    State.EXISTS: ("info", "text2"),
    State.CANCELLED: ("cancelled", "text2"),
}


class BatchTable(QTableView):
    """Shows a ``BatchModel``, to choose from or while it is worked on; ``cancelled`` carries a row then."""

    cancelled = Signal(int)
    turned = Signal(int)  # another row is current

    def __init__(self, model: BatchModel, parent: QWidget | None = None, *, running: bool = False) -> None:
        super().__init__(parent)
        self._model, self.running = model, running
        self.setModel(model)
        self.setFont(ui_font())
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName(tr("Checkpoints of this run"))
        header = FlatHeader(Qt.Orientation.Horizontal, self, lead=_LEAD, trail=16)
        flat_rows(self, header)
        told = any(line.loss is not None for line in model.lines)
        for column in (EPOCH, LOSS, STATE):
            self.setColumnHidden(column, (column == STATE) is not running or (column == LOSS and not told))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Part the width among the columns."""
        super().resizeEvent(event)
        wide, metrics = self.viewport().width(), self.fontMetrics()
        for column, widest in _WIDEST.items():
            if not self.isColumnHidden(column):
                self.setColumnWidth(column, metrics.horizontalAdvance(widest) + 10)
                wide -= self.columnWidth(column)
        longest = max(
            (metrics.horizontalAdvance(self._model.text(each, NAME)) for each in self._model.lines), default=0
        )
        names = (metrics.horizontalAdvance(self._model.text(each, TARGET)) for each in self._model.lines)
        own = min(longest + _LEAD + _BOX + 20, wide * 2 // 5)
        self.setColumnWidth(NAME, own)
        state = max(240, wide - own - max(names, default=0) - _ARROW - 24) if self.running else 0
        self.setColumnWidth(STATE, state)
        self.setColumnWidth(TARGET, wide - own - state)

    def wanted_height(self) -> int:
        """Pixels that all rows need, and a free one below them."""
        return self.horizontalHeader().sizeHint().height() + (self._model.rowCount() + 1) * ROW

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Tell which row it is."""
        super().currentChanged(current, previous)
        self.turned.emit(current.row())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a box ticks its line, one on a cross cancels it; anywhere else it selects."""
        index, x = self.indexAt(event.position().toPoint()), event.position().x()
        if not self.running and index.column() == NAME and x <= box_in(self.visualRect(index)).right() + 4:
            self.setCurrentIndex(index)
            self._toggle()
        elif self.running and index.column() == STATE and x >= cross_in(self.visualRect(index)).left():
            self._cancel(index.row())
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space ticks what is selected, Delete cancels it."""
        if event.key() == Qt.Key.Key_Space and not self.running:
            self._toggle()
        elif event.key() == Qt.Key.Key_Delete and self.running:
            for index in self.selectionModel().selectedRows():
                self._cancel(index.row())
        else:
            super().keyPressEvent(event)

    def _toggle(self) -> None:
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        current = self.currentIndex().row()
        if current >= 0:
            rows = rows if current in rows else [current]
            self._model.tick(rows, not self._model.lines[current].taken)

    def _cancel(self, row: int) -> None:
        if can_be_cancelled(self._model.lines[row]):
            self.cancelled.emit(row)

    def viewportEvent(self, event: QEvent) -> bool:
        """What does not fit is told in full."""
        if event.type() == QEvent.Type.ToolTip:
            index = self.indexAt(self.viewport().mapFromGlobal(self.cursor().pos()))
            self.viewport().setToolTip(plain_tooltip(self._told(index)) if index.isValid() else "")
        return super().viewportEvent(event)

    def _told(self, index: Index) -> str:
        line = self._model.lines[index.row()]
        if index.column() == STATE and can_be_cancelled(line):
            return tr("A click on the cross cancels this one, as does Delete.")
        out = line.item.out if line.item is not None else ""
        return "\n".join(each for each in (line.source.path, out, line.told) if each)


def size_within(parent: QWidget | None) -> QSize:
    """How large a dialogue with this list is: no larger than the window that it is over."""
    wanted = QSize(900, 620)
    return wanted if parent is None else wanted.boundedTo(parent.window().size() - QSize(40, 40))


def can_be_cancelled(line: Line) -> bool:
    """Whether there is something to stop."""
    return line.standing is not None and not line.standing.state.ended


def box_in(cell: QRect) -> QRect:
    """Where the box is in the cell of a name."""
    return QRect(cell.left() + _LEAD, cell.center().y() - _BOX // 2 + 1, _BOX, _BOX)


def cross_in(cell: QRect) -> QRect:
    """Where the cross is in the cell of a state."""
    return QRect(cell.right() - _CROSS - 15, cell.top(), _CROSS, cell.height())


class _Cells(QStyledItemDelegate):
    """Paints the cells; what is left out is in secondary ink."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell."""
        t, rect, view, model = theme(), option.rect, option.widget, index.model()
        assert isinstance(model, BatchModel)
        assert isinstance(view, BatchTable)
        line, column = model.lines[index.row()], index.column()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view.hasFocus() else t.pressed)
            if column == NAME:
                painter.fillRect(rect.left(), rect.top(), 2, rect.height(), t.accent)
        painter.setFont(ui_font())
        if column == STATE:
            _paint_state(painter, rect, line, model.text(line, STATE))
            return
        room = rect.adjusted(4, 0, -16 if column == TARGET else -4, 0)
        if column == NAME:
            room.setLeft(rect.left() + _LEAD)
            if not view.running:
                draw_tick(painter, box_in(rect), line.taken)
                room.setLeft(box_in(rect).right() + 8)
        text, ink = model.text(line, column), t.text if column == NAME and line.taken else t.text2
        if column == TARGET and not view.running and line.taken and line.trouble:
            text, ink = line.trouble, t.danger
        elif column == TARGET and text:
            painter.setPen(t.text2)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, "→")
            room.setLeft(room.left() + _ARROW)
        side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
        mode = Qt.TextElideMode.ElideRight if ink == t.danger else Qt.TextElideMode.ElideMiddle
        painter.setPen(ink)
        shown = painter.fontMetrics().elidedText(text, mode, room.width())
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, shown)


def _paint_state(painter: QPainter, rect: QRect, line: Line, words: str) -> None:
    """A mark and a sentence for what ended; a bar that fills, and its word, for what is going on."""
    t, standing = theme(), line.standing
    if standing is None:
        return
    left = rect.left() + 4
    if standing.state in _MARKS:
        lost = standing.result is not None and bool(standing.result.lost)
        icon, token = _LOST if lost else _MARKS[standing.state]
        draw_icon(painter, QRect(left, rect.top(), 16, rect.height()), icon, token, 14)
        left += 22
    elif standing.state.ended is False:
        bar = QRect(left, rect.center().y() - 1, _BAR, 4)
        share = min(1.0, standing.done / standing.total) if standing.total else 0.0
        painter.fillRect(bar, t.hairline)
        painter.fillRect(QRect(bar.left(), bar.top(), round(bar.width() * share), bar.height()), t.accent)
        draw_icon(painter, cross_in(rect), "close", "text2", 12)
        left += _BAR + 10
    room = QRect(
        left, rect.top(), rect.right() - 16 - left - (_CROSS if can_be_cancelled(line) else 0), rect.height()
    )
    painter.setPen(t.danger if standing.state is State.FAILED else t.text2)
    text = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
