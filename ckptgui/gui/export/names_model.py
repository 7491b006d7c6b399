"""The names of an export as rows of a table: all of them, those that change, or those that stay behind."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.gui.export.outlook import NO_NAMES, Fate, Names
from ckptgui.gui.numbers import shape_text, tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()

GLYPH, OLD, ARROW, NEW, TYPE = range(5)
ALL, CHANGED, OUT = "all", "changed", "out"
"""Which of the rows are shown."""


class NamesModel(QAbstractTableModel):
    """Rows are lines of ``Names``, of which a filter keeps some."""

    def __init__(self, checkpoint: Checkpoint, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.checkpoint = checkpoint
        self.names: Names = NO_NAMES
        self._kept = ALL
        self._lines = np.zeros(0, np.int64)

    def show_names(self, names: Names) -> None:
        """Show others; the view stays where it is where there are as many."""
        same = len(names) == len(self.names) and self._kept == ALL
        if not same:
            self.beginResetModel()
        self.names = names
        self._lines = self._wanted()
        if not same:
            self.endResetModel()
        elif len(names):
            self.dataChanged.emit(self.index(0, 0), self.index(len(names) - 1, TYPE))

    def keep(self, kept: str) -> None:
        """Show all of them, what changes, or what stays behind."""
        self.beginResetModel()
        self._kept = kept
        self._lines = self._wanted()
        self.endResetModel()

    def _wanted(self) -> np.ndarray:
        if self._kept == CHANGED:
            return np.flatnonzero(self.names.changed & (self.names.fates <= Fate.TIED))
        if self._kept == OUT:
            return np.flatnonzero(self.names.fates >= Fate.OUT)
        return np.arange(len(self.names))

    def line(self, row: int) -> int:
        """The line of ``names`` that a row shows."""
        return int(self._lines[row])

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else 5

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return ("", tr("Name in the file"), "", tr("Name in the export"), tr("Type"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == TYPE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        line = self.line(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return self.cell(line, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.told(line) if index.column() == OLD else self.cell(line, index.column())
        return None

    def cell(self, line: int, column: int) -> str:
        """The text of a cell, ready to be shown."""
        names = self.names
        fate = names.fates[line]
        if column == OLD:
            return display(names.old[line], 400)
        if column == NEW:
            if fate == Fate.TIED:
                return tr("same as {name}").format(name=display(names.ties[line], 400))
            if fate == Fate.OUT:
                return tr("left out")
            if fate == Fate.LOST:
                return display(names.reasons.get(line, ""), 400)
            return tr("same name") if names.new[line] == names.old[line] else display(names.new[line], 400)
        if column == TYPE:
            return "0 B" if fate == Fate.TIED else "" if fate >= Fate.OUT else names.types[line].name
        return ""

    def told(self, line: int) -> str:
        """A row in full, for its tooltip."""
        names, table = self.names, self.checkpoint.tensors
        row = int(names.rows[line])
        saved, written = table.dtypes[table.dtype.item(row)].name, names.types[line].name
        kind = saved if saved == written else f"{saved} → {written}"
        after = self.cell(line, NEW)
        name = display(names.old[line], 1000)
        what = f"{shape_text(table.shape(row))}, {kind}"
        return "\n".join([name, *([f"→ {after}"] if after != name else []), what])
