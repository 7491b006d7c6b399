"""Any rectangular piece of a strided view, read with few large reads and bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ckptgui.core.dtypes import DType, Kind, decode
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.reader import StorageReader
from ckptgui.errors import DamagedFileError, UnsupportedError

PIECE = 8 << 20
"""Bytes read at once where elements lie scattered."""

GAP = 32 << 10
"""Bytes that are cheaper to read in vain than to skip with a read of their own."""

Box = tuple[tuple[int, ...], tuple[int, ...]]
"""Where a rectangular piece begins and how long it is in each dimension."""


def raw_dtype(dtype: DType) -> np.dtype:
    """An array type as wide as one element, for moving bytes without looking at them."""
    width = dtype.itemsize
    return np.dtype(np.complex128) if width == 16 else np.dtype(f"u{width}")


def is_addressable(dtype: DType) -> bool:
    """Whether each element has bytes of its own."""
    return dtype.bits % 8 == 0


def require_whole(info: TensorInfo) -> None:
    """Raise when this tensor has no bytes that could be read."""
    if info.error is not None:
        raise DamagedFileError(info.error)
    if info.extent is None:
        raise UnsupportedError("It has no values of its own in this file.")


def boxes(shape: Sequence[int], limit: int) -> Iterator[Box]:
    """Cut ``shape`` into boxes of at most ``limit`` elements (at least one), in row-major order."""
    if math.prod(shape) == 0:
        return
    axis, inner = len(shape), 1
    while axis > 0 and inner * shape[axis - 1] <= limit:
        axis -= 1
        inner *= shape[axis]
    if axis == 0:
        yield (0,) * len(shape), tuple(shape)
        return
    axis -= 1
    step = max(1, limit // inner)
    rest = tuple(shape[axis + 1 :])
    outer = [0] * axis
    while True:
        for start in range(0, shape[axis], step):
            size = min(step, shape[axis] - start)
            yield (*outer, start, *(0 for _ in rest)), (*(1 for _ in outer), size, *rest)
        for position in reversed(range(axis)):
            outer[position] += 1
            if outer[position] < shape[position]:
                break
            outer[position] = 0
        else:
            return


def gather(reader: StorageReader, out: np.ndarray, strides: Sequence[int], offset: int) -> None:
    """Fill ``out`` (a raw dtype) with the view that has its shape, ``strides`` and ``offset`` in elements."""
    if out.size == 0:
        return
    axes = [axis for axis in range(out.ndim) if out.shape[axis] > 1 and strides[axis] != 0]
    axes.sort(key=lambda axis: -strides[axis])
    kept = set(axes)
    moving = out[(*(slice(None) if axis in kept else 0 for axis in range(out.ndim)), ...)]
    rank = {axis: position for position, axis in enumerate(sorted(axes))}
    _fill(reader, moving.transpose([rank[axis] for axis in axes]), [strides[axis] for axis in axes], offset)
    if moving.size < out.size:
        out[...] = out[tuple(slice(None) if axis in kept else slice(0, 1) for axis in range(out.ndim))]


def _fill(reader: StorageReader, out: np.ndarray, strides: list[int], offset: int) -> None:
    item = out.itemsize
    span = _span(out.shape, strides)
    if span == out.size and out.flags.c_contiguous and _is_row_major(out.shape, strides):
        reader.read_into(offset * item, out.reshape(-1).view(np.uint8).data)
        return
    within = [_span(out.shape[axis + 1 :], strides[axis + 1 :]) for axis in range(out.ndim)]
    dense = [(step - inner) * item <= GAP for step, inner in zip(strides, within)]
    if all(dense) and span * item <= PIECE:
        buffer = np.empty(span, out.dtype)
        reader.read_into(offset * item, buffer.view(np.uint8).data)
        steps = [step * item for step in strides]
        out[...] = np.lib.stride_tricks.as_strided(buffer, out.shape, steps, writeable=False)
        return
    rows = max(1, (PIECE // item - within[0]) // strides[0] + 1) if all(dense) else 1
    for start in range(0, out.shape[0], rows):
        part = out[start : start + rows] if rows > 1 else out[start, ...]
        _fill(reader, part, strides if rows > 1 else strides[1:], offset + start * strides[0])


def _span(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Elements of storage from the first to the last that the view touches."""
    return 1 + sum((size - 1) * step for size, step in zip(shape, strides))


def _is_row_major(shape: Sequence[int], strides: Sequence[int]) -> bool:
    expected = 1
    for size, step in zip(reversed(shape), reversed(strides)):
        if step != expected:
            return False
        expected *= size
    return True


def resolve(raw: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Raw elements as values of the tensor's dtype: byte order, conjugation and negation applied."""
    assert info.extent is not None
    if raw.itemsize != info.dtype.array.itemsize:  # no array type shows them: the bits stay as they are
        return raw.byteswap() if info.extent.byteorder == "big" else raw
    values = decode(raw.reshape(-1).view(np.uint8), info.dtype, info.extent.byteorder)
    if info.dtype.kind is Kind.COMPLEX and (info.conj or info.neg):
        values = _turned(values, info)
    elif info.neg:
        values = np.negative(values)
    return values.reshape(raw.shape)


def _turned(values: np.ndarray, info: TensorInfo) -> np.ndarray:
    """Conjugate and negate by parts, so that zeros and NaN keep the sign that torch gives them."""
    parts = values.view(_PART[info.dtype.itemsize]).reshape(-1, 2).copy()
    if info.neg:
        np.negative(parts, out=parts)
    if info.conj:
        np.negative(parts[:, 1], out=parts[:, 1])
    return parts.reshape(-1).view(values.dtype)


_PART: dict[int, np.dtype] = {4: np.dtype(np.float16), 8: np.dtype(np.float32), 16: np.dtype(np.float64)}
