"""Which tensors of a ``.pt`` differ in nothing but their names and places, so that one is said like another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import Flag, TensorInfo
from ckptgui.export.geometry import geometry
from ckptgui.export.storages import Storages
from ckptgui.export.table_tensors import TableTensors


def kinds_of(
    tensors: Sequence[TensorInfo], dtypes: Sequence[DType], storages: Storages
) -> Sequence[Hashable | None]:
    """Equal for two tensors of one kind; None for what is like nothing else: shared, quantised, conjugated."""
    if not isinstance(tensors, TableTensors):
        return [None] * len(tensors)
    table, rows = tensors.table, tensors.rows
    special = (table.flags[rows] & (Flag.CONJ | Flag.NEG)) != 0
    special |= np.isin(rows, [*tensors.others, *table.extras])
    special[storages.shared] = True
    dims, steps = table.dims.tolist(), table.steps.tolist()
    begins, ends = table.dim_start[rows].tolist(), table.dim_start[rows + 1].tolist()
    return [
        None if odd else (dtype.name, device, size, lies, tuple(dims[begin:end]), tuple(steps[begin:end]))
        for odd, dtype, device, size, lies, begin, end in zip(
            special.tolist(),
            dtypes,
            table.device[rows].tolist(),
            storages.sizes[storages.of].tolist(),
            geometry(tensors).as_it_lies.tolist(),
            begins,
            ends,
        )
    ]
