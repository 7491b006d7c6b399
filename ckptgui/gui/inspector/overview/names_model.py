"""The names of a file as a table: sorted and filtered by rows of numbers, so ten thousand of them are few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from ckptgui.core.checkpoint import GlobalClass
from ckptgui.core.display import display
from ckptgui.core.names_used import UsedName
from ckptgui.gui.numbers import tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()

_WORST_FIRST = (GlobalClass.CALLABLE, GlobalClass.CLASS, GlobalClass.KNOWN)


class Column(IntEnum):
    """What is told of a name."""

    NAME = 0
    USE = 1
    RESTRICTED = 2
    WHERE = 3
    EFFECT = 4


def use_text(use: GlobalClass) -> str:
    """What a name is able to do."""
    return {
        GlobalClass.CALLABLE: tr("runs code"),
        GlobalClass.CLASS: tr("class"),
        GlobalClass.KNOWN: tr("known"),
    }[use]


def cell_text(name: UsedName, column: Column) -> str:
    """A cell as it is shown and copied."""
    match column:
        case Column.NAME:
            return display(name.name)
        case Column.USE:
            return use_text(name.use)
        case Column.RESTRICTED:
            return tr("takes it") if name.allowed else tr("refuses it")
        case Column.WHERE:
            return display(name.where)
        case Column.EFFECT:
            return display(name.effect, 1024)


def title(column: Column) -> str:
    """The heading of a column."""
    return {
        Column.NAME: tr("Name"),
        Column.USE: tr("Use"),
        Column.RESTRICTED: tr("weights_only"),
        Column.WHERE: tr("Stands first in"),
        Column.EFFECT: tr("A full load"),
    }[column]


class NamesModel(QAbstractTableModel):
    """Rows in the order asked for, of those only that hold every word of the filter."""

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[UsedName, ...] = ()
        self._texts: list[str] = []
        self._shown: list[int] = []
        self._words: list[str] = []
        self._order: tuple[Column | None, bool] = (None, False)

    def set_names(self, names: Sequence[UsedName]) -> None:
        """Show another file's names, worst first."""
        self._names = tuple(names)
        self._texts = [f"{name.name} {use_text(name.use)} {name.where}".lower() for name in names]
        self._words, self._order = [], (None, False)
        self._arrange()

    def set_filter(self, text: str) -> None:
        """Show names alone that hold every word, in themselves, their use or their place."""
        self._words = text.lower().split()
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; ties stay worst first."""
        self._order = (Column(column) if column >= 0 else None, order == Qt.SortOrder.DescendingOrder)
        self._arrange()

    def _arrange(self) -> None:
        self.beginResetModel()
        rows: list[int] = list(range(len(self._names)))
        if self._words:
            rows = [row for row in rows if all(word in self._texts[row] for word in self._words)]
        column, backwards = self._order
        if column is not None:
            key = self._key(column)
            rows.sort(key=lambda row: key(self._names[row]), reverse=backwards)
        self._shown = rows
        self.endResetModel()

    @staticmethod
    def _key(column: Column) -> Callable[[UsedName], tuple[str, int]]:
        if column is Column.USE:
            return lambda name: ("", _WORST_FIRST.index(name.use))
        if column is Column.RESTRICTED:
            return lambda name: ("", name.allowed)
        if column is Column.WHERE:
            return lambda name: _place(name.where)
        return lambda name: (cell_text(name, column).lower(), 0)

    def name(self, row: int) -> UsedName:
        """The name in a row."""
        return self._names[self._shown[row]]

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole) and index.isValid():
            return cell_text(self.name(index.row()), Column(index.column()))
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return title(Column(section))
        return None


def _place(where: str) -> tuple[str, int]:
    """A record and the byte in it, so that byte 9 stands before byte 1,000."""
    record, _, byte = where.partition(", ")
    digits = "".join(filter(str.isdecimal, byte))
    return record, int(digits) if digits else -1
