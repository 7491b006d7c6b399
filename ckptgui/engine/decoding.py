"""From a tensor's stored elements to the real numbers that figures are about."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ckptgui.analysis.reduction import Chunk
from ckptgui.core.dtypes import BY_NAME, Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.plan import Decode, Layout


def layout_of(info: TensorInfo) -> Layout:
    """How to read a tensor that has elements; repeated ones that stand for different numbers are read apart."""
    rule = quantisation(info)
    return Layout.of(info.shape, info.strides, None if rule is None else rule[2])


def decoder(info: TensorInfo, layout: Layout) -> Decode | None:
    """The decoding for this tensor; None where its elements stand for no known real numbers."""
    if info.dtype.kind is Kind.PACKED:
        return None
    if info.dtype.kind is Kind.QUANTIZED:
        return _dequantiser(info, layout)
    return _modulus if info.dtype.kind is Kind.COMPLEX else as_stored


def is_pairs(info: TensorInfo) -> bool:
    """Whether it is a row of four-bit floats, two in each byte, that begins with a byte.

    Of the other packed types no file tells how the bits of an element lie, or one element is several numbers.
    """
    return info.dtype.name == "F4" and info.is_contiguous and info.storage_offset % 2 == 0


def bytes_of_pairs(info: TensorInfo) -> TensorInfo:
    """The bytes that the elements stand in."""
    size = (info.numel + 1) // 2
    offset = info.storage_offset // 2
    return replace(
        info, dtype=BY_NAME["uint8"], shape=(size,), strides=(1,), storage_offset=offset, nbytes=size, neg=False
    )


def as_stored(values: np.ndarray, _: Chunk) -> np.ndarray:
    """The values themselves."""
    return values


def modulus(values: np.ndarray) -> np.ndarray:
    """Absolute values of a 1-d complex array in float64, whatever the width of the parts."""
    width = {4: np.float16, 8: np.float32, 16: np.float64}[values.itemsize]
    with np.errstate(over="ignore", invalid="ignore"):
        parts = values.view(width).reshape(-1, 2).astype(np.float64)
        found: np.ndarray = np.hypot(parts[:, 0], parts[:, 1])
    return found


def _modulus(values: np.ndarray, _: Chunk) -> np.ndarray:
    return modulus(values)


@dataclass(frozen=True)
class _Dequantise:
    """``(stored - zero) * scale``, with one rule or one for each place along a dimension."""

    scale: np.ndarray
    zero: np.ndarray
    weight: int
    size: int

    def __call__(self, values: np.ndarray, chunk: Chunk) -> np.ndarray:
        place: np.ndarray | int = 0
        if self.size > 1:
            place = chunk.ranks(np.arange(values.size)) // self.weight % self.size
        return dequantised(values, self.scale[place], self.zero[place])


def dequantised(stored: np.ndarray, scale: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """What quantised elements stand for, float64; a file may well give a scale that makes them infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        real: np.ndarray = (stored.astype(np.float64) - zero) * scale
    return real


def quantisation(info: TensorInfo) -> tuple[np.ndarray, np.ndarray, int | None] | None:
    """Scales, zero points and the dimension they run along (None: one of each); None where no rule is known."""
    rule: Any = info.extra.get("quantization")
    if info.dtype.kind is not Kind.QUANTIZED or not isinstance(rule, dict):
        return None
    try:
        scale = np.atleast_1d(np.asarray(rule.get("scales", rule.get("scale")), np.float64))
        zero = np.atleast_1d(np.asarray(rule.get("zero_points", rule.get("zero_point")), np.float64))
    except (TypeError, ValueError, OverflowError):  # complex, or an integer that no float holds
        return None
    axis = rule.get("axis")
    if np.isnan(scale).any() or np.isnan(zero).any() or scale.shape != zero.shape:
        return None
    if axis is None:
        return (scale, zero, None) if scale.size == 1 else None
    return (scale, zero, axis) if 0 <= axis < len(info.shape) and scale.size == info.shape[axis] else None


def _dequantiser(info: TensorInfo, layout: Layout) -> Decode | None:
    rule = quantisation(info)
    if rule is None:
        return None
    scale, zero, axis = rule
    if axis is None:
        return _Dequantise(scale, zero, 1, 1)
    if layout.axes[axis] != scale.size:
        return None
    return _Dequantise(scale, zero, math.prod(layout.axes[axis + 1 :]), scale.size)
