"""What to read of a tensor, in which pieces and in which order, so that no stored element is read in vain.

Dimensions of stride 0 are read once and counted many times; the others are read in the order in which
they lie in the file. A piece knows the rank of each of its elements, so that "the first" means what a
person means.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from ckptgui.analysis.reduction import Chunk, Reduction
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.engine.gather import Box, boxes, gather, raw_dtype, resolve
from ckptgui.engine.reader import StorageReader

CHUNK = 4 << 20
"""Bytes a piece; small enough to be felt by a cancel and to stay in a cache."""

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Layout:
    """A view's dimensions as they lie in the file, outermost first.

    ``weights`` are the row-major steps over the dimensions that are read. ``axes`` are their sizes in the
    tensor's own order, 1 where a dimension is repeated, so a rank unravels to an index. ``times`` says how
    often each element that is read stands in the tensor.
    """

    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    weights: tuple[int, ...]
    axes: tuple[int, ...]
    times: int

    @classmethod
    def of(cls, shape: tuple[int, ...], strides: tuple[int, ...], whole: int | None = None) -> Layout:
        """The layout of a view that has elements; the dimension ``whole`` is read along even where it repeats."""
        axes = tuple(
            1 if step == 0 and axis != whole else size for axis, (size, step) in enumerate(zip(shape, strides))
        )
        steps = contiguous_strides(axes)
        kept = [d for d in range(len(axes)) if axes[d] > 1]
        kept.sort(key=lambda d: -strides[d])
        merged: list[tuple[int, int, int]] = []
        for d in kept:
            if merged and merged[-1][1:] == (axes[d] * strides[d], axes[d] * steps[d]):
                merged[-1] = (merged[-1][0] * axes[d], strides[d], steps[d])
            else:
                merged.append((axes[d], strides[d], steps[d]))
        columns = [tuple(column) for column in zip(*merged)] if merged else [(), (), ()]
        return cls(columns[0], columns[1], columns[2], axes, math.prod(shape) // math.prod(axes))

    @property
    def count(self) -> int:
        """Elements to read."""
        return math.prod(self.sizes)

    @property
    def in_order(self) -> bool:
        """Whether ranks rise as the file is read."""
        return self.weights == contiguous_strides(self.sizes)

    def index(self, rank: int) -> tuple[int, ...]:
        """The tensor's own index of a rank."""
        index = []
        for size in reversed(self.axes):
            rank, here = divmod(rank, size)
            index.append(here)
        return tuple(reversed(index))


Decode = Callable[[np.ndarray, Chunk], np.ndarray]
"""From values of the tensor's dtype to those that a reduction takes."""


@dataclass(frozen=True)
class Plan(Generic[P, R]):
    """One reading of one tensor: its layout, where the bytes come from, and what to fold them with."""

    info: TensorInfo
    layout: Layout
    reader: StorageReader
    reduction: Reduction[P, R]
    decode: Decode

    @property
    def total(self) -> int:
        """Bytes that will be read and used."""
        return self.layout.count * self.info.dtype.itemsize

    def pieces(self) -> Iterator[Box]:
        """What to read, in order."""
        width = self.info.dtype.itemsize
        return boxes(self.layout.sizes, max(1, CHUNK * (2 if width >= 8 else 1) // width))

    def reduce(self, piece: Box) -> P:
        """Read one piece and fold it; runs on any thread."""
        return self.reduction.of(self.chunk(piece))

    def chunk(self, piece: Box) -> Chunk:
        """One piece's values, in a buffer that the thread uses again for its next piece."""
        return read_chunk(self.info, self.layout, self.reader, self.decode, piece)


def read_chunk(
    info: TensorInfo, layout: Layout, reader: StorageReader, decode: Decode, piece: Box, side: int = 0
) -> Chunk:
    """One piece's values, in this thread's buffer for that ``side``."""
    starts, sizes = piece
    raw = raw_dtype(info.dtype)
    out = own_buffer(math.prod(sizes) * raw.itemsize, side).view(raw).reshape(sizes)
    begin = info.storage_offset + sum(start * step for start, step in zip(starts, layout.strides))
    gather(reader, out, layout.strides, begin)
    values = resolve(out, info).reshape(-1)
    place = 0
    for start, size in zip(starts, layout.sizes):
        place = place * size + start
    chunk = Chunk(values, starts, sizes, layout.weights, layout.in_order, place)
    decoded = decode(values, chunk)
    return chunk if decoded is values else replace(chunk, values=decoded)


_local = threading.local()


def own_buffer(nbytes: int, side: int = 0) -> np.ndarray:
    """Bytes of this thread's own, kept for next time; where two tensors are read together each has a ``side``."""
    buffers: dict[int, np.ndarray] = _local.__dict__.setdefault("buffers", {})
    kept = buffers.get(side)
    if kept is None or kept.nbytes < nbytes:
        kept = buffers[side] = np.empty(nbytes, np.uint8)
    return kept[:nbytes]
