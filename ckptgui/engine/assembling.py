"""A tensor that lies in rectangular blocks, read as the row-major whole that it is.

Any range of the whole is cut into few boxes, each box into its parts in the blocks, and each part is gathered
with as few and as large reads as its block allows.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ckptgui.core.extents import Assembly, Codec, Extent
from ckptgui.core.tensors import contiguous_strides
from ckptgui.engine.gather import Box, gather
from ckptgui.engine.reader import StorageReader
from ckptgui.errors import DamagedFileError, UnsupportedError

OpenExtent = Callable[[Extent], StorageReader]
"""Makes the reader of a block's bytes."""

_MOST_OPEN = 64
"""Blocks whose readers are kept; a compressed one holds where its decoding has come to."""

_WIDTHS: dict[int, np.dtype[Any]] = {
    **{width: np.dtype(f"u{width}") for width in (1, 2, 4, 8)},
    16: np.dtype(np.complex128),
}
"""Array types as wide as one element."""


class AssemblingReader:
    """Bytes of the row-major whole. Usable from several threads; beside the buffer some MiB are in memory."""

    def __init__(self, assembly: Assembly, open_extent: OpenExtent) -> None:
        raw = _WIDTHS.get(assembly.itemsize)
        if raw is None:
            raise UnsupportedError(f"Elements of {assembly.itemsize} bytes in pieces are not put together.")
        self._raw = raw
        self._assembly = assembly
        self._strides = contiguous_strides(assembly.shape)
        count, ndim = len(assembly.blocks), len(assembly.shape)
        self._starts = np.array([block.offsets for block in assembly.blocks], np.int64).reshape(count, ndim)
        sizes = np.array([block.sizes for block in assembly.blocks], np.int64).reshape(count, ndim)
        self._stops = self._starts + sizes
        self.sequential = any(block.extent.codec is not Codec.STORED for block in assembly.blocks)
        self._open_extent = open_extent
        self._lock = threading.Lock()
        self._open: OrderedDict[int, StorageReader] = OrderedDict()

    def read_into(self, start: int, buffer: memoryview) -> None:
        """Fill ``buffer`` from byte ``start`` of the whole; raises ``CheckpointError`` of the block that fails."""
        item = self._raw.itemsize
        first, last = start // item, -(-(start + len(buffer)) // item)
        if first * item == start and (last - first) * item == len(buffer):
            self._read(first, np.frombuffer(buffer, self._raw))
            return
        whole = np.empty(last - first, self._raw)  # the range cuts through elements
        self._read(first, whole)
        buffer[:] = whole.view(np.uint8).data[start - first * item :][: len(buffer)]

    def _read(self, first: int, out: np.ndarray) -> None:
        """The elements from ``first`` on, counted row by row."""
        done = 0
        for starts, sizes in runs(self._assembly.shape, first, first + out.size):
            count = math.prod(sizes)
            self._box(starts, sizes, out[done : done + count].reshape(sizes))
            done += count

    def _box(self, starts: tuple[int, ...], sizes: tuple[int, ...], out: np.ndarray) -> None:
        low = np.array(starts, np.int64)
        high = low + np.array(sizes, np.int64)
        touched = np.flatnonzero(((self._starts < high) & (self._stops > low)).all(axis=1))
        filled = 0
        for number in touched.tolist():
            begin = np.maximum(self._starts[number], low)
            end = np.minimum(self._stops[number], high)
            part = out[tuple(map(slice, (begin - low).tolist(), (end - low).tolist()))] if low.size else out
            self._part(number, (begin - self._starts[number]).tolist(), part)
            filled += part.size
        if filled != out.size:
            raise DamagedFileError("Its pieces do not make up the whole.")

    def _part(self, number: int, within: list[int], out: np.ndarray) -> None:
        """The part of one block that begins ``within`` it and has the shape of ``out``."""
        block = self._assembly.blocks[number]
        strides = contiguous_strides(block.sizes) if block.strides is None else block.strides
        offset = block.storage_offset + sum(place * step for place, step in zip(within, strides))
        gather(self._reader(number), out, strides, offset)

    def _reader(self, number: int) -> StorageReader:
        with self._lock:
            reader = self._open.pop(number, None)
            if reader is None:
                reader = self._open_extent(self._assembly.blocks[number].extent)
            self._open[number] = reader
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return reader


def runs(shape: tuple[int, ...], first: int, last: int) -> Iterator[Box]:
    """The fewest boxes that hold the elements ``first`` to ``last`` of a row-major whole, in that order."""
    if first >= last:
        return
    if not shape:
        yield (), ()
        return
    inner = math.prod(shape[1:])
    row, into = divmod(first, inner)
    rest = (0,) * (len(shape) - 1)
    if into:  # up to the end of the row that is begun
        stop = min(last, (row + 1) * inner)
        for starts, sizes in runs(shape[1:], into, into + stop - first):
            yield (row, *starts), (1, *sizes)
        first, row = stop, row + 1
    rows = (last - first) // inner
    if rows > 0:
        yield (row, *rest), (rows, *shape[1:])
        first, row = first + rows * inner, row + rows
    for starts, sizes in runs(shape[1:], 0, last - first) if first < last else ():
        yield (row, *starts), (1, *sizes)
