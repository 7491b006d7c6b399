"""One pair of tensors of one shape, read beside each other piece by piece."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.difference_fold import fold
from ckptgui.analysis.difference_sums import PairSums
from ckptgui.analysis.four_bits import E2M1
from ckptgui.analysis.reduction import Chunk
from ckptgui.core.dtypes import BY_NAME, DType, Kind
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import as_stored, bytes_of_pairs, decoder, is_pairs, quantisation
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import Box, boxes
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.plan import Decode, Layout, read_chunk
from ckptgui.engine.reader import StorageReader
from ckptgui.engine.repeated import require_bounded
from ckptgui.engine.run import partials
from ckptgui.sources.locate import SourcePool

CHUNK = 2 << 20
"""Bytes a piece of the wider of the two; both and what they are widened to stay in a cache."""


def compare_pair(
    a: TensorInfo, b: TensorInfo, pool: SourcePool, cancel: Cancel, report: Report, alone: bool
) -> np.ndarray | None:
    """The record (``DIFFERENCE``, 1) of two tensors of one shape that have elements and bytes.

    None where elements of either stand for no known numbers. With ``alone`` chunks go to all threads; ``report``
    counts bytes of both. Raises ``CheckpointError`` when bytes cannot be had, ``Cancelled``.
    """
    assert a.extent is not None and b.extent is not None
    if not ((is_pairs(a) and is_pairs(b)) or (has_figures(a) and has_figures(b))):
        return None
    for info, layout in zip((a, b), layouts_of(a, b)):
        require_bounded(info, layout)
    readers = storage_reader(a.extent, pool), storage_reader(b.extent, pool)
    return compare_from(readers, a, b, cancel, report, alone, same_bytes(a, b))


def compare_from(
    readers: tuple[StorageReader, StorageReader],
    a: TensorInfo,
    b: TensorInfo,
    cancel: Cancel,
    report: Report,
    alone: bool = True,
    same: bool = False,
) -> np.ndarray | None:
    """The same of tensors whose bytes the readers give; ``same`` says that they are the same bytes."""
    if is_pairs(a) and is_pairs(b):
        return _PairOfPairs.between(readers, bytes_of_pairs(a), bytes_of_pairs(b), same).run(
            a, cancel, report, alone
        )
    if not (has_figures(a) and has_figures(b)):
        return None
    return _Pair.between(readers, a, b, same).run(a, cancel, report, alone)


def has_figures(info: TensorInfo) -> bool:
    """Whether its elements, one by one, stand for numbers that are known."""
    if info.dtype.kind is Kind.QUANTIZED:
        return quantisation(info) is not None
    return info.dtype.kind is not Kind.PACKED


def same_bytes(a: TensorInfo, b: TensorInfo) -> bool:
    """Whether both are one view of the same stored bytes of one file, by whatever path."""
    one, other = a.extent, b.extent
    if one is None or other is None or not one.segments or one.assembly is not None or other.assembly is not None:
        return False
    views = [(i.dtype.name, i.shape, i.strides, i.storage_offset, i.conj, i.neg) for i in (a, b)]
    if views[0] != views[1] or a.dtype.kind is Kind.QUANTIZED:
        return False
    if (one.nbytes, one.codec, one.byteorder, one.skip) != (
        other.nbytes,
        other.codec,
        other.byteorder,
        other.skip,
    ):
        return False
    stretches = [
        [(state_of(segment.source), segment.offset, segment.length, segment.place) for segment in segments]
        for segments in (one.segments, other.segments)
    ]
    return stretches[0] == stretches[1]


def state_of(source: SourceIdentity) -> tuple[int, ...]:
    """Which state of which file it is, by whatever path."""
    return source.device, source.inode, source.size, source.mtime_ns


def layouts_of(a: TensorInfo, b: TensorInfo) -> tuple[Layout, Layout]:
    """How to read two views of one shape beside each other: in the order in which the first lies in its file.

    They differ in ``strides`` alone. Dimensions are joined where they lie so in both, and read once where both
    repeat their elements.
    """
    whole = {rule[2] for rule in map(quantisation, (a, b)) if rule is not None}  # scales run along these
    axes = tuple(
        1 if step_a == 0 == step_b and axis not in whole else size
        for axis, (size, step_a, step_b) in enumerate(zip(a.shape, a.strides, b.strides))
    )
    steps = contiguous_strides(axes)
    kept = sorted((d for d in range(len(axes)) if axes[d] > 1), key=lambda d: (-a.strides[d], -b.strides[d]))
    merged: list[tuple[int, int, int, int]] = []
    for d in kept:
        size, here = axes[d], (a.strides[d], b.strides[d], steps[d])
        if merged and merged[-1][1:] == tuple(size * step for step in here):
            merged[-1] = (merged[-1][0] * size, *here)
        else:
            merged.append((size, *here))
    sizes, own, others, weights = [tuple(column) for column in zip(*merged)] if merged else [(), (), (), ()]
    times = math.prod(a.shape) // math.prod(axes)
    return Layout(sizes, own, weights, axes, times), Layout(sizes, others, weights, axes, times)


@dataclass(frozen=True)
class _Side:
    """One of the two: where its values come from, and the dtype that they have once decoded."""

    info: TensorInfo
    layout: Layout
    reader: StorageReader
    decode: Decode
    dtype: DType
    number: int

    @classmethod
    def of(cls, info: TensorInfo, layout: Layout, reader: StorageReader, number: int) -> _Side:
        decode = decoder(info, layout) if info.dtype.kind is Kind.QUANTIZED else as_stored
        assert decode is not None
        return cls(info, layout, reader, decode, info.dtype, number)

    def chunk(self, piece: Box) -> Chunk:
        return read_chunk(self.info, self.layout, self.reader, self.decode, piece, self.number)


@dataclass(frozen=True)
class _Pair:
    """Two tensors; ``b`` is None where it is ``a`` once more."""

    a: _Side
    b: _Side | None

    @classmethod
    def between(
        cls, readers: tuple[StorageReader, StorageReader], a: TensorInfo, b: TensorInfo, same: bool
    ) -> _Pair:
        layout_a, layout_b = layouts_of(a, b)
        other = None if same else _Side.of(b, layout_b, readers[1], 1)
        return cls(_Side.of(a, layout_a, readers[0], 0), other)

    def run(self, whole: TensorInfo, cancel: Cancel, report: Report, alone: bool) -> np.ndarray:
        """The record of the tensor ``whole`` and its namesake."""
        sides = [side for side in (self.a, self.b) if side is not None]
        width = max(side.info.dtype.itemsize for side in sides)
        layout = self.a.layout
        pieces = boxes(layout.sizes, max(1, CHUNK // width))
        together = alone and layout.count * width > CHUNK and not any(side.reader.sequential for side in sides)
        found, done = PairSums.nothing(1), 0
        total = whole.nbytes * 2
        for piece, part in partials(pieces, self.fold, chunk_executor() if together else None, cancel):
            found.add(part)
            done += math.prod(piece[1])
            report(Progress(total * done // layout.count, total))
        if layout.times > 1 and found.places[0] >= 0:
            index = layout.index(int(found.places[0]))
            found.places[0] = sum(at * step for at, step in zip(index, contiguous_strides(whole.shape)))
        return found.records(np.array([whole.numel]), layout.times)

    def fold(self, piece: Box) -> PairSums:
        """One piece; runs on any thread."""
        one = self.a.chunk(piece)
        other = one if self.b is None else self.b.chunk(piece)
        dtypes = self.a.dtype, self.a.dtype if self.b is None else self.b.dtype
        if one.in_order:
            found = fold(one.values, other.values, *dtypes)
        else:
            one, values = _row_major(one, one.values), _row_major(other, other.values).values
            found = fold(one.values, values, *dtypes)
        if found.places[0] >= 0:
            found.places[0] = one.ranks(found.places)[0]
        return found


def _row_major(chunk: Chunk, values: np.ndarray) -> Chunk:
    """A box with its values in the order in which a person counts."""
    order = sorted(range(len(chunk.sizes)), key=lambda axis: -chunk.weights[axis])
    starts, sizes, weights = (tuple(c[axis] for axis in order) for c in (chunk.starts, chunk.sizes, chunk.weights))
    turned = np.ascontiguousarray(values.reshape(chunk.sizes).transpose(order)).reshape(-1)
    return Chunk(turned, starts, sizes, weights, True)


class _PairOfPairs(_Pair):
    """Floats of four bits, read as the bytes in which two of them stand."""

    def run(self, whole: TensorInfo, cancel: Cancel, report: Report, alone: bool) -> np.ndarray:
        found, done = PairSums.nothing(1), 0
        for piece in boxes(self.a.layout.sizes, CHUNK):
            cancel.check()
            begin, end = 2 * done, min(whole.numel, 2 * (done + math.prod(piece[1])))
            values = [
                _elements(side.chunk(piece).values)[: end - begin] for side in (self.a, self.b) if side is not None
            ]
            part = fold(values[0], values[-1], BY_NAME["float32"], BY_NAME["float32"])
            part.places[part.places >= 0] += begin
            found.add(part)
            done += math.prod(piece[1])
            report(Progress(2 * done, 2 * whole.nbytes))
        return found.records(np.array([whole.numel]))


def _elements(stored: np.ndarray) -> np.ndarray:
    """float32, the first of each byte in its low half."""
    values = E2M1.astype(np.float32)
    found = np.empty(2 * stored.size, np.float32)
    found[::2], found[1::2] = values[stored & 15], values[stored >> 4]
    return found
