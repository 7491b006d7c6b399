"""Many small tensors that lie close together, read with few large reads and folded by one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.batch import batched, fold
from ckptgui.analysis.digest import digest_of
from ckptgui.analysis.spreads import Spreads
from ckptgui.core.columns import distinct, ragged
from ckptgui.core.tensors import TensorTable
from ckptgui.engine.identity import plain_tag
from ckptgui.engine.placing import Places
from ckptgui.engine.plan import own_buffer
from ckptgui.engine.summarise import SMALL
from ckptgui.errors import DamagedFileError
from ckptgui.sources.locate import SourcePool

GAP = 4 << 10
"""Bytes that are cheaper to read in vain than to skip with a read of their own."""

_ALIGNED = 16


@dataclass(frozen=True)
class Batch:
    """What was found, in no order."""

    rows: np.ndarray  # int64
    records: np.ndarray  # RECORD
    spreads: Spreads


def batchable(table: TensorTable, places: Places) -> np.ndarray:
    """bool for each of the places: it may go into a batch."""
    known = np.array([batched(dtype) for dtype in table.dtypes] or [False])
    found: np.ndarray = places.plain & known[table.dtype[places.rows]] & (table.numel[places.rows] <= SMALL)
    return found


def read_batch(table: TensorTable, places: Places, numbers: np.ndarray, pool: SourcePool) -> Batch:
    """Read and fold the places of these ``numbers``, all of them ``batchable``, on any thread.

    Raises ``CheckpointError`` when the bytes of any of them cannot be had.
    """
    numbers = numbers[np.lexsort((places.start[numbers], places.source[numbers]))]
    rows = places.rows[numbers]
    data, at = read_together(table, rows, places.source[numbers], places.start[numbers], pool)
    parts = []
    for number in distinct(table.dtype[rows]).tolist():
        mine = table.dtype[rows] == number
        parts.append(_folded(table, rows[mine], data, at[mine]))
    if len(parts) == 1:
        return parts[0]
    return Batch(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.records for part in parts]),
        Spreads.joined([part.spreads for part in parts]),
    )


def read_together(
    table: TensorTable, rows: np.ndarray, source: np.ndarray, start: np.ndarray, pool: SourcePool, side: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of rows in the files' order, in this thread's buffer, and where each row begins in it."""
    nbytes = table.nbytes[rows]
    stop = start + nbytes
    first = np.flatnonzero(np.concatenate([[True], (start[1:] > stop[:-1] + GAP) | (source[1:] != source[:-1])]))
    sizes = np.diff(np.append(first, len(rows)))
    begin = start[first]
    length = np.maximum.reduceat(stop, first) - begin
    # Each run keeps its place within a vector's width, so that what is aligned in the file stays so.
    room = (length + 2 * _ALIGNED - 1) // _ALIGNED * _ALIGNED
    base = np.concatenate([[0], np.cumsum(room)[:-1]]) + begin % _ALIGNED
    data = own_buffer(int(room.sum()) + _ALIGNED, side)
    view = data.data
    for run in range(len(first)):
        at, size, offset = int(base[run]), int(length[run]), int(begin[run])
        got = pool.get(table.extents.sources[source[first[run]]]).read_into(offset, view[at : at + size])
        if got < size:
            raise DamagedFileError(f"The file ends at byte {offset + got:,}.")
    return data, start + np.repeat(base - begin, sizes)


def _folded(table: TensorTable, rows: np.ndarray, data: np.ndarray, at: np.ndarray) -> Batch:
    """The rows of one dtype, which begin at the bytes ``at`` of ``data``."""
    dtype = table.dtypes[table.dtype[rows[0]]]
    width, lengths, nbytes = dtype.itemsize, table.numel[rows], table.nbytes[rows]
    if (at % width).any():  # where a file puts values at odd places, they are put in order first
        data, at = data[ragged(at, nbytes)], np.concatenate([[0], np.cumsum(nbytes)[:-1]])
    low = int(at.min())
    high = int((at + nbytes).max())
    records, spreads = fold(data[low:high], dtype, (at - low) // width, lengths)
    records["digest"] = _digests(table, rows, data, at)
    return Batch(rows, records, spreads)


def _digests(table: TensorTable, rows: np.ndarray, data: np.ndarray, at: np.ndarray) -> np.ndarray:
    """uint8, 16 of each row."""
    name = table.dtypes[table.dtype[rows[0]]].name
    view = data.data
    tags: dict[bytes, bytes] = {}
    found = []
    begins, ends = table.dim_start[rows].tolist(), table.dim_start[rows + 1].tolist()
    dims = table.dims
    for begin, end, start, stop in zip(begins, ends, at.tolist(), (at + table.nbytes[rows]).tolist()):
        shape = dims[begin:end].tobytes()
        tag = tags.get(shape)
        if tag is None:
            tag = tags[shape] = plain_tag(name, tuple(dims[begin:end].tolist()))
        found.append(digest_of(view[start:stop], tag))
    return np.frombuffer(b"".join(found), np.uint8).reshape(len(rows), 16)
