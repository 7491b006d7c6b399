"""What the tensors below each node of a tree come to together."""

from __future__ import annotations

import numpy as np

from ckptgui.core.tensors import TensorTable


class Totals:
    """Sums over subtrees of what the tensors' rows have."""

    def __init__(self, row: np.ndarray, end: np.ndarray) -> None:
        self._at = np.flatnonzero(row >= 0)
        self._row = row[self._at]
        self._end = end

    def of(self, column: np.ndarray) -> np.ndarray:
        """int64 for each node."""
        sums = np.zeros(len(self._end) + 1, np.int64)
        sums[1:][self._at] = column[self._row]
        np.cumsum(sums, out=sums)
        return np.asarray(sums[self._end] - sums[:-1])

    def dtypes(self, table: TensorTable) -> tuple[np.ndarray, np.ndarray]:
        """For each node the dtype with most bytes (int16, -1: none) and how many there are (uint8)."""
        count = len(self._end)
        best, kinds = np.full(count, -1, np.int16), np.zeros(count, np.uint8)
        most = np.full(count, -1, np.int64)
        for code in range(len(table.dtypes)):
            mine = table.dtype == code
            has = self.of(mine) > 0
            weight = np.where(has, self.of(np.where(mine, table.nbytes, 0)), -1)
            kinds += has
            best[weight > most] = code
            np.maximum(most, weight, out=most)
        return best, kinds
