"""The table of values: numbers painted with as few questions as can be, and copied with every digit."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.gui.inspector.cells import exact_text
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.flat import FlatHeader, flat_corner, slim
from ckptgui.gui.inspector.values.literal import python_literal
from ckptgui.gui.inspector.values.model import Block, ValuesModel
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, ui_font

ROW = 22
MAX_COPIED = 1_000_000
"""Cells that one copy takes."""


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class _CellPainter(QStyledItemDelegate):
    """Paints a cell after one question to the model; Qt's own way asks ten, and a screen has 200 cells."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the number at the right, on the selection's ground and with the ring of focus where they are."""
        model, view = index.model(), option.widget
        if not isinstance(model, ValuesModel) or not isinstance(view, QTableView):
            return
        text, colour = model.look(index.row(), index.column())
        t, rect = theme(), option.rect
        focused = view.hasFocus()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if focused else t.pressed)
        painter.setFont(view.font())
        painter.setPen(colour)
        room = rect.adjusted(2, 0, -4, 0)
        if option.fontMetrics.horizontalAdvance(text) > room.width():
            text = option.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _RIGHT, text)
        if focused and option.state & QStyle.StateFlag.State_HasFocus:
            draw_focus(painter, rect, 2)


class ValuesTable(QTableView):
    """Rows of one height, columns of one width; Ctrl+C copies the selection as tab-separated text,
    F3 asks for the next NaN."""

    copied = Signal(int)
    stepped = Signal(bool)  # F3, Shift+F3: backward
    menu_wanted = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(ui_font(12))
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setWordWrap(False)
        self.setItemDelegate(_CellPainter(self))
        self.setCornerButtonEnabled(False)
        self.setAccessibleName(tr("Values"))
        self.setTabKeyNavigation(False)
        slim(self)
        self.setHorizontalHeader(FlatHeader(Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(FlatHeader(Qt.Orientation.Vertical, self))
        flat_corner(self)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setSectionsClickable(True)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.verticalHeader().setMinimumSectionSize(ROW)

    def fit(self, text: str, index: str) -> None:
        """Make columns as wide as ``text`` needs, and the row's numbers as ``index`` does."""
        self.verticalHeader().setFixedWidth(self.verticalHeader().fontMetrics().horizontalAdvance(index) + 16)
        self.horizontalHeader().setDefaultSectionSize(self.fontMetrics().horizontalAdvance(text) + 14)

    def room(self) -> int:
        """How many columns can be seen at once, beside a scroll bar."""
        width = self.width() - self.verticalHeader().width() - self.verticalScrollBar().sizeHint().width()
        return max(1, width // max(1, self.horizontalHeader().defaultSectionSize()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle the keys named above."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.key() == Qt.Key.Key_F3:
            self.stepped.emit(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu, by the keyboard at the current cell."""
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.menu_wanted.emit(at)

    def chosen(self) -> tuple[range, range] | None:
        """Rows and columns of the bounding rectangle of the selection; None where nothing is selected."""
        selection = self.selectionModel().selection()
        ranges = [selection.at(number) for number in range(selection.count())]
        if not ranges:
            return None
        top, bottom = min(r.top() for r in ranges), max(r.bottom() for r in ranges)
        left, right = min(r.left() for r in ranges), max(r.right() for r in ranges)
        return range(top, bottom + 1), range(left, right + 1)

    def copy_selection(self, *, literal: bool = False) -> None:
        """Put the selection on the clipboard, every digit of it: between tabs, or as a Python literal."""
        model, chosen = self.model(), self.chosen()
        if not isinstance(model, ValuesModel) or chosen is None:
            return
        rows, columns = chosen
        rows = rows[: max(1, MAX_COPIED // len(columns))]
        wrapped = model.slice.columns < 0 <= model.slice.rows

        def copy(found: Block) -> None:
            if literal:
                copy_text(python_literal(found, flat=wrapped))
            else:
                copy_text("\n".join("\t".join(map(exact_text, row)) for row in found if len(row)))
            self.copied.emit(sum(map(len, found)))

        model.read(rows, columns, copy)
