"""Where the tensors of a checkpoint lie, by columns: which are plain stretches of a file, which are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.columns import distinct
from ckptgui.core.extents import Codec
from ckptgui.core.tensors import Flag, TensorTable


@dataclass(frozen=True)
class Places:
    """Of some ``rows``. ``plain`` ones are row-major bytes that stand as they are in ``source`` from ``start`` on.

    ``nowhere`` ones have no values: they are on the meta device, or empty.
    """

    rows: np.ndarray  # int64
    plain: np.ndarray  # bool
    nowhere: np.ndarray  # bool
    source: np.ndarray  # int32, into the extents' sources; -1 where it is not plain
    start: np.ndarray  # int64, bytes


def places_of(table: TensorTable, rows: np.ndarray) -> Places:
    """Where ``rows`` lie."""
    extents, numel = table.extents, table.numel[rows]
    has = table.storage[rows] >= 0
    odd = np.zeros(len(table), np.bool_)
    odd[[*table.errors, *table.extras]] = True
    odd = odd[rows]
    nowhere = ~odd & (~has | (numel == 0))
    if not has.any():
        none = np.zeros(len(rows), np.bool_)
        return Places(rows, none, nowhere, np.full(len(rows), -1), np.zeros(len(rows), np.int64))
    storage = np.where(has, table.storage[rows], 0)
    simple = (extents.codec == tuple(Codec).index(Codec.STORED)) & ~extents.big & (extents.source >= 0)
    simple[list(extents.others)] = False
    sizes = np.array([dtype.itemsize if dtype.bits % 8 == 0 else 0 for dtype in table.dtypes], np.int64)
    size = sizes[table.dtype[rows]]
    room = np.minimum(extents.nbytes[storage], extents.length[storage])
    first = table.storage_offset[rows]
    most = room // np.maximum(size, 1)  # elements; compared so that no product can overflow
    turned = (table.flags[rows] & (Flag.CONJ | Flag.NEG)) != 0
    plain = has & ~odd & ~turned & simple[storage] & (size > 0) & (numel > 0)
    plain &= (first >= 0) & (first <= most) & (numel <= most - np.clip(first, 0, most)) & _row_major(table, rows)
    start = np.where(plain, extents.offset[storage] + np.where(plain, first, 0) * size, 0)
    return Places(rows, plain, nowhere, np.where(plain, extents.source[storage], -1), start)


def _row_major(table: TensorTable, rows: np.ndarray) -> np.ndarray:
    """bool each: its elements stand one behind the other; the stride of a dimension of one does not count."""
    found = np.ones(len(rows), np.bool_)
    begin = table.dim_start[rows]
    ndim = table.dim_start[rows + 1] - begin
    for dims in distinct(ndim[ndim > 0]).tolist():
        here = np.flatnonzero(ndim == dims)
        expected = np.ones(len(here), np.int64)
        for axis in reversed(range(dims)):
            sizes, steps = table.dims[begin[here] + axis], table.steps[begin[here] + axis]
            found[here] &= (sizes <= 1) | (steps == expected)
            expected = expected * np.maximum(sizes, 1)
    return found


def first_of_same(table: TensorTable, rows: np.ndarray) -> np.ndarray:
    """For each of ``rows`` the number of the first among them that is the same view of the same bytes."""
    numbers = np.arange(len(rows))
    storage = table.storage[rows]
    users = np.bincount(storage[storage >= 0], minlength=1)
    shared = np.flatnonzero((storage >= 0) & (users[np.maximum(storage, 0)] > 1))
    if len(shared) < 2:
        return numbers
    mine = rows[shared]
    columns = (table.numel, table.dtype, table.flags & (Flag.CONJ | Flag.NEG), table.storage_offset, table.storage)
    order = np.lexsort([column[mine] for column in columns])  # stable, so the first of equals stays the first
    same = np.logical_and.reduce([column[mine[order]][1:] == column[mine[order]][:-1] for column in columns])
    begun: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    for at, joins in zip(order.tolist(), [False, *same.tolist()]):
        if not joins:
            begun = {}
        row = int(mine[at])
        number = int(shared[at])
        if row not in table.errors and row not in table.extras:
            numbers[number] = begun.setdefault((table.shape(row), table.strides(row)), number)
    return numbers
