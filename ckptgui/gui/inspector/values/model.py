"""A table over any 2-D slice of a tensor of any size: blocks are read in the background and kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QColor

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.cells import cell_text, exact_text, is_unusual, plain_number
from ckptgui.gui.inspector.slices import PAGE, Slice, read_cells
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import DASH, integer
from ckptgui.gui.theme import theme, theme_signal
from ckptgui.sources.locate import SourcePool

BLOCK = 64
"""Rows and columns of a block."""

KEPT_BLOCKS = 256
"""Blocks kept in memory; at 8 bytes a value that is 8 MiB."""

Index = QModelIndex | QPersistentModelIndex
Place = tuple[int, int]
Block = list[np.ndarray]
"""Rows, of which the last may be short."""


class ValuesModel(QAbstractTableModel):
    """``data`` never reads: it shows a dash and remembers what is missing. ``filled`` says that all came."""

    filled = Signal()
    failed = Signal(str)

    def __init__(self, background: Background, parent: Any = None) -> None:
        super().__init__(parent)
        self._info: TensorInfo | None = None
        self._pool: SourcePool | None = None
        self.slice = Slice(-1, -1, ())
        self._blocks: OrderedDict[Place, Block] = OrderedDict()
        self._missing: OrderedDict[Place, None] = OrderedDict()
        self._lane = background.lane(self, urgent=True)
        self._copier = background.lane(self)
        self._looker = background.lane(self)
        self.broken = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._fetch)
        theme_signal().changed.connect(self._recolour)

    def set_tensor(self, info: TensorInfo | None, pool: SourcePool | None, room: int = 1) -> None:
        """Show another tensor; ``room`` columns can be seen at once."""
        self.beginResetModel()
        self._info, self._pool = info, pool
        self.slice = Slice.of(info.shape, room) if info else Slice(-1, -1, ())
        self._drop()
        self.broken = False
        self.endResetModel()

    def set_slice(self, chosen: Slice) -> None:
        """Show another slice, or another page."""
        if chosen == self.slice:
            return
        self.beginResetModel()
        self.slice = chosen
        self._drop()
        self.endResetModel()

    def _drop(self) -> None:
        self._lane.cancel()
        self._looker.cancel()
        self._blocks.clear()
        self._missing.clear()

    @property
    def waiting(self) -> bool:
        """Whether cells that were looked at have not come yet."""
        return bool(self._missing) or self._lane.busy

    def total_rows(self) -> int:
        """Rows of the slice, all pages together."""
        return self.slice.total_rows(self._info.shape) if self._info is not None and self._info.numel else 0

    def total_columns(self) -> int:
        """Columns of the slice, all pages together."""
        return self.slice.total_columns(self._info.shape) if self._info is not None and self._info.numel else 0

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Rows of this page."""
        return 0 if parent.isValid() else max(0, min(PAGE, self.total_rows() - self.slice.first_row))

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Columns of this page."""
        return 0 if parent.isValid() else max(0, min(PAGE, self.total_columns() - self.slice.first_column))

    def value(self, row: int, column: int) -> Any:
        """The number in a cell of this page, None while it is not known."""
        key = row // BLOCK, column // BLOCK
        block = self._blocks.get(key)
        if block is None or self.is_beyond(row, column):
            return None
        return block[row % BLOCK][column % BLOCK]

    def is_beyond(self, row: int, column: int) -> bool:
        """Whether a cell of the last line of a wrapped dimension lies behind the last value."""
        if self._info is None or not self.slice.columns < 0 <= self.slice.rows:
            return False
        return self.slice.index(row, column)[0] >= self._info.shape[0]

    def position(self, row: int, column: int) -> tuple[int, ...]:
        """The tensor's index of a cell of this page."""
        return self.slice.index(row, column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows; a missing one asks for its block and shows a dash."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.ToolTipRole):
            return None
        text, colour = self.look(index.row(), index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return text or None
        if role == Qt.ItemDataRole.ForegroundRole:
            return colour
        value = self.value(index.row(), index.column())
        if value is None:
            return None
        place = ", ".join(map(str, self.position(index.row(), index.column())))
        return f"[{place}]  {exact_text(value)}"

    def look(self, row: int, column: int) -> tuple[str, QColor]:
        """The text and the colour of a cell; a missing one asks for its block."""
        if self.is_beyond(row, column):
            return "", theme().text
        value = self.value(row, column)
        if value is None:
            self._want((row // BLOCK, column // BLOCK))
            return DASH, theme().text3
        number = plain_number(value)
        return cell_text(number), theme().nan if is_unusual(number) else theme().text

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Rows and columns are called by their index, lines of a wrapped dimension by their first value's."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return integer((section + self.slice.first_row) * self.slice.wrap)
        return integer(section + self.slice.first_column) if self.slice.columns >= 0 else f"+{section}"

    def read(self, rows: range, columns: range, then: Callable[[Block], None], *, quietly: bool = False) -> None:
        """Read a rectangle of this page, seen or not, and hand its rows to ``then``; ``quietly``, not if it fails.

        Each of the two ways gives up what it was asked before.
        """
        info, pool, seen = self._info, self._pool, self.slice
        if info is None or pool is None:
            return

        def work(cancel: Cancel, report: Report) -> Block:
            return read_cells(info, pool, seen, rows, columns)

        if quietly:
            self._looker.start(work, then)
        else:
            self._copier.start(work, then, self._failed)

    def _want(self, key: Place) -> None:
        if not self.broken and key not in self._missing:
            self._missing[key] = None
            if not self._lane.busy:
                self._soon.start()

    def _fetch(self) -> None:
        """Read what is missing, newest first, in one job; what scrolled away long ago is dropped."""
        info, pool = self._info, self._pool
        if info is None or pool is None or self._lane.busy or not self._missing:
            return
        keys = list(reversed(self._missing))[:16]
        seen, rows, columns = self.slice, self.rowCount(), self.columnCount()

        def work(cancel: Cancel, report: Report) -> dict[Place, Block]:
            found = {}
            for key in keys:
                cancel.check()
                found[key] = read_block(info, pool, seen, key, rows, columns)
            return found

        self._lane.start(work, self._arrived, self._failed)

    def _arrived(self, found: dict[Place, Block]) -> None:
        self._blocks.update(found)
        self._missing.clear()  # cells that are still seen ask again when they are painted
        while len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        for row, column in found:
            last_row, last_column = (
                min((row + 1) * BLOCK, self.rowCount()),
                min((column + 1) * BLOCK, self.columnCount()),
            )
            self.dataChanged.emit(
                self.index(row * BLOCK, column * BLOCK), self.index(last_row - 1, last_column - 1)
            )
        QTimer.singleShot(0, self, self._tell_filled)

    def _tell_filled(self) -> None:
        if not self.waiting:
            self.filled.emit()

    def _failed(self, error: CheckpointError) -> None:
        self._missing.clear()
        self.broken = True
        self.failed.emit(str(error))

    def _recolour(self) -> None:
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))


def read_block(info: TensorInfo, pool: SourcePool, seen: Slice, key: Place, rows: int, columns: int) -> Block:
    """One block of a page of so many rows and columns."""
    top, left = key[0] * BLOCK, key[1] * BLOCK
    across = range(left, min(left + BLOCK, columns))
    return read_cells(info, pool, seen, range(top, min(top + BLOCK, rows)), across)
