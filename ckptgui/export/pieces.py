"""Where the bytes of an output come from: a stretch of a storage as it lies, or a tensor's values in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ckptgui.core.dtypes import DType, decode
from ckptgui.core.extents import Codec, Extent
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.gather import is_addressable
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import iter_values
from ckptgui.engine.views import sliced
from ckptgui.sources.locate import SourcePool

_CHUNK = 256 << 10
"""Bytes read at once: what stays in a core's own cache until it is written."""

_UNIT = 16
"""Bytes of the widest element."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``start`` to ``stop`` of a storage, turned to little-endian numbers of ``dtype``."""

    extent: Extent
    start: int
    stop: int
    dtype: DType

    @property
    def nbytes(self) -> int:
        """Bytes to write."""
        return self.stop - self.start

    def read(self, pool: SourcePool, cancel: Cancel) -> Iterator[memoryview]:
        """The bytes, a bounded part at a time; each part is the reader's until the next is asked for."""
        reader = storage_reader(self.extent, pool)
        # One buffer for all: fresh pages for each piece cost as much as the reading.
        buffer = memoryview(bytearray(min(_CHUNK, self.nbytes)))
        for start in range(self.start, self.stop, _CHUNK):
            cancel.check()
            piece = buffer[: self.stop - start]
            reader.read_into(start, piece)
            yield self._little(piece)

    def _little(self, piece: memoryview) -> memoryview:
        if self.extent.byteorder == "little" or self.dtype.itemsize == 1:
            return piece
        return _bytes_of(decode(piece, self.dtype, "big"))


@dataclass(frozen=True, slots=True)
class Values:
    """A tensor's values, row-major, conjugation and negation applied."""

    tensor: TensorInfo

    @property
    def nbytes(self) -> int:
        """Bytes to write."""
        return self.tensor.nbytes

    def read(self, pool: SourcePool, cancel: Cancel) -> Iterator[memoryview]:
        """The bytes, some MiB at a time."""
        if not self.nbytes:
            return
        for chunk in iter_values(self.tensor, pool, cancel):
            cancel.check()
            yield _bytes_of(chunk)


@dataclass(frozen=True, slots=True)
class Cast:
    """What another piece gives, its floating-point numbers turned from ``source`` to ``target``.

    The numbers are torch's own (``Tensor.to`` on a CPU), see ``cast``.
    """

    piece: Span | Values
    source: DType
    target: DType

    @property
    def nbytes(self) -> int:
        """Bytes to write."""
        return self.piece.nbytes // self.source.itemsize * self.target.itemsize

    def read(self, pool: SourcePool, cancel: Cancel) -> Iterator[memoryview]:
        """The bytes, a bounded part at a time; each part is the reader's until the next is asked for."""
        for part in self.piece.read(pool, cancel):
            yield _bytes_of(cast(np.frombuffer(part, self.source.array), self.target))


Piece = Span | Values | Cast


def cast(values: np.ndarray, target: DType) -> np.ndarray:
    """``values`` as ``target``: the nearest, ties to even; what is too large becomes infinite, a NaN stays one.

    As in torch, float64 reaches what is narrower by way of float32. Which NaN it is is not promised: torch itself
    gives one or another by where it lies.
    """
    single = np.dtype(np.float32)
    with np.errstate(all="ignore"):
        if target.array not in (values.dtype, single):
            values = values.astype(single, copy=False)
        return values.astype(target.array, copy=False)


def cut(piece: Piece, nbytes: int) -> list[Piece]:
    """The piece in parts that can be read apart, in order, each about ``nbytes`` before any cast.

    What has to be read from its beginning stays whole: compressed bytes.
    """
    if isinstance(piece, Cast):
        return [Cast(part, piece.source, piece.target) for part in _cut(piece.piece, nbytes)]
    return [*_cut(piece, nbytes)]


def _cut(piece: Span | Values, nbytes: int) -> Sequence[Span | Values]:
    extent = piece.extent if isinstance(piece, Span) else piece.tensor.extent
    if piece.nbytes <= nbytes or extent is None or not _is_anywhere(extent):
        return [piece]
    if isinstance(piece, Span):
        step = nbytes // _UNIT * _UNIT
        starts = range(piece.start, piece.stop, step)
        return [Span(extent, start, min(start + step, piece.stop), piece.dtype) for start in starts]
    tensor = piece.tensor
    if not is_addressable(tensor.dtype):
        return [piece]
    axis, size = next((axis, size) for axis, size in enumerate(tensor.shape) if size > 1)
    rows = max(1, nbytes * size // tensor.nbytes)
    plain, before = replace(tensor, extra={}), (slice(None),) * axis
    return [Values(sliced(plain, (*before, slice(row, row + rows)))) for row in range(0, size, rows)]


def _is_anywhere(extent: Extent) -> bool:
    """Whether it can be read at any place at the same cost."""
    return extent.assembly is not None or extent.inline is not None or extent.codec is Codec.STORED


def values_of(tensor: TensorInfo) -> Span | Values:
    """The cheapest way to a tensor's contiguous values: as they lie, where they lie so."""
    if tensor.extent is not None and tensor.is_contiguous and not (tensor.conj or tensor.neg):
        start = tensor.dtype.nbytes(tensor.storage_offset)
        return Span(tensor.extent, start, start + tensor.nbytes, tensor.dtype)
    return Values(tensor)


def written_as(tensor: TensorInfo, dtype: DType) -> Piece:
    """A tensor's contiguous values as numbers of ``dtype``."""
    piece = values_of(tensor)
    return piece if tensor.dtype == dtype else Cast(piece, tensor.dtype, dtype)


def _bytes_of(array: np.ndarray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
