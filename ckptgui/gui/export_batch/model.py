"""The list of checkpoints as a table: while one chooses with ticks, later with states."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from ckptgui.core.display import display
from ckptgui.export.batch import BatchItem, Prospect, Standing
from ckptgui.gui.export_batch.lines import Line
from ckptgui.gui.export_batch.words import state_words
from ckptgui.gui.numbers import integer, significant, size_text, tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()

NAME, EPOCH, LOSS, NOW, THEN, TARGET, STATE = range(7)
NUMBERS = frozenset({EPOCH, LOSS, NOW, THEN})
"""Columns of numbers, which stand at the right."""


class BatchModel(QAbstractTableModel):
    """``changed``: another line is wanted, or one comes to something else now. ``ticked``: the first of these."""

    changed = Signal()
    ticked = Signal()

    def __init__(self, lines: Sequence[Line], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines = list(lines)
        self._by_step = _told_by_step(lines)

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else STATE + 1

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            titles = (
                tr("Checkpoint"),
                tr("Step") if self._by_step else tr("Epoch"),
                tr("Loss"),
                tr("Now"),
                tr("Then"),
                tr("Becomes"),
                tr("State"),
            )
            return titles[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self.lines[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.text(line, index.column())
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME and line.standing is None:
            return Qt.CheckState.Checked if line.taken else Qt.CheckState.Unchecked
        return None

    def text(self, line: Line, column: int) -> str:
        """What stands in a cell."""
        if column == NAME:
            return display(line.title, 200)
        if column == EPOCH:
            number = line.step if self._by_step else line.epoch
            return integer(number) if number is not None else ""
        if column == LOSS:
            return significant(line.loss) if line.loss is not None else ""
        if column == NOW:
            return size_text(line.nbytes)
        if column == THEN:
            return size_text(line.prospect.nbytes) if line.prospect and not line.prospect.error else ""
        if column == TARGET:
            item = line.item
            return display(PurePath(item.out).name, 300) if item is not None and item.out else ""
        return state_words(line.standing)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == NAME else flags

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.tick([index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def tick(self, rows: Sequence[int], taken: bool) -> None:
        """Take lines in, or leave them out."""
        for row in rows:
            self._put(row, replace(self.lines[row], taken=taken))
        self.ticked.emit()
        self.changed.emit()

    def take(self, rows: Collection[int]) -> None:
        """Take these lines and no others."""
        for row, line in enumerate(self.lines):
            if line.taken != (row in rows):
                self._put(row, replace(line, taken=row in rows))
        self.ticked.emit()
        self.changed.emit()

    def forget_prospects(self) -> None:
        """Something else is asked for: what it comes to is not known."""
        for row, line in enumerate(self.lines):
            self._put(row, replace(line, prospect=None, item=None))

    def show_prospects(self, prospects: Sequence[tuple[int, Prospect]]) -> None:
        """What some lines come to."""
        for row, prospect in prospects:
            self._put(row, replace(self.lines[row], prospect=prospect))
        self.changed.emit()

    def show_items(self, items: Sequence[tuple[int, BatchItem]]) -> None:
        """Where lines go; those that are not among them go nowhere."""
        placed = dict(items)
        for row, line in enumerate(self.lines):
            if line.item != placed.get(row):
                self._put(row, replace(line, item=placed.get(row)))
        self.changed.emit()

    def show_standing(self, row: int, standing: Standing[Any]) -> None:
        """How far a line is."""
        self._put(row, replace(self.lines[row], standing=standing))

    def _put(self, row: int, line: Line) -> None:
        self.lines[row] = line
        self.dataChanged.emit(self.index(row, 0), self.index(row, STATE))


def _told_by_step(lines: Sequence[Line]) -> bool:
    """Whether the steps tell the checkpoints apart where the epochs do not."""
    epochs, steps = (
        [each for each in told if each is not None] for told in zip(*((x.epoch, x.step) for x in lines))
    )
    return len(set(steps)) > len(set(epochs))
