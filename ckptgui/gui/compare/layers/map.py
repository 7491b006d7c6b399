"""The map under mouse and keyboard: reads, selects, chooses A and B, folds and unfolds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QToolTip

from ckptgui.core.display import display
from ckptgui.gui.compare.layers.canvas import BLOCK, NAMES, MapCanvas, Place
from ckptgui.gui.compare.layers.geometry import HEAD
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr


class LayersMap(MapCanvas):
    """``menu_wanted`` carries where a menu is asked for, on the screen. Keys and clicks go to the comparison."""

    menu_wanted = Signal(QPoint)
    table_wanted = Signal()

    # the mouse

    def _at(self, position: QPointF) -> Place | None:
        """The row and column at a place of the viewport; the names are column ``NAMES``."""
        size, scene_y = self.geometry_now, self.verticalScrollBar().value()
        x, y = int(position.x()), int(position.y())
        if y < HEAD or not self._numbers:
            return None
        row = size.row_at(y - HEAD + scene_y)
        if row < 0:
            return None
        if x < size.labels:
            foldable = size.blocks[row] >= 0 or self.source.rows.folded[row]
            return row, BLOCK if x < size.name_left and foldable else NAMES
        column = size.column_at(x - size.labels + self.horizontalScrollBar().value()) if x < self._right() else -1
        return (row, column) if column >= 0 else None

    def _right(self) -> int:
        size = self.geometry_now
        return size.labels + size.room

    def _column_at(self, position: QPointF) -> int:
        """The column whose head is at a place, -1 for none."""
        size, x = self.geometry_now, int(position.x())
        if not 0 <= position.y() < HEAD or not size.labels <= x < self._right():
            return -1
        return size.column_at(x - size.labels + self.horizontalScrollBar().value())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place != self.hovered:
            self.hovered = place
            self.comparison.hover(int(self.source.rows.nodes[place[0]]) if place is not None else -1)
            self._show_card(place)
            self.viewport().update()
        on_mark = any(rect.contains(event.position().toPoint()) for rect, _ in self._beyond)
        on_block = place is not None and place[1] == BLOCK
        hand = on_mark or on_block or self._column_at(event.position()) >= 0
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered = None
        self.comparison.hover(-1)
        self._show_card(None)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        for rect, found in self._beyond:
            if rect.contains(event.position().toPoint()):
                self._show_place(found.row, found.column)
                return
        column = self._column_at(event.position())
        if column >= 0:
            self.take_end(column, first=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            return
        place = self._at(event.position())
        if place is None:
            return
        self.cursor_place = place[0], max(place[1], NAMES)
        if place[1] == BLOCK:
            self.toggle_block(place[0])
            self.hovered = self._at(event.position())  # another row lies under the mouse now
            self._show_card(self.hovered)
        else:
            self.comparison.select(int(self.source.rows.nodes[place[0]]))
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place is not None and place[1] == NAMES:
            self.unfold(place[0]) if self.source.rows.folded[place[0]] else self.fold(place[0])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            place = self._at(QPointF(self.viewport().mapFromGlobal(event.globalPos())))
            self.cursor_place = (place[0], max(place[1], NAMES)) if place is not None else None
        self.card.hide()
        self.menu_wanted.emit(event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            column = self._column_at(QPointF(event.pos()))
            QToolTip.showText(
                event.globalPos(), plain_tooltip(self.head_text(column)) if column >= 0 else "", self
            )
            return True
        return super().viewportEvent(event)

    def head_text(self, column: int) -> str:
        """What is told of a column: its name and file, and why it cannot be read."""
        series = self.comparison.series
        member = series.members[column]
        lines = [member_words(series, column), display(member.name, 200)]
        if member.error:
            lines.append(display(member.error, 400))
        else:
            lines.append(tr("Click: B. Shift+click: A."))
        return "\n".join(dict.fromkeys(lines))

    # folding and ends

    def take_end(self, column: int, *, first: bool) -> None:
        """Let a column be A or B."""
        self.comparison.choose(column, as_a=first)

    def toggle_block(self, row: int) -> None:
        """Close or open the block around a row, else the row itself."""
        node = int(self.source.rows.nodes[row])
        block = int(self.source.blocks.of[node])
        if self.source.rows.folded[row]:
            self.unfold(row)
        elif block >= 0:
            self._fold(block)

    def fold(self, row: int) -> None:
        """Close the innermost module around a row."""
        module = self.source.around(row)
        if module:
            self._fold(module)

    def unfold(self, row: int) -> None:
        """Open the module that a row stands for."""
        if self.source.rows.folded[row]:
            self.source.set_folded(self.source.rows.nodes[row : row + 1], False)
            self._keep_row(row)

    def _fold(self, module: int) -> None:
        self.source.set_folded(np.array([module]), True)
        rows = self.source.rows.of(module)
        if len(rows):
            self._keep_row(rows.start)

    def _keep_row(self, row: int) -> None:
        column = self.cursor_place[1] if self.cursor_place is not None else NAMES
        self.cursor_place = row, column
        self.show_row(row)

    def fold_all(self, folded: bool) -> None:
        """Close all blocks, or open all modules."""
        nodes = self.source.foldable() if folded else np.flatnonzero(self.source.outline.tensor < 0)
        self.source.set_folded(nodes, folded)

    # the keyboard

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._begin_at()
        self.viewport().update()

    def _begin_at(self) -> None:
        """Without a cursor, begin at the name of what is selected, else at the first."""
        if self.cursor_place is None and len(self.source.rows):
            rows = self.marked()
            self.cursor_place = (rows.start if len(rows) else 0), NAMES

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.card.hide()
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._begin_at()
        act = _KEYS.get(Qt.Key(event.key()))
        copy = event.key() == Qt.Key.Key_C and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if copy:
            self.table_wanted.emit()
        elif act is None or self.cursor_place is None or event.modifiers() & _OTHERS:
            super().keyPressEvent(event)
        else:
            act(self, *self.cursor_place)

    def _move(self, row: int, column: int) -> None:
        """Put the cursor to a place, as near as there is one, and read it."""
        row = min(max(row, 0), len(self.source.rows) - 1)
        column = min(max(column, NAMES), len(self._numbers) - 1)
        self.cursor_place = row, column
        self._show_place(row, column)
        self.hovered = None
        self.comparison.hover(int(self.source.rows.nodes[row]))
        self._show_card(self.cursor_place)
        self.viewport().update()

    def _left(self, row: int, column: int) -> None:
        if column == NAMES:
            self.fold(row)
        else:
            self._move(row, column - 1)

    def _rightwards(self, row: int, column: int) -> None:
        if column == NAMES and self.source.rows.folded[row]:
            self.unfold(row)
        else:
            self._move(row, column + 1)

    def _take(self, row: int, _: int) -> None:
        self.comparison.select(int(self.source.rows.nodes[row]))

    def _page(self, row: int, column: int, way: int) -> None:
        size = self.geometry_now
        self._move(row + way * max(1, size.height // size.row - 1), column)


_OTHERS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_KEYS: dict[Qt.Key, Callable[[LayersMap, int, int], None]] = {
    Qt.Key.Key_Up: lambda view, row, column: view._move(row - 1, column),
    Qt.Key.Key_Down: lambda view, row, column: view._move(row + 1, column),
    Qt.Key.Key_Left: LayersMap._left,
    Qt.Key.Key_Right: LayersMap._rightwards,
    Qt.Key.Key_PageUp: lambda view, row, column: view._page(row, column, -1),
    Qt.Key.Key_PageDown: lambda view, row, column: view._page(row, column, 1),
    Qt.Key.Key_Home: lambda view, _, column: view._move(0, column),
    Qt.Key.Key_End: lambda view, _, column: view._move(len(view.source.rows), column),
    Qt.Key.Key_Return: LayersMap._take,
    Qt.Key.Key_Enter: LayersMap._take,
    Qt.Key.Key_Minus: lambda view, row, _: view.fold(row),
    Qt.Key.Key_Plus: lambda view, row, _: view.unfold(row),
    Qt.Key.Key_Equal: lambda view, row, _: view.unfold(row),
}
