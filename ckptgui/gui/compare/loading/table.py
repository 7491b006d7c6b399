"""The names that stand in the way as a table, from which rows are copied."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckptgui.gui.compare.loading.problems import Problem, table_text
from ckptgui.gui.inspector.copying import copy_text
from ckptgui.gui.inspector.flat import FlatHeader, flat_rows
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, ui_font

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
MAX_SELECTED = 2_000
"""Rows that are copied at once by keys; the button has all."""

_KIND, _NAME, _EXPECTED, _FOUND = range(4)


class ProblemsModel(QAbstractTableModel):
    """One row a name."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.problems: tuple[Problem, ...] = ()

    def show(self, problems: tuple[Problem, ...]) -> None:
        """Show others."""
        self.beginResetModel()
        self.problems = problems
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.problems)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else 4

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) and index.isValid():
            return self.problems[index.row()].cells[index.column()]
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (tr("Problem"), tr("Name"), tr("The model expects"), tr("The file has"))[section]
        return None


class _Cells(QStyledItemDelegate):
    """Plain text; names give up their middle, words their end."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell."""
        t, rect, view = theme(), option.rect, option.widget
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, t.sel if view is not None and view.hasFocus() else t.pressed)
            if index.column() == _KIND:
                painter.fillRect(rect.left(), rect.top(), 2, rect.height(), t.accent)
        painter.setFont(ui_font())
        painter.setPen(t.text2 if index.column() == _KIND else t.text)
        room = rect.adjusted(24 if index.column() == _KIND else 4, 0, -8, 0)
        mode = Qt.TextElideMode.ElideMiddle if index.column() == _NAME else Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(str(index.data()), mode, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


class ProblemsTable(QTableView):
    """Ctrl+C and the context menu copy the selected rows."""

    def __init__(self, model: ProblemsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self._model = model
        self.setFont(ui_font())
        self.setItemDelegate(_Cells(self))
        self.setAccessibleName(tr("Names that stand in the way"))
        header = FlatHeader(Qt.Orientation.Horizontal, self, lead=24)
        flat_rows(self, header)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Part the width among the columns."""
        super().resizeEvent(event)
        wide, metrics = self.viewport().width(), self.fontMetrics()
        kind = metrics.horizontalAdvance(tr("cannot be copied")) + 36
        sizes = min(metrics.horizontalAdvance("32,000 × 32,000 × 9 × 9"), round(wide * 0.2))
        for column, width in (
            (_KIND, kind),
            (_NAME, wide - kind - 2 * sizes),
            (_EXPECTED, sizes),
            (_FOUND, sizes),
        ):
            self.setColumnWidth(column, width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.currentIndex().isValid():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addAction(tr("Copy")).triggered.connect(self.copy_rows)
            menu.popup(event.globalPos())

    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard as tab-separated text."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        copy_text(table_text([self._model.problems[row] for row in rows[:MAX_SELECTED]]))
