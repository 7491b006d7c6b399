"""The lines of the list of members: ticked or not, in an order that a drag changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt, Signal

from ckptgui.core.display import display
from ckptgui.core.format_names import format_name
from ckptgui.gui.compare.members.choice import Choice, by_epoch
from ckptgui.gui.numbers import integer, size_text, tr

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_MIME = "application/x-ckptgui-members"

NAME, EPOCH, STEP, SIZE, FORMAT, STATE = range(6)
NUMBERS = (EPOCH, STEP, SIZE)
"""Columns of numbers, which stand at the right."""

TITLES = ("Name", "Epoch", "Step", "Size", "Format", "State")


class MembersModel(QAbstractTableModel):
    """``changed``: a tick or the order is another. ``by_hand``: the order is no longer that of the epochs."""

    changed = Signal()

    def __init__(self, choices: Sequence[Choice], by_hand: bool) -> None:
        super().__init__()
        self.choices = list(choices)
        self.by_hand = by_hand

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.choices)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(TITLES[section])
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section in NUMBERS else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        choice = self.choices[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return cells(choice)[index.column()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME:
            return Qt.CheckState.Checked if choice.taken else Qt.CheckState.Unchecked
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
        return flags | Qt.ItemFlag.ItemIsUserCheckable if index.column() == NAME else flags

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole:
            return False
        self.tick([index.row()], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def tick(self, rows: Sequence[int], taken: bool) -> None:
        """Take lines in, or leave them out."""
        for row in rows:
            self.choices[row] = replace(self.choices[row], taken=taken)
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(TITLES) - 1))
        self.changed.emit()

    def move(self, row: int, to: int) -> bool:
        """Put a line before the one at ``to``, or at the end."""
        if not 0 <= row < len(self.choices) or to in (row, row + 1) or not 0 <= to <= len(self.choices):
            return False
        self.beginMoveRows(_ROOT, row, row, _ROOT, to)
        choice = self.choices.pop(row)
        self.choices.insert(to - (to > row), choice)
        self.endMoveRows()
        self.by_hand = True
        self.changed.emit()
        return True

    def order_by_epoch(self) -> None:
        """The order that the files tell of."""
        self.beginResetModel()
        self.choices = list(by_epoch(self.choices))
        self.endResetModel()
        self.by_hand = False
        self.changed.emit()

    def add(self, paths: Sequence[str]) -> None:
        """Append what is not there yet, to be opened later."""
        there = {choice.path for choice in self.choices}
        new = [path for path in dict.fromkeys(paths) if path not in there]
        if new:
            self.beginInsertRows(_ROOT, len(self.choices), len(self.choices) + len(new) - 1)
            self.choices += [Choice(path, -1, True) for path in new]
            self.endInsertRows()
        for row, choice in enumerate(self.choices):
            if choice.path in paths and not choice.taken:
                self.choices[row] = replace(choice, taken=True)
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(TITLES) - 1))
        self.changed.emit()

    # dragging

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(_MIME, str(indexes[0].row()).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index = _ROOT
    ) -> bool:
        to = row if row >= 0 else parent.row() if parent.isValid() else len(self.choices)
        self.move(int(bytes(data.data(_MIME).data())), to)
        return False  # the view would take the dragged row away


def cells(choice: Choice) -> tuple[str, ...]:
    """What stands in the columns of a line."""
    member = choice.member
    name = display(choice.path.replace("\\", "/").rstrip("/").rpartition("/")[2] or choice.path, 200)
    if member is not None and member.section is not None:
        name = tr("{name}, {section}").format(name=name, section=display(member.section, 60))
    numbers = (member.epoch, member.step) if member is not None else (None, None)
    checkpoint = member.checkpoint if member is not None else None
    state = (member.error or tr("whole")) if member is not None else choice.why or tr("not opened yet")
    return (
        name,
        *(integer(number) if number is not None else "" for number in numbers),
        size_text(choice.nbytes) if choice.nbytes >= 0 else "",
        tr(format_name(checkpoint.format)) if checkpoint is not None else "",
        display(state, 400),
    )
