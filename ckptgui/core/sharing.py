"""Which names share bytes, and which bytes of a storage no name reaches; all by columns, for a million rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Flag, TensorTable

_TURNS = int(Flag.CONJ | Flag.NEG)
"""What changes the values of a view."""


@dataclass(frozen=True)
class Sharing:
    """``tied`` rows have another name for the very same elements; ``repeated`` ones are not the first of them.

    ``shown`` is what a row adds to its section: its bytes, or 0 when it is repeated there or its components add
    them.
    """

    tied: np.ndarray  # bool a row
    repeated: np.ndarray  # bool a row, first within its section
    shown: np.ndarray  # int64 a row


def sharing(checkpoint: Checkpoint) -> Sharing:
    """Find the tied rows of a checkpoint."""
    table = checkpoint.tensors
    section = np.zeros(len(table), np.int32)
    for number, part in enumerate(checkpoint.sections):
        section[part.start : part.stop] = number
    tied, _ = _same(table, np.zeros(len(table), np.int32))
    _, repeated = _same(table, section)
    storages = table.extents.nbytes
    has = table.storage >= 0
    shown = np.where(repeated, 0, table.nbytes)
    shown[[row for row, extra in table.extras.items() if extra.get("components")]] = 0
    shown[has] = np.minimum(shown[has], storages[table.storage[has]])  # an expanded view takes what it stands on
    return Sharing(tied, repeated, shown)


def _same(table: TensorTable, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row whether another of its group is the same view, and whether an earlier one is."""
    count = len(table)
    tied, repeated = np.zeros(count, bool), np.zeros(count, bool)
    rows = np.flatnonzero((table.storage >= 0) & (table.numel > 0))
    users = np.bincount(table.storage[rows], minlength=1)
    rows = rows[users[table.storage[rows]] > 1]
    if len(rows) < 2:
        return tied, repeated
    columns = [column[rows] for column in (table.numel, table.storage_offset, table.storage, group)]
    order = np.lexsort(columns)  # stable, so earlier rows come first among equals
    same = np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])
    repeated[rows[order[1:][same]]] = True
    tied[rows[order[1:][same]]] = True
    tied[rows[order[:-1][same]]] = True
    return tied, repeated


def view_of(table: TensorTable, row: int) -> Hashable:
    """Equal for two rows that are one tensor under two names; of a row without bytes like no other's."""
    storage = table.storage.item(row)
    if storage < 0 or table.numel.item(row) == 0:
        return row
    turns, dtype = table.flags.item(row) & _TURNS, table.dtype.item(row)
    return storage, table.storage_offset.item(row), table.shape(row), table.strides(row), dtype, turns


def first_of_same(table: TensorTable, rows: np.ndarray) -> np.ndarray:
    """int64, for each of ``rows`` the first of them that is the same tensor, itself where none before it is."""
    found, storages = rows.copy(), table.storage[rows]
    users = np.bincount(storages[storages >= 0], minlength=1)
    seen: dict[Hashable, int] = {}
    for at in np.flatnonzero((storages >= 0) & (users[storages] > 1)).tolist():
        row = int(rows[at])
        found[at] = seen.setdefault(view_of(table, row), row)
    return found


def unreached_bytes(table: TensorTable) -> np.ndarray:
    """int64 for each storage, how many of its bytes no tensor reaches; overlapping views count once."""
    total = table.extents.nbytes
    rows = np.flatnonzero(table.storage >= 0)
    users = np.bincount(table.storage[rows], minlength=len(total))
    own = table.storage[rows]
    whole = (users[own] == 1) & (table.storage_offset[rows] == 0) & (table.nbytes[rows] >= total[own])
    left = np.array(total)
    left[own[whole]] = 0
    rows = rows[~whole]  # of most files nothing is left
    if len(rows):
        shared = np.flatnonzero(np.bincount(table.storage[rows], minlength=len(total)))
        left[shared] = _unreached(table, rows, total)[shared]
    return left


def _unreached(table: TensorTable, rows: np.ndarray, total: np.ndarray) -> np.ndarray:
    """The same for the storages of these rows."""
    bits = np.fromiter((dtype.bits for dtype in table.dtypes), np.int64, len(table.dtypes))[table.dtype[rows]]
    start = table.storage_offset[rows].astype(np.float64) * bits / 8
    stop = np.minimum(start + table.nbytes[rows], total[table.storage[rows]])
    order = np.lexsort((start, table.storage[rows]))
    storage, start, stop = table.storage[rows][order], start[order], stop[order]
    # Views sorted by start reach from the farthest end so far; storages are kept apart by a lift each.
    lift = storage.astype(np.float64) * (float(total.max(initial=0)) + 1)
    reach = np.maximum.accumulate(stop + lift) - lift
    before = np.concatenate([[0.0], reach[:-1]])
    before[np.concatenate([[True], storage[1:] != storage[:-1]])] = 0.0
    new = np.maximum(0, stop - np.maximum(start, before))
    reached = np.bincount(storage, weights=new, minlength=len(total))
    wasted: np.ndarray = np.maximum(0, total - np.round(reached).astype(np.int64))
    return wasted
