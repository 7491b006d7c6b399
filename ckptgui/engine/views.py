"""A part of a tensor as a tensor of its own: the same bytes under other sizes, strides and offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.decoding import quantisation


def sliced(info: TensorInfo, index: Sequence[int | slice], order: Sequence[int] = ()) -> TensorInfo:
    """The part at ``index`` (an integer or a forward slice a dimension, missing ones whole), as numpy has it.

    ``order`` permutes the dimensions that are left. A rule of quantisation goes with its dimension. Raises
    ``IndexError`` for a place outside.
    """
    full = (*index, *[slice(None)] * (len(info.shape) - len(index)))
    if len(full) != len(info.shape):
        raise IndexError(f"{len(index)} indices for {len(info.shape)} dimensions")
    offset = info.storage_offset
    dims: list[tuple[int, int, int]] = []  # which it was, its size and stride
    for dim, (where, size, stride) in enumerate(zip(full, info.shape, info.strides)):
        if isinstance(where, slice):
            start, stop, step = where.indices(size)
            if step < 1:
                raise IndexError("a part goes forward")
            dims.append((dim, len(range(start, stop, step)), stride * step))
        else:
            start = where + size if where < 0 else where
            if not 0 <= start < size:
                raise IndexError(f"{where} is outside a dimension of {size}")
        offset += start * stride
    dims = [dims[place] for place in order] if order else dims
    shape = tuple(size for _, size, _ in dims)
    part = replace(info, shape=shape, strides=tuple(stride for _, _, stride in dims), storage_offset=offset)
    part = replace(part, nbytes=info.dtype.nbytes(part.numel))
    rule = quantisation(info)
    if rule is None or rule[2] is None:
        return part
    return replace(part, extra={**info.extra, "quantization": _rule_of(rule, full, [dim for dim, _, _ in dims])})


def _rule_of(
    rule: tuple[np.ndarray, np.ndarray, int | None], full: Sequence[int | slice], kept: Sequence[int]
) -> dict[str, Any]:
    """The rule for what is left of the dimension that the scales run along."""
    scale, zero, axis = rule
    assert axis is not None
    where = full[axis]
    if axis not in kept:
        return {"scale": float(scale[where]), "zero_point": float(zero[where])}
    return {"scales": scale[where], "zero_points": zero[where], "axis": kept.index(axis)}
