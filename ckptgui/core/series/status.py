"""How a tensor of one checkpoint stands to its namesake in another, as far as headers tell."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ckptgui.core.series.matching import Matching
from ckptgui.core.tensors import TensorTable


class Status(IntEnum):
    """What ``docs/cli.md`` calls ``status``; of ``MATCHED`` the values have to be read."""

    ABSENT = 0
    MATCHED = 1
    SAME = 2
    CHANGED = 3
    ADDED = 4
    REMOVED = 5
    RESHAPED = 6
    RETYPED = 7

    def __str__(self) -> str:
        return self.name.lower()


def statuses(matching: Matching, a: int, b: int) -> np.ndarray:
    """uint8 of ``Status`` a tensor: ``MATCHED`` where shape and dtype agree. Shape is looked at before dtype."""
    rows_a, rows_b = matching.rows[:, a], matching.rows[:, b]
    found = np.zeros(len(matching), np.uint8)
    found[(rows_a < 0) & (rows_b >= 0)] = Status.ADDED
    found[(rows_a >= 0) & (rows_b < 0)] = Status.REMOVED
    part_a, part_b = matching.parts[a], matching.parts[b]
    both = np.flatnonzero((rows_a >= 0) & (rows_b >= 0))
    if part_a is None or part_b is None or not both.size:
        return found
    table_a, table_b = part_a.checkpoint.tensors, part_b.checkpoint.tensors
    alike = _same_shapes(table_a, rows_a[both], table_b, rows_b[both])
    names_a = np.array([dtype.name for dtype in table_a.dtypes] or [""])
    names_b = np.array([dtype.name for dtype in table_b.dtypes] or [""])
    typed = names_a[table_a.dtype[rows_a[both]]] == names_b[table_b.dtype[rows_b[both]]]
    found[both] = np.where(~alike, Status.RESHAPED, np.where(typed, Status.MATCHED, Status.RETYPED))
    return found


def _same_shapes(table_a: TensorTable, rows_a: np.ndarray, table_b: TensorTable, rows_b: np.ndarray) -> np.ndarray:
    """bool a pair of rows."""
    count_a, count_b = (np.diff(t.dim_start)[rows] for t, rows in ((table_a, rows_a), (table_b, rows_b)))
    same: np.ndarray = (count_a == count_b) & (table_a.numel[rows_a] == table_b.numel[rows_b])
    begin_a, begin_b = table_a.dim_start[rows_a], table_b.dim_start[rows_b]
    for dim in range(int(count_a[same].max(initial=0))):
        deep = np.flatnonzero(same & (count_a > dim))
        same[deep] = table_a.dims[begin_a[deep] + dim] == table_b.dims[begin_b[deep] + dim]
    return same
