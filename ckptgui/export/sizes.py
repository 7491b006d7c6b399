"""How many bytes tensors take once they are written, and how many stay behind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.sharing import unreached_bytes
from ckptgui.core.tensors import TensorTable


def written_sizes(
    table: TensorTable, rows: np.ndarray, saved: Sequence[DType], dtypes: Sequence[DType]
) -> np.ndarray:
    """int64, bytes of each row's values once what was ``saved`` is written as ``dtypes``."""
    sizes: np.ndarray = table.nbytes[rows]
    casts = [place for place, (before, after) in enumerate(zip(saved, dtypes)) if before is not after]
    widths = np.array([dtypes[place].itemsize for place in casts], np.int64)
    sizes[casts] = table.numel[rows[casts]] * widths
    return sizes


def compacted(table: TensorTable, rows: np.ndarray) -> int:
    """Bytes of these rows' storages that no tensor reaches."""
    used = np.zeros(len(table.extents), np.bool_)
    used[table.storage[rows]] = True
    return int(unreached_bytes(table)[used].sum())
