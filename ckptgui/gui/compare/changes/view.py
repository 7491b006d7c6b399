"""The table of changes as a person works with it: keys, mouse, folding, which columns there is room for."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from ckptgui.gui.compare.changes.columns import SHOWN_FIRST, Column
from ckptgui.gui.compare.changes.delegate import ChangesDelegate, sign_left
from ckptgui.gui.compare.changes.header import ChangesHeader
from ckptgui.gui.compare.changes.model import ChangesModel
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ROW, theme, theme_signal
from ckptgui.gui.tree.delegate import SIGN
from ckptgui.gui.tree.scroll_bar import SlimScrollBar
from ckptgui.gui.tree.type_ahead import TypeAhead

_FLAGS = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows


class ChangesView(QTableView):
    """Shows a ``ChangesModel`` and says what a person asks of it. ``touched`` is when somebody last did."""

    toggled = Signal(int, bool)  # node, open
    current_node = Signal(int)
    hovered_node = Signal(int)  # -1 for none
    opened_node = Signal(int)
    menu_asked = Signal(int, QPoint)  # node, global place
    copy_asked = Signal()
    filter_asked = Signal()

    def __init__(self, model: ChangesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._type_ahead = TypeAhead(model.rowCount, self._label)
        self._by_keyboard = False
        self.touched = 0.0
        self.chosen_columns = SHOWN_FIRST
        self.unfit: frozenset[Column] = frozenset()  # columns that have nothing to show in this series
        self.delegate = ChangesDelegate(model, self)
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.header = ChangesHeader(self.delegate.widths, self)
        self.setHorizontalHeader(self.header)
        self._lay_out()
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        theme_signal().changed.connect(self.viewport().update)

    def _lay_out(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("What changed"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBar(SlimScrollBar(self))
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)
        for column in Column:
            self.header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            self.header.resizeSection(column, self.delegate.widths.of(column))
        self.header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)

    def _label(self, row: int) -> str:
        rows = self._model.rows
        return "" if rows is None else rows.name(self._model.node(row), not self._model.tree)

    # where one is

    def current(self) -> int:
        """The current node, or -1."""
        index = self.currentIndex()
        return self._model.node(index.row()) if index.isValid() else -1

    def selected(self) -> list[int]:
        """The selected nodes from top to bottom."""
        found: list[int] = []
        chosen = self.selectionModel().selection()
        for part in sorted(chosen.toList(), key=lambda part: part.top()):
            found += self._model.visible[part.top() : part.bottom() + 1].tolist()
        return found

    def go_to(self, node: int, *, scroll: bool = True) -> bool:
        """Make a node's row current, if it has one; else none is."""
        row = self._model.row_of(node)
        if row < 0:
            self.selectionModel().clear()
            return False
        index = self._model.index(row, Column.NAME)
        self.selectionModel().setCurrentIndex(index, _FLAGS)
        if scroll:
            self.scrollTo(index)
        return True

    def select_nodes(self, nodes: list[int]) -> None:
        """Select the rows of these as well."""
        chosen = QItemSelection()
        for row in (self._model.row_of(node) for node in nodes):
            if row >= 0:
                index = self._model.index(row, Column.NAME)
                chosen.select(index, index)
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().select(chosen, flags)

    def rows_in_sight(self) -> range:
        """The rows on the screen."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return range(0) if first < 0 else range(first, last + 1 if last >= 0 else self._model.rowCount())

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.current_node.emit(self._model.node(current.row()))

    # columns

    def choose_columns(self, columns: frozenset[Column]) -> None:
        """Show these of the columns that can be chosen, as far as there is room."""
        self.chosen_columns = columns
        self.hide_columns()

    def hidden_columns(self) -> frozenset[Column]:
        """What is not shown now."""
        return self.delegate.widths.hidden(self.viewport().width(), self.chosen_columns - self.unfit)

    def hide_columns(self) -> None:
        """Show the columns that there is room for."""
        hidden = self.hidden_columns()
        for column in Column:
            if self.isColumnHidden(column) != (column in hidden):
                self.setColumnHidden(column, column in hidden)

    # keys

    def event(self, event: QEvent) -> bool:
        override = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if override and event.matches(QKeySequence.StandardKey.Find):  # type: ignore[attr-defined]
            event.accept()  # where the table has the focus its own filter is meant
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.touched = time.monotonic()
        self._by_keyboard = True
        node, before, key = self.current(), self.currentIndex().row(), event.key()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.filter_asked.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and node >= 0:
            self._open(node)
        elif self._model.tree and key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and node >= 0:
            self._fold(node) if key == Qt.Key.Key_Left else self._unfold(node)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._model.rowCount():
            self._step(-self._model.rowCount() if key == Qt.Key.Key_Home else self._model.rowCount())
        else:
            super().keyPressEvent(event)
        for row in {before, self.currentIndex().row()}:  # the ring goes from one to the other
            self._update_row(row)

    def _open(self, node: int) -> None:
        rows = self._model.rows
        if rows is not None and rows.is_module(node):
            self.toggled.emit(node, not self._model.is_open(node))
        else:
            self.opened_node.emit(node)

    def _fold(self, node: int) -> None:
        rows = self._model.rows
        if rows is not None and rows.is_module(node) and self._model.is_open(node):
            self.toggled.emit(node, False)
        elif rows is not None and node > 0:
            self.go_to(int(rows.outline.parent[node]))

    def _unfold(self, node: int) -> None:
        rows = self._model.rows
        if rows is None or not rows.is_module(node):
            return
        if self._model.is_open(node):
            self._step(1)
        else:
            self.toggled.emit(node, True)

    def _step(self, by: int) -> None:
        row = min(max(0, self.currentIndex().row() + by), self._model.rowCount() - 1)
        self.go_to(self._model.node(row))

    def keyboardSearch(self, search: str) -> None:
        """Jump to the next name that begins with what is typed; after a pause it begins anew."""
        row = self._type_ahead.find(search, self.currentIndex().row())
        if row >= 0:
            self.go_to(self._model.node(row))

    # mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.touched = time.monotonic()
        if self._by_keyboard:
            self._by_keyboard = False
            self.viewport().update()  # the ring of the row before goes
        node = self._chevron_at(event.position().toPoint())
        if node >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.toggled.emit(node, not self._model.is_open(node))
            return
        if self.rowAt(event.position().toPoint().y()) < 0:
            self.setFocus(Qt.FocusReason.MouseFocusReason)  # below the rows nothing is chosen, nor given up
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self.rowAt(event.position().toPoint().y())
        if event.button() is Qt.MouseButton.LeftButton and row >= 0:
            self._open(self._model.node(row))

    def _chevron_at(self, place: QPoint) -> int:
        """The module whose chevron is at a place, or -1; the whole height of the row counts."""
        row, rows = self.rowAt(place.y()), self._model.rows
        if row < 0 or rows is None or not self._model.tree or self.columnAt(place.x()) != Column.NAME:
            return -1
        node = self._model.node(row)
        left = sign_left(int(rows.outline.depth[node]), self.columnWidth(Column.NAME))
        return node if rows.is_module(node) and left - 2 <= place.x() < left + SIGN + 2 else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.touched = time.monotonic()
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.touched = time.monotonic()
        super().wheelEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, row: int) -> None:
        old, self.delegate.hovered = self.delegate.hovered, row
        if old != row:
            self._update_row(old)
            self._update_row(row)
            self.hovered_node.emit(self._model.node(row) if row >= 0 else -1)

    def link(self, node: int) -> None:
        """Show that a node is under the mouse in another view."""
        old, self.delegate.linked = self.delegate.linked, node
        for each in (old, node):
            self._update_row(self._model.row_of(each))

    def _update_row(self, row: int) -> None:
        if 0 <= row < self._model.rowCount():
            self.viewport().update(QRect(0, self.rowViewportPosition(row), self.viewport().width(), ROW))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.pos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            row = self.currentIndex().row()
            place = QPoint(64, self.rowViewportPosition(row) + ROW)
        else:
            row = self.rowAt(place.y())
        if row >= 0:
            self.menu_asked.emit(self._model.node(row), self.viewport().mapToGlobal(place))

    # painting

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() in _KEYBOARD_REASONS:
            self._by_keyboard = True
        nowhere = not self.currentIndex().isValid()
        blocked = self.selectionModel().blockSignals(nowhere)
        super().focusInEvent(event)
        if nowhere:  # Qt makes the first row current, but nobody has selected it
            self.selectionModel().clear()
        self.selectionModel().blockSignals(blocked)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.hide_columns()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        row = self.currentIndex().row()
        if self._by_keyboard and self.hasFocus() and row >= 0:
            painter = QPainter(self.viewport())
            pen = QPen(theme().focus, 2)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(1, self.rowViewportPosition(row) + 1, self.viewport().width() - 2, ROW - 2)
            painter.end()


_KEYBOARD_REASONS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
