"""The flat table under the list of changes: which nodes have a row, in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ckptgui.gui.compare.changes.columns import Column, meaning, title
from ckptgui.gui.compare.changes.rows import Rows
from ckptgui.gui.compare.changes.tooltips import tooltip
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import integer, tr

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ChangesModel(QAbstractTableModel):
    """Row numbers stand for the nodes in ``visible``; ``data`` answers from memory.

    ``tree``: modules have rows, too.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Rows | None = None
        self.tree = False
        self.epochs = title(Column.EPOCHS)
        self.opened = np.zeros(0, bool)
        self._visible = np.zeros(0, np.int64)
        self._row_of: np.ndarray | None = None

    @property
    def visible(self) -> np.ndarray:
        """The nodes that have a row, from top to bottom."""
        return self._visible

    def show(self, rows: Rows | None, visible: np.ndarray, opened: np.ndarray, tree: bool) -> None:
        """Show other rows, or the same in another order."""
        self.beginResetModel()
        self.rows, self.opened, self.tree = rows, opened, tree
        self._visible, self._row_of = visible, None
        self.endResetModel()

    def node(self, row: int) -> int:
        """The node that a row shows."""
        return int(self._visible[row])

    def row_of(self, node: int) -> int:
        """The row that shows a node, or -1."""
        if self.rows is None or not 0 <= node < len(self.rows.outline):
            return -1
        if self._row_of is None:
            self._row_of = np.full(len(self.rows.outline), -1, np.int64)
            self._row_of[self._visible] = np.arange(len(self._visible))
        return int(self._row_of[node])

    def is_open(self, node: int) -> bool:
        """Whether a module's children are shown."""
        return bool(self.opened[node])

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._visible)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.epochs if section == Column.EPOCHS else title(Column(section))
        return plain_tooltip(meaning(Column(section))) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.rows is None or not index.isValid() or index.row() >= len(self._visible):
            return None
        node, column = self.node(index.row()), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self.rows.text(node, column, not self.tree)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(tooltip(self.rows, node))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.spoken(node) if column is Column.NAME else self.rows.text(node, column)
        return None

    def spoken(self, node: int) -> str:
        """Name, and in a tree state and level, as a screen reader says them."""
        rows = self.rows
        if rows is None:
            return ""
        parts = [rows.name(node, not self.tree)]
        if self.tree:
            if rows.is_module(node):
                parts.append(tr("expanded") if self.is_open(node) else tr("collapsed"))
            parts.append(tr("level {}").format(integer(int(rows.outline.depth[node]) + 1)))
        return ", ".join(parts)
