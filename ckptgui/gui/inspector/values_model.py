"""A table over any 2-D slice of a tensor of any size: blocks are read in the background and kept for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, Signal

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.window import read_window
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.cells import cell_text, exact_text, is_unusual
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import DASH, integer
from ckptgui.gui.theme import theme, theme_signal
from ckptgui.sources.locate import SourcePool

BLOCK = 64
"""Rows and columns of a block."""

KEPT_BLOCKS = 256
"""Blocks kept in memory; at 8 bytes a value that is 8 MiB."""

PAGE = 1_000_000
"""Rows, and columns, that Qt is told of at a time: its headers keep some bytes for each."""

Index = QModelIndex | QPersistentModelIndex
Block = tuple[int, int]


@dataclass(frozen=True)
class Slice:
    """Which two dimensions are seen, where the others stand, and which page of rows and columns it is.

    ``rows`` or ``columns`` is -1 where the tensor has no such dimension.
    """

    rows: int
    columns: int
    fixed: tuple[int, ...]
    first_row: int = 0
    first_column: int = 0

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Slice:
        """The last two dimensions at the beginning of the others."""
        dims = len(shape)
        rows = dims - 2 if dims >= 2 else dims - 1
        return cls(rows, dims - 1 if dims >= 2 else -1, (0,) * dims)

    def at(self, index: tuple[int, ...]) -> Slice:
        """The slice of the same two dimensions, and the page, that holds ``index``."""
        row = index[self.rows] if self.rows >= 0 else 0
        column = index[self.columns] if self.columns >= 0 else 0
        return replace(self, fixed=index, first_row=row // PAGE * PAGE, first_column=column // PAGE * PAGE)

    def window(self, rows: slice, columns: slice) -> tuple[int | slice, ...]:
        """The index of a rectangle, for ``read_window``."""
        index: list[int | slice] = list(self.fixed)
        if self.rows >= 0:
            index[self.rows] = rows
        if self.columns >= 0:
            index[self.columns] = columns
        return tuple(index)


class ValuesModel(QAbstractTableModel):
    """``data`` never reads: it shows a dash and remembers what is missing. ``filled`` says that all came."""

    filled = Signal()
    failed = Signal(str)

    def __init__(self, background: Background, parent: Any = None) -> None:
        super().__init__(parent)
        self._info: TensorInfo | None = None
        self._pool: SourcePool | None = None
        self.slice = Slice(-1, -1, ())
        self._blocks: OrderedDict[Block, np.ndarray] = OrderedDict()
        self._missing: OrderedDict[Block, None] = OrderedDict()
        self._lane = background.lane(self)
        self._copier = background.lane(self)
        self.broken = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._fetch)
        theme_signal().changed.connect(self._recolour)

    def set_tensor(self, info: TensorInfo | None, pool: SourcePool | None) -> None:
        """Show another tensor."""
        self.beginResetModel()
        self._info, self._pool = info, pool
        self.slice = Slice.of(info.shape) if info else Slice(-1, -1, ())
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
        self._blocks.clear()
        self._missing.clear()

    @property
    def waiting(self) -> bool:
        """Whether cells that were looked at have not come yet."""
        return bool(self._missing) or self._lane.busy

    def total_rows(self) -> int:
        """Rows of the slice, all pages together."""
        return self._size(self.slice.rows)

    def total_columns(self) -> int:
        """Columns of the slice, all pages together."""
        return self._size(self.slice.columns)

    def _size(self, dim: int) -> int:
        if self._info is None:
            return 0
        if dim >= 0:
            return self._info.shape[dim]
        return 1 if self._info.numel else 0

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
        if block is None:
            return None
        return block[row % BLOCK, column % BLOCK]

    def position(self, row: int, column: int) -> tuple[int, ...]:
        """The tensor's index of a cell of this page."""
        index = list(self.slice.fixed)
        if self.slice.rows >= 0:
            index[self.slice.rows] = self.slice.first_row + row
        if self.slice.columns >= 0:
            index[self.slice.columns] = self.slice.first_column + column
        return tuple(index)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows; a missing one asks for its block and shows a dash."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.ToolTipRole):
            return None
        value = self.value(index.row(), index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            if value is None:
                return theme().text3
            return theme().nan if is_unusual(value) else None
        if value is None:
            if role == Qt.ItemDataRole.DisplayRole:
                self._want((index.row() // BLOCK, index.column() // BLOCK))
                return DASH
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            place = ", ".join(map(str, self.position(index.row(), index.column())))
            return f"[{place}]  {exact_text(value)}"
        return cell_text(value)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Rows and columns are called by their index."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Vertical:
            return integer(section + self.slice.first_row)
        return integer(section + self.slice.first_column) if self.slice.columns >= 0 else ""

    def read(self, rows: range, columns: range, then: Callable[[np.ndarray], None]) -> None:
        """Read a rectangle of this page, seen or not, and hand it to ``then``."""
        info, pool, seen = self._info, self._pool, self.slice
        if info is None or pool is None:
            return

        def work(cancel: Cancel, report: Report) -> np.ndarray:
            return _read(info, pool, seen, rows, columns)

        self._copier.start(work, then, self._failed)

    def _want(self, key: Block) -> None:
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

        def work(cancel: Cancel, report: Report) -> dict[Block, np.ndarray]:
            found = {}
            for key in keys:
                cancel.check()
                found[key] = read_block(info, pool, seen, key, rows, columns)
            return found

        self._lane.start(work, self._arrived, self._failed)

    def _arrived(self, found: dict[Block, np.ndarray]) -> None:
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


def read_block(info: TensorInfo, pool: SourcePool, seen: Slice, key: Block, rows: int, columns: int) -> np.ndarray:
    """One block of a page of so many rows and columns."""
    top, left = key[0] * BLOCK, key[1] * BLOCK
    return _read(info, pool, seen, range(top, min(top + BLOCK, rows)), range(left, min(left + BLOCK, columns)))


def _read(info: TensorInfo, pool: SourcePool, seen: Slice, rows: range, columns: range) -> np.ndarray:
    """A rectangle of a page as rows and columns, whichever dimensions these are."""
    index = seen.window(
        slice(seen.first_row + rows.start, seen.first_row + rows.stop),
        slice(seen.first_column + columns.start, seen.first_column + columns.stop),
    )
    block = read_window(info, pool, index)
    if seen.rows > seen.columns >= 0:
        block = block.T
    return block.reshape(len(rows), len(columns))
