"""Updates as a table: one row a parameter, sorted as asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from ckptgui.analysis.update_rules import UpdateSize
from ckptgui.gui.labels import plain_tooltip
from ckptgui.gui.numbers import DASH, exact, significant, tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class Column(IntEnum):
    """What is told of a parameter."""

    NAME = 0
    WEIGHT = 1
    UPDATE = 2
    RATIO = 3
    VERDICT = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter's row in the checkpoint's table, its name, and its update or why there is none."""

    row: int
    name: str
    size: UpdateSize | str

    @property
    def ratio(self) -> float:
        """The update against the weight; NaN where it is not known."""
        if isinstance(self.size, str) or self.size.ratio is None:
            return float("nan")
        return self.size.ratio

    @property
    def verdict(self) -> str:
        """``still``, ``runs away``, or nothing."""
        return "" if isinstance(self.size, str) else self.size.verdict


def title(column: Column) -> str:
    """The heading of a column."""
    return {
        Column.NAME: tr("Parameter"),
        Column.WEIGHT: tr("Weight"),
        Column.UPDATE: tr("Update"),
        Column.RATIO: tr("Ratio"),
        Column.VERDICT: "",
    }[column]


def verdict_text(verdict: str) -> str:
    """In the window's words."""
    return {"still": tr("stands still"), "runs away": tr("runs away")}.get(verdict, "")


class UpdatesModel(QAbstractTableModel):
    """In the file's order until it is sorted; what is not known comes last."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: Sequence[Row] = ()
        self._order: list[int] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show others."""
        self.beginResetModel()
        self._rows, self._order = rows, list(range(len(rows)))
        self.endResetModel()

    def at(self, row: int) -> Row:
        """What a row of the table shows."""
        return self._rows[self._order[row]]

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.beginResetModel()
        numbers = list(range(len(self._rows)))
        if column == Column.NAME:
            numbers.sort(key=lambda n: self._rows[n].name, reverse=order == Qt.SortOrder.DescendingOrder)
        elif column > 0:
            keys = np.array([self._key(self._rows[n], Column(column)) for n in numbers])
            keys = -keys if order == Qt.SortOrder.DescendingOrder else keys
            numbers = np.argsort(keys, kind="stable").tolist()
        self._order = numbers
        self.endResetModel()

    @staticmethod
    def _key(row: Row, column: Column) -> float:
        if isinstance(row.size, str):
            return float("nan")
        return {Column.WEIGHT: row.size.weight, Column.UPDATE: row.size.update}.get(column, row.ratio)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return title(Column(section))
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if section in _LEFT else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, column = self.at(index.row()), Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(_tooltip(row, column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if column in _LEFT else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        return None


_LEFT = (Column.NAME,)


def cell_text(row: Row, column: Column) -> str:
    """A cell as it is shown and copied."""
    if column is Column.NAME:
        return row.name
    if isinstance(row.size, str):
        return row.size if column is Column.VERDICT else DASH
    match column:
        case Column.WEIGHT:
            return significant(row.size.weight)
        case Column.UPDATE:
            return significant(row.size.update)
        case Column.RATIO:
            return significant(row.size.ratio, 3)
    return verdict_text(row.size.verdict)


def _tooltip(row: Row, column: Column) -> str:
    if isinstance(row.size, str) or column is Column.NAME:
        return cell_text(row, column)
    if column is Column.RATIO:
        return exact(row.size.ratio)
    number = {Column.WEIGHT: row.size.weight, Column.UPDATE: row.size.update}.get(column)
    largest = tr("largest single change {0}").format(significant(row.size.largest))
    return exact(number) if number is not None else largest
