"""Which rectangle of a tensor a table shows: two of its dimensions, or one that is wrapped like a line of text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.window import read_window, real_values
from ckptgui.sources.locate import SourcePool

PAGE = 1_000_000
"""Rows, and columns, that Qt is told of at a time: its headers keep some bytes for each."""

WRAPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 50, 64, 80, 100)
"""Lengths of a wrapped line: rows then begin at numbers that one can count on from."""


@dataclass(frozen=True)
class Slice:
    """Which two dimensions are seen, where the others stand, and which page of rows and columns it is.

    ``rows`` or ``columns`` is -1 where the tensor has no such dimension. Of a tensor with one dimension each
    row holds ``wrap`` neighbours.
    """

    rows: int
    columns: int
    fixed: tuple[int, ...]
    first_row: int = 0
    first_column: int = 0
    wrap: int = 1

    @classmethod
    def of(cls, shape: tuple[int, ...], room: int = 1) -> Slice:
        """The last two dimensions at the beginning of the others; a single one in lines that ``room`` holds."""
        dims = len(shape)
        if dims == 1:
            return cls(0, -1, (0,), wrap=wrap_for(shape[0], room))
        return cls(dims - 2 if dims else -1, dims - 1, (0,) * dims)

    def part(self) -> tuple[tuple[int | slice, ...], tuple[int, ...]]:
        """What all pages together show: an index of the tensor, and the order of the dimensions that it leaves."""
        index: list[int | slice] = list(self.fixed)
        for dim in (self.rows, self.columns):
            if dim >= 0:
                index[dim] = slice(None)
        return tuple(index), (1, 0) if self.rows > self.columns >= 0 else ()

    def rewrapped(self, wrap: int) -> Slice:
        """In lines of another length; the page is the one that the first value of this one is on."""
        if self.columns >= 0 or self.rows < 0 or wrap == self.wrap:
            return self
        return replace(self, wrap=wrap, first_row=self.first_row * self.wrap // wrap // PAGE * PAGE)

    def total_rows(self, shape: tuple[int, ...]) -> int:
        """Rows of all pages together."""
        if self.rows < 0:
            return 1
        return -(-shape[0] // self.wrap) if self.columns < 0 else shape[self.rows]

    def total_columns(self, shape: tuple[int, ...]) -> int:
        """Columns of all pages together."""
        if self.columns >= 0:
            return shape[self.columns]
        return min(self.wrap, shape[0]) if self.rows >= 0 else 1

    def at(self, index: tuple[int, ...]) -> Slice:
        """The slice of the same two dimensions, and the page, that holds ``index``."""
        row, column = self._place(index)
        return replace(self, fixed=index, first_row=row // PAGE * PAGE, first_column=column // PAGE * PAGE)

    def cell(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of the page where ``index`` stands."""
        row, column = self._place(index)
        return row - self.first_row, column - self.first_column

    def _place(self, index: tuple[int, ...]) -> tuple[int, int]:
        if self.rows < 0:
            return 0, 0
        if self.columns < 0:
            return divmod(index[0], self.wrap)
        return index[self.rows], index[self.columns]

    def index(self, row: int, column: int) -> tuple[int, ...]:
        """The tensor's index of a cell of this page."""
        row, column = row + self.first_row, column + self.first_column
        index = list(self.fixed)
        if self.columns >= 0:
            index[self.rows], index[self.columns] = row, column
        elif self.rows >= 0:
            index[0] = row * self.wrap + column
        return tuple(index)


def wrap_for(size: int, room: int) -> int:
    """How long lines of so many values are where ``room`` of them fit side by side."""
    if size <= room:
        return max(1, size)
    return max((wrap for wrap in WRAPS if wrap <= room), default=1)


def read_cells(info: TensorInfo, pool: SourcePool, seen: Slice, rows: range, columns: range) -> list[np.ndarray]:
    """The values of a rectangle of a page, row by row; the last line of a wrapped dimension may be short."""
    if seen.rows >= 0 and seen.columns < 0:
        return _read_lines(info, pool, seen, rows, columns)
    index: list[int | slice] = list(seen.fixed)
    for dim, first, part in ((seen.rows, seen.first_row, rows), (seen.columns, seen.first_column, columns)):
        if dim >= 0:
            index[dim] = slice(first + part.start, first + part.stop)
    block = _read(info, pool, tuple(index))
    if seen.rows > seen.columns >= 0:
        block = block.T
    return list(block.reshape(len(rows), len(columns)))


def _read_lines(info: TensorInfo, pool: SourcePool, seen: Slice, rows: range, columns: range) -> list[np.ndarray]:
    start = (seen.first_row + rows.start) * seen.wrap
    stop = min((seen.first_row + rows.stop) * seen.wrap, info.shape[0])
    values = _read(info, pool, (slice(start, stop),))
    lines = (values[first : first + seen.wrap] for first in range(0, len(values), seen.wrap))
    return [line[columns.start : columns.stop] for line in lines]


def _read(info: TensorInfo, pool: SourcePool, index: tuple[int | slice, ...]) -> np.ndarray:
    return real_values(info, read_window(info, pool, index), index)
