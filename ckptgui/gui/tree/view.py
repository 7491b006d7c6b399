"""The table that behaves like a tree: keys fold and unfold, the chevron is clicked, typing jumps to a name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QRect, Qt, Signal
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
)
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from ckptgui.gui.theme import ROW, theme, theme_signal
from ckptgui.gui.tree.columns import SHOWN_FIRST, Column
from ckptgui.gui.tree.delegate import INDENT, SIGN, TreeDelegate, sign_left
from ckptgui.gui.tree.header import TreeHeader
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.rows import Rows
from ckptgui.gui.tree.scroll_bar import SlimScrollBar
from ckptgui.gui.tree.type_ahead import TypeAhead


class TreeView(QTableView):
    """Shows a ``TreeModel`` and says what a person asks of it; what is open is decided elsewhere."""

    toggled = Signal(int, bool)  # node, open
    expanded_below = Signal(int)
    run_toggled = Signal(int)  # a row of equal layers
    current_node = Signal(int)
    menu_asked = Signal(int, QPoint)  # node, global place
    copy_asked = Signal(int)
    pin_asked = Signal(int)  # node: its distribution shall be compared with that of others
    scrolled = Signal()

    def __init__(self, model: TreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._type_ahead = TypeAhead(model.rowCount, model.label)
        self._by_keyboard = False
        self.chosen_columns = SHOWN_FIRST
        self._told: frozenset[Column] = frozenset()  # shown although nobody chose them
        self.delegate = TreeDelegate(model, self)
        self.setModel(model)
        self.setItemDelegate(self.delegate)
        self.header = TreeHeader(self.delegate.widths, self)
        self.setHorizontalHeader(self.header)
        self._lay_out()
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self.verticalScrollBar().valueChanged.connect(self.scrolled)
        theme_signal().changed.connect(self.viewport().update)

    def _lay_out(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBar(SlimScrollBar(self))
        rows = self.verticalHeader()
        rows.setVisible(False)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(ROW)
        rows.setDefaultSectionSize(ROW)
        header = self.horizontalHeader()
        for column in Column:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, self.delegate.widths.of(column))
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)

    def fit(self, rows: Rows) -> None:
        """Give the columns the widths that a file's shapes and types need."""
        self.delegate.widths.fit(rows.shapes(), rows.types())
        self.fit_places(rows)

    def fit_places(self, rows: Rows) -> None:
        """The same for where tensors are; what lies on a device is said even if nobody chose that column."""
        self.delegate.widths.fit_places(rows.places.texts())
        self._told = frozenset({Column.DEVICE}) if rows.places.any else frozenset()
        header = self.horizontalHeader()
        for column in (Column.SHAPE, Column.TYPE, Column.DEVICE):
            header.resizeSection(column, self.delegate.widths.of(column))
        self._hide_columns()

    def current(self) -> int:
        """The current node, or -1."""
        index = self.currentIndex()
        return self._model.node(index.row()) if index.isValid() else -1

    def go_to(
        self, node: int, place: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> bool:
        """Make a visible node current and scroll to it."""
        row = self._model.row_of(node)
        if row < 0:
            return False
        index = self._model.index(row, Column.NAME)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index, place)
        return True

    def visible_nodes(self) -> list[int]:
        """The nodes on the screen."""
        rows = self.visible_rows()
        found: list[int] = self._model.visible[rows.start : rows.stop].tolist()
        return found

    def visible_rows(self) -> range:
        """The rows on the screen."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return range(0)
        return range(first, last + 1 if last >= 0 else self._model.rowCount())

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.current_node.emit(self._model.node(current.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._by_keyboard = True
        node, before = self.current(), self.currentIndex().row()
        if event.matches(QKeySequence.StandardKey.Copy):
            if node >= 0:
                self.copy_asked.emit(node)
            return
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and event.key() == Qt.Key.Key_Space:
            if node >= 0:
                self.pin_asked.emit(node)
            return
        act = _KEYS.get(Qt.Key(event.key())) if not event.modifiers() & ~_HARMLESS else None
        if act is not None and node >= 0 and self._model.rows is not None:
            act(self, node)
            self._update_row(self.currentIndex().row())
            return
        super().keyPressEvent(event)
        for row in {before, self.currentIndex().row()}:  # the ring goes from one to the other
            self._update_row(row)

    def _fold(self, node: int) -> None:
        rows = self._model.rows
        if rows is None:
            return
        if rows.tree.is_branch(node) and self._model.is_open(node):
            self.toggled.emit(node, False)
        elif node > 0:
            self.go_to(int(rows.tree.parent[node]))

    def _unfold(self, node: int) -> None:
        rows = self._model.rows
        if rows is None or not rows.tree.is_branch(node):
            return
        if self._model.is_open(node):
            self._step(1)
        else:
            self.toggled.emit(node, True)

    def _toggle(self, node: int) -> None:
        rows = self._model.rows
        if rows is not None and rows.tree.is_branch(node):
            self.toggled.emit(node, not self._model.is_open(node))

    def _unfold_all(self, node: int) -> None:
        self.expanded_below.emit(node)

    def _toggle_run(self, node: int) -> None:
        self.run_toggled.emit(node)

    def _step(self, by: int) -> None:
        row = min(max(0, self.currentIndex().row() + by), self._model.rowCount() - 1)
        self.go_to(self._model.node(row))

    def _first(self, _node: int) -> None:
        self._step(-self._model.rowCount())

    def _last(self, _node: int) -> None:
        self._step(self._model.rowCount())

    def keyboardSearch(self, search: str) -> None:
        """Jump to the next name that begins with what is typed; after a pause it begins anew."""
        row = self._type_ahead.find(search, self.currentIndex().row())
        if row >= 0:
            self.go_to(self._model.node(row))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._by_keyboard:
            self._by_keyboard = False
            self.viewport().update()  # the ring of the row before goes
        node = self._chevron_at(event.position().toPoint())
        if node >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self.toggled.emit(node, not self._model.is_open(node))
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            return
        row = self.rowAt(event.position().toPoint().y())
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and row >= 0:
            self.pin_asked.emit(self._model.node(row))  # what is selected stays
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        row = self.rowAt(place.y())
        if event.button() is not Qt.MouseButton.LeftButton or row < 0:
            return
        node = self._chevron_at(place)
        self._toggle(node if node >= 0 else self._model.node(row))

    def _chevron_at(self, place: QPoint) -> int:
        """The branch whose chevron is at a place, or -1; the whole height of the row counts."""
        row, rows = self.rowAt(place.y()), self._model.rows
        if row < 0 or rows is None or self.columnAt(place.x()) != Column.NAME:
            return -1
        node = self._model.node(row)
        left = sign_left(int(rows.tree.depth[node]), self.columnWidth(Column.NAME))
        return node if rows.tree.is_branch(node) and left - 2 <= place.x() < left + SIGN + 2 else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.rowAt(event.position().toPoint().y()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def _hover(self, row: int) -> None:
        old, self.delegate.hovered = self.delegate.hovered, row
        if old != row:
            self._update_row(old)
            self._update_row(row)

    def _update_row(self, row: int) -> None:
        if 0 <= row < self._model.rowCount():
            self.viewport().update(QRect(0, self.rowViewportPosition(row), self.viewport().width(), ROW))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        place = event.pos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            node = self.current()
            place = QPoint(INDENT * 4, self.rowViewportPosition(self.currentIndex().row()) + ROW)
        else:
            row = self.rowAt(place.y())
            node = self._model.node(row) if row >= 0 else -1
        if node >= 0:
            self.menu_asked.emit(node, self.viewport().mapToGlobal(place))

    def focusInEvent(self, event: QFocusEvent) -> None:
        if event.reason() in _KEYBOARD_REASONS:
            self._by_keyboard = True
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        current = self.currentIndex()
        place = self.rowViewportPosition(current.row()) if current.isValid() else -1
        self._hide_columns()
        super().resizeEvent(event)
        if 0 <= place < event.oldSize().height():  # what was seen of the selection stays in sight
            self.scrollTo(current)
        self.scrolled.emit()

    def choose_columns(self, columns: frozenset[Column]) -> None:
        """Show these of the columns that can be chosen, as far as there is room."""
        self.chosen_columns = columns
        self._hide_columns()

    def hidden_columns(self) -> frozenset[Column]:
        """What is not shown now."""
        return self.delegate.widths.hidden(self.viewport().width(), self.shown_columns)

    @property
    def shown_columns(self) -> frozenset[Column]:
        """Those that somebody chose, and those that tell what must not be missed."""
        return self.chosen_columns | self._told

    def _hide_columns(self) -> None:
        hidden = self.hidden_columns()
        for column in Column:
            if self.isColumnHidden(column) != (column in hidden):
                self.setColumnHidden(column, column in hidden)

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


_HARMLESS = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier
_KEYBOARD_REASONS = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
_KEYS = {
    Qt.Key.Key_Left: TreeView._fold,
    Qt.Key.Key_Right: TreeView._unfold,
    Qt.Key.Key_Return: TreeView._toggle,
    Qt.Key.Key_Enter: TreeView._toggle,
    Qt.Key.Key_Asterisk: TreeView._unfold_all,
    Qt.Key.Key_Equal: TreeView._toggle_run,
    Qt.Key.Key_Home: TreeView._first,
    Qt.Key.Key_End: TreeView._last,
}
