"""Which of some tensors are one under several names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorTable
from ckptgui.export.storages import view_key


def tied_to(table: TensorTable, rows: np.ndarray, dtypes: Sequence[DType]) -> np.ndarray:
    """int64 for each row: the place among ``rows`` of the first that is the same tensor, -1 where it is the first.

    Names of one tensor that are written as different ``dtypes`` are different tensors then.
    """
    found = np.full(len(rows), -1)
    storage = table.storage[rows]
    candidates = np.flatnonzero((storage >= 0) & (table.numel[rows] > 0))
    users = np.bincount(storage[candidates], minlength=1)
    first: dict[tuple[object, ...], int] = {}
    for place in candidates[users[storage[candidates]] > 1].tolist():
        key = (view_key(table.info(int(rows[place]))), dtypes[place])
        original = first.setdefault(key, place)
        if original != place:
            found[place] = original
    return found
