"""A checkpoint some of whose tensors lie on a device: their bytes come from there, and not from files."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.extent_table import extent_table, joined
from ckptgui.core.extents import Extent, Segment
from ckptgui.core.names import KeyColumn, KeyPool
from ckptgui.core.sharing import view_of
from ckptgui.core.tensors import Flag, TensorTable, contiguous_strides
from ckptgui.device.messages import Resident, Token
from ckptgui.sources.base import ByteSource


def resident_checkpoint(
    checkpoint: Checkpoint, residents: Mapping[int, Resident], source: Callable[[Token], ByteSource]
) -> tuple[Checkpoint, tuple[ByteSource, ...]]:
    """The checkpoint whose ``residents`` (by row) are read through ``source``, and the sources to add to a pool.

    A row that is the same view of the same storage as a resident one goes with it, so that tied tensors stay tied.
    Other rows are as they were, and so is the device of every row, which tells where it was saved. A resident
    tensor that was a part of a larger storage is one by itself now. Raises what ``source`` raises.
    """
    if not residents:
        return checkpoint, ()
    table = checkpoint.tensors
    lying = _with_ties(table, residents)
    sources = {resident.token: source(resident.token) for resident in lying.values()}
    first = len(table.extents)
    places = {token: first + number for number, token in enumerate(sources)}
    extents = [_whole(each) for each in sources.values()]
    changed = replace(
        _as_they_lie(table, {row: places[resident.token] for row, resident in lying.items()}),
        extents=joined([table.extents, extent_table(extents)]),
        storage_keys=_with_missing(table.storage_keys, len(extents)),
    )
    return replace(checkpoint, tensors=changed), tuple(sources.values())


def _whole(source: ByteSource) -> Extent:
    return Extent(source.size, (Segment(source.identity, 0, source.size),) if source.size else ())


def _with_missing(keys: KeyPool, count: int) -> KeyPool:
    """The keys, and none for the storages behind them: the file knows nothing of those."""
    column = KeyColumn()
    column.extend(keys)
    column.extend(KeyPool.missing(count))
    return column.freeze()


def _with_ties(table: TensorTable, residents: Mapping[int, Resident]) -> dict[int, Resident]:
    """Which tensor on a device stands for each row: one for all the rows that are the same view."""
    rows = np.fromiter(residents, np.int64, len(residents))
    shared = np.isin(table.storage, np.unique(table.storage[rows])) & (table.storage >= 0)
    first: dict[Hashable, Resident] = {}
    for row, resident in residents.items():
        first.setdefault(view_of(table, row), resident)
    found = {row: first.get(view_of(table, row)) for row in (*np.flatnonzero(shared).tolist(), *residents)}
    return {row: resident for row, resident in found.items() if resident is not None}


def _as_they_lie(table: TensorTable, storage: Mapping[int, int]) -> TensorTable:
    """The table with some rows row-major from the start of the storages that are given."""
    rows = np.fromiter(storage, np.int64, len(storage))
    where, offset, flags = table.storage.copy(), table.storage_offset.copy(), table.flags.copy()
    steps = table.steps.copy()
    where[rows] = np.fromiter(storage.values(), np.int64, len(storage))
    offset[rows] = 0
    flags[rows] &= ~np.uint8(Flag.CONJ | Flag.NEG)
    for row in storage:
        steps[table.dim_start.item(row) : table.dim_start.item(row + 1)] = contiguous_strides(table.shape(row))
    return replace(table, storage=where, storage_offset=offset, flags=flags, steps=steps)
