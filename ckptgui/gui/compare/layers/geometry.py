"""Where rows and columns of the map stand, in pixels of what is scrolled. Arithmetic alone, no painting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

ROW = 13
"""Pixels from one row to the next at the usual size of text."""

TALL = 24
"""And at most, where there are few rows."""

LEAST, MOST = 6, 44
"""Pixels of a column."""

USUAL = 31
GROUP_GAP = 5
MARGIN = 12
HEAD = 24
"""Pixels of the epochs' numbers and colours above the map."""

_FOLD = 12
"""Pixels before the block for the sign that it is folded."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """``blocks`` are the rows' (-1 for none); ``width`` and ``height`` those of what is seen, below the head."""

    blocks: np.ndarray
    columns: int
    width: int
    height: int
    block_width: int
    name_width: int
    row: int = ROW

    @cached_property
    def tops(self) -> np.ndarray:
        """int64 a row, and one more for the end of all."""
        count = len(self.blocks)
        gaps = np.zeros(count + 1, np.int64)
        gaps[1:count] = np.cumsum(self.blocks[1:] != self.blocks[:-1]) * GROUP_GAP
        gaps[count] = gaps[count - 1] if count else 0
        return np.arange(count + 1) * self.row + gaps

    @property
    def labels(self) -> int:
        """Pixels before the first column; they do not scroll sideways."""
        before = _FOLD + self.block_width + (8 if self.block_width else 0)
        return min(before + self.name_width + 7, max(90, self.width - MARGIN - LEAST * min(self.columns, 8)))

    @property
    def block_left(self) -> int:
        """Where a block's name begins."""
        return _FOLD

    @property
    def name_left(self) -> int:
        """Where there is room for a row's name."""
        return _FOLD + self.block_width + (8 if self.block_width else 0)

    @property
    def room(self) -> int:
        """Pixels for columns."""
        return max(1, self.width - self.labels - MARGIN)

    @property
    def pitch(self) -> int:
        """Pixels from one column to the next."""
        return min(max(self.room // max(self.columns, 1), LEAST), MOST)

    @property
    def gap(self) -> int:
        """Of a column's pixels, those that stay free."""
        return 1 if self.pitch >= 8 else 0

    @property
    def content_width(self) -> int:
        """Pixels of all columns."""
        return self.pitch * self.columns

    @property
    def content_height(self) -> int:
        """Pixels of all rows, with a little room below for a mark that is larger than its cell."""
        return int(self.tops[-1]) + 4

    @property
    def fitting_row(self) -> int:
        """Pixels of a row with which all of them fill the height, as far as they may become taller."""
        count = len(self.blocks)
        spare = self.height - self.content_height
        return min(self.row + max(0, spare // max(count, 1)), max(self.row, TALL))

    def row_at(self, y: int) -> int:
        """The row at a height of what is scrolled, -1 for none."""
        if not len(self.blocks) or not 0 <= y < int(self.tops[-1]):
            return -1
        row = min(int(np.searchsorted(self.tops, y, side="right")) - 1, len(self.blocks) - 1)
        return row if y < int(self.tops[row]) + self.row else -1

    def column_at(self, x: int) -> int:
        """The column at a place of what is scrolled, -1 for none."""
        return x // self.pitch if 0 <= x < self.content_width else -1

    def rows_seen(self, scroll: int) -> range:
        """The rows of which something is seen."""
        count = len(self.blocks)
        if not count:
            return range(0)
        first = max(0, int(np.searchsorted(self.tops, scroll, side="right")) - 1)
        return range(first, min(count, int(np.searchsorted(self.tops, scroll + self.height, side="left"))))

    def columns_seen(self, scroll: int) -> range:
        """The columns of which something is seen."""
        first = max(0, scroll // self.pitch)
        return range(first, min(self.columns, -(-(scroll + self.room) // self.pitch)))
