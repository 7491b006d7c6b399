"""Blocks of a matrix as cells: least, greatest and mean of the values behind a pixel, and whether any alarms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

NAN, POSINF, NEGINF, UNREAD = 1 << 31, 1 << 30, 1 << 29, 1 << 28
"""What ``Cells.odd`` says of a cell: it holds such a value, or was not read yet."""

NOT_FINITE = NAN | POSINF | NEGINF
_COUNT = UNREAD - 1


class Shown(Enum):
    """Which number of a block its pixel shows."""

    MEAN = "mean"
    LEAST = "min"
    GREATEST = "max"
    LARGEST = "largest magnitude"  # with its sign


@dataclass(frozen=True, slots=True)
class Cells:
    """Each cell stands for a block of ``rows`` by ``columns`` values of a matrix, fewer at its lower right edges.

    ``low``, ``high`` and ``mean`` are of the finite values, NaN where there are none. ``odd`` has the flags of
    this module, and in its lower bits how many values are not finite. ``size`` counts values: it is the
    matrix's, down and across.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    odd: np.ndarray
    size: tuple[int, int]
    block: tuple[int, int]

    @classmethod
    def unread(cls, size: tuple[int, int], block: tuple[int, int], dtype: np.dtype) -> Cells:
        """Cells to be filled; a mean takes as many bytes as the extremes. One value a cell: all three are one."""
        shape = tuple(-(-length // step) for length, step in zip(size, block))
        low = np.zeros(shape, dtype)
        high, mean = (low, low) if block == (1, 1) else (np.zeros(shape, dtype), np.zeros(shape, dtype))
        return cls(low, high, mean, np.full(shape, UNREAD, np.uint32), size, block)

    @property
    def exact(self) -> bool:
        """Whether each cell is one value."""
        return self.block == (1, 1)

    @property
    def flipped(self) -> Cells:
        """Rows and columns in each other's place."""
        return Cells(self.low.T, self.high.T, self.mean.T, self.odd.T, self.size[::-1], self.block[::-1])

    def part(self, rows: slice, columns: slice) -> Cells:
        """The cells of some whole rows and columns of cells."""
        low, high, mean, odd = (array[rows, columns] for array in (self.low, self.high, self.mean, self.odd))
        ends = []
        for length, step, taken in zip(self.size, self.block, (rows, columns)):
            start, stop, _ = taken.indices(-(-length // step))
            ends.append(min(length, stop * step) - start * step)
        return Cells(low, high, mean, odd, (ends[0], ends[1]), self.block)

    def fold(self, values: np.ndarray, row: int, column: int) -> None:
        """Take in values (float32 or float64) whose first one is the first of the cell ``row``, ``column``."""
        from ckptgui.analysis import block_kernels

        shape = tuple(-(-length // step) for length, step in zip(values.shape, self.block))
        place = slice(row, row + shape[0]), slice(column, column + shape[1])
        if self.exact:
            self.low[place] = values
            self.odd[place] = _odd(values)
            if self.odd[place].any():
                self.low[place][self.odd[place] != 0] = np.nan
            return
        parts = [array[place] for array in (self.low, self.high, self.mean, self.odd)]
        block_kernels.fold_blocks(values, *self.block, *parts)

    def joined(self, rows: int, columns: int) -> Cells:
        """Cells of ``rows`` by ``columns`` of these each."""
        from ckptgui.analysis import block_kernels

        if rows == columns == 1:
            return self
        block = self.block[0] * rows, self.block[1] * columns
        joined = Cells.unread(self.size, block, self.low.dtype)
        ends = [length - (-(-length // step) - 1) * step for length, step in zip(self.size, self.block)]
        sizes = np.array([*self.block, *ends], np.int64)
        mine = self.low, self.high, self.mean, self.odd
        block_kernels.join_blocks(*mine, sizes, rows, columns, joined.low, joined.high, joined.mean, joined.odd)
        return joined

    def shown(self, what: Shown) -> np.ndarray:
        """One number a cell."""
        if self.exact or what is Shown.MEAN:
            return self.mean
        if what is Shown.LEAST:
            return self.low
        if what is Shown.GREATEST:
            return self.high
        return np.where(np.abs(self.low) > np.abs(self.high), self.low, self.high)

    def not_finite(self, row: int, column: int) -> int:
        """How many values of a cell are NaN or infinite."""
        return int(self.odd[row, column]) & _COUNT


def folded(values: np.ndarray, block: tuple[int, int]) -> Cells:
    """The cells of a matrix that is in memory (float32 or float64)."""
    cells = Cells.unread((values.shape[0], values.shape[1]), block, values.dtype)
    cells.fold(values, 0, 0)
    return cells


def _odd(values: np.ndarray) -> np.ndarray:
    """Flags of single values."""
    odd = np.zeros(values.shape, np.uint32)
    bad = ~np.isfinite(values)
    if bad.any():
        found = values[bad]
        odd[bad] = np.where(np.isnan(found), NAN, np.where(found > 0, POSINF, NEGINF)) | 1
    return odd
