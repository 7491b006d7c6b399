"""A rectangular window onto a tensor's values: what a table shows, and no more than that is read."""

from __future__ import annotations

import math

import numpy as np

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import dequantised, quantisation
from ckptgui.engine.gather import gather, is_addressable, raw_dtype, require_whole, resolve
from ckptgui.errors import LimitExceededError, UnsupportedError
from ckptgui.sources.locate import SourcePool

MAX_WINDOW = 1 << 26
"""Elements that one window may hold; a table asks for a few thousand."""


def read_window(info: TensorInfo, pool: SourcePool, index: tuple[int | slice, ...]) -> np.ndarray:
    """The values at ``index``: one integer or slice a dimension, missing ones whole, as numpy has it.

    Reads the rows that the window touches, neighbours together. Raises ``CheckpointError`` where the bytes
    cannot be had, ``IndexError`` for a place outside.
    """
    require_whole(info)
    if not is_addressable(info.dtype):
        raise UnsupportedError(f"Elements of {info.dtype} are packed into bytes; they have no table of values.")
    sizes, strides, offset, kept = _window(info, index)
    if math.prod(sizes) > MAX_WINDOW:
        raise LimitExceededError(f"A window of {math.prod(sizes):,} values is too large; {MAX_WINDOW:,} fit.")
    raw = np.empty(sizes, raw_dtype(info.dtype))
    assert info.extent is not None
    gather(storage_reader(info.extent, pool), raw, strides, offset)
    return resolve(raw, info).reshape(kept)


def real_values(info: TensorInfo, values: np.ndarray, index: tuple[int | slice, ...]) -> np.ndarray:
    """What the elements of a window stand for: quantised ones by their rule, all others as they are stored."""
    rule = quantisation(info)
    if rule is None:
        return values
    scale, zero, axis = rule
    if axis is None:
        return dequantised(values, scale[0], zero[0])
    full = (*index, *[slice(None)] * (len(info.shape) - len(index)))
    where = full[axis]
    scale, zero = scale[where], zero[where]
    if isinstance(where, slice):
        behind = sum(isinstance(other, slice) for other in full[axis + 1 :])
        scale, zero = (part.reshape(-1, *[1] * behind) for part in (scale, zero))
    return dequantised(values, scale, zero)


def _window(
    info: TensorInfo, index: tuple[int | slice, ...]
) -> tuple[tuple[int, ...], tuple[int, ...], int, tuple[int, ...]]:
    """Sizes, strides and offset of the window, and its shape without the dimensions that were pinned."""
    if len(index) > len(info.shape):
        raise IndexError(f"{len(index)} indices for {len(info.shape)} dimensions")
    offset = info.storage_offset
    sizes: list[int] = []
    strides: list[int] = []
    kept: list[int] = []
    full = (*index, *[slice(None)] * (len(info.shape) - len(index)))
    for size, stride, where in zip(info.shape, info.strides, full):
        if isinstance(where, slice):
            start, stop, step = where.indices(size)
            if step < 1:
                raise IndexError("a window goes forward")
            sizes.append(len(range(start, stop, step)))
            kept.append(sizes[-1])
        else:
            start, step = where + size if where < 0 else where, 1
            if not 0 <= start < size:
                raise IndexError(f"{where} is outside a dimension of {size}")
            sizes.append(1)
        strides.append(stride * step)
        offset += start * stride
    return tuple(sizes), tuple(strides), offset, tuple(kept)
