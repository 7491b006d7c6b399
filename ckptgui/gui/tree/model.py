"""The visible rows of a tree as a flat table; opening a branch splices rows, nothing is asked twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.tree.columns import Column, title, tooltip
from ckptgui.gui.tree.rows import Rows

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class TreeModel(QAbstractTableModel):
    """Row numbers stand for the nodes in ``visible``; ``data`` answers from memory or not at all."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Rows | None = None
        self._visible = np.zeros(0, np.int32)
        self._expanded = np.zeros(0, bool)
        self._place: np.ndarray | None = None
        self._places: np.ndarray | None = None

    @property
    def rows(self) -> Rows | None:
        """What the rows say; None while nothing is shown."""
        return self._rows

    @property
    def visible(self) -> np.ndarray:
        """int32, the nodes that have a row, from top to bottom."""
        return self._visible

    def show_tree(
        self,
        rows: Rows | None,
        visible: np.ndarray,
        expanded: np.ndarray,
        place: np.ndarray | None = None,
    ) -> None:
        """Show another tree, or another choice of its rows; ``place`` (int32 a node) is the order of all."""
        self.beginResetModel()
        self._rows, self._expanded, self._place = rows, expanded, place
        self._take(visible)
        self.endResetModel()

    def _take(self, visible: np.ndarray) -> None:
        self._visible = visible
        self._places = None if self._place is None else self._place[visible]

    def show_rows(self, visible: np.ndarray, expanded: np.ndarray) -> None:
        """Show other rows of the same tree: one insertion or removal where that is the difference."""
        old, self._expanded = self._visible, expanded
        start, old_stop, new_stop = _difference(old, visible)
        if old_stop > start and new_stop > start:
            self.show_tree(self._rows, visible, expanded, self._place)
            return
        if new_stop > start:
            self.beginInsertRows(QModelIndex(), start, new_stop - 1)
            self._take(visible)
            self.endInsertRows()
        elif old_stop > start:
            self.beginRemoveRows(QModelIndex(), start, old_stop - 1)
            self._take(visible)
            self.endRemoveRows()
        if start:
            self.dataChanged.emit(self.index(start - 1, 0), self.index(start - 1, len(Column) - 1))

    def rows_changed(self, rows: Sequence[int]) -> None:
        """Say in one notice that late values of these rows are there."""
        if rows:
            self.dataChanged.emit(self.index(min(rows), Column.NAME), self.index(max(rows), len(Column) - 1))

    def node(self, row: int) -> int:
        """The node that a row shows."""
        return int(self._visible[row])

    def label(self, row: int) -> str:
        """The last part of the name that a row shows."""
        return "" if self._rows is None else self._rows.tree.labels[self.node(row)]

    def row_of(self, node: int) -> int:
        """The row that shows a node, or -1."""
        if self._place is None or self._places is None:
            row = int(np.searchsorted(self._visible, node))
        else:
            row = int(np.searchsorted(self._places, self._place[node]))
        return row if row < len(self._visible) and self._visible[row] == node else -1

    def is_open(self, node: int) -> bool:
        """Whether a branch's children are shown."""
        return bool(self._expanded[node])

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._visible)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return title(Column(section))
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(tooltip(Column(section)))
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._rows is None or not index.isValid() or index.row() >= len(self._visible):
            return None
        node, column = self.node(index.row()), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(node, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self._rows.tooltip(node))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.spoken(node) if column is Column.NAME else self.text(node, column)
        return None

    def text(self, node: int, column: Column) -> str:
        """A cell as text."""
        rows = self._rows
        if rows is None:
            return ""
        if column is Column.NAME:
            return rows.name(node)
        if column is Column.SHAPE:
            return rows.shape(node)
        if column is Column.TYPE:
            return rows.type(node)
        if column is Column.DEVICE:
            return rows.place(node).text
        if column is Column.SIZE:
            return " ".join(rows.size(node) or ())
        if column is Column.MEAN:
            share = rows.read_share(node)
            reading = "" if share is None else f"{int(100 * share)} %"
            return " ± ".join(filter(None, rows.mean_std(node) or ())) or reading
        if column is Column.RANGE:
            return f" {tr('to')} ".join(rows.extremes(node) or ())
        if column is Column.ZEROS:
            return rows.zeros(node)
        return ""

    def spoken(self, node: int) -> str:
        """Name, state and level, as a screen reader says them."""
        rows = self._rows
        if rows is None:
            return ""
        parts = [
            rows.name(node),
            rows.note(node),
            *(badge.text for badge in rows.badges(node, self.is_open(node))),
        ]
        if rows.tree.is_branch(node):
            parts.append(tr("expanded") if self.is_open(node) else tr("collapsed"))
        parts.append(tr("level {}").format(int(rows.tree.depth[node]) + 1))
        return ", ".join(filter(None, parts))


def _difference(old: np.ndarray, new: np.ndarray) -> tuple[int, int, int]:
    """Where two arrays begin to differ, and where what differs stops in each."""
    short = min(len(old), len(new))
    differs = np.flatnonzero(old[:short] != new[:short])
    start = int(differs[0]) if len(differs) else short
    tail = short - start
    differs = np.flatnonzero(old[len(old) - tail :][::-1] != new[len(new) - tail :][::-1]) if tail else differs[:0]
    same = int(differs[0]) if len(differs) else tail
    return start, len(old) - same, len(new) - same
