"""Where the bytes of an output come from: a stretch of a storage as it lies, or a tensor's values in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ckptgui.core.dtypes import DType, decode
from ckptgui.core.extents import Extent
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import iter_values
from ckptgui.sources.locate import SourcePool

_CHUNK = 8 << 20


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
        """The bytes, some MiB at a time; each piece is the reader's until the next is asked for."""
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
    """Numbers of ``source`` as they come from ``piece``, rounded to ``target``; both are floating-point types."""

    piece: Span | Values
    source: DType
    target: DType

    @property
    def nbytes(self) -> int:
        """Bytes to write."""
        return self.piece.nbytes // self.source.itemsize * self.target.itemsize

    def read(self, pool: SourcePool, cancel: Cancel) -> Iterator[memoryview]:
        """The bytes, some MiB at a time."""
        with np.errstate(over="ignore", invalid="ignore"):
            for chunk in self.piece.read(pool, cancel):
                yield _bytes_of(decode(chunk, self.source).astype(self.target.array))


Piece = Span | Values | Cast


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
