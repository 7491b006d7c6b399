"""Shapes of a million rows compared at once: one number for each shape, by columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.core.tensors import TensorTable

_ODD = np.uint64(0x9E3779B97F4A7C15)
_OTHER = np.uint64(0xBF58476D1CE4E5B9)


def shape_keys(table: TensorTable) -> np.ndarray:
    """uint64 for each row; equal for equal shapes, and for others but with a chance of one in 2⁶⁴."""
    return _keys(table.dims, table.dim_start)


def shape_key(shape: Sequence[int]) -> int:
    """The same for one shape."""
    return int(_keys(np.array(shape, np.int64), np.array([0, len(shape)], np.int64))[0])


def _keys(dims: np.ndarray, start: np.ndarray) -> np.ndarray:
    counts = np.diff(start)
    place = np.arange(len(dims)) - np.repeat(start[:-1], counts)
    mixed = _mix(dims.astype(np.uint64) * _ODD + place.astype(np.uint64) * _OTHER + np.uint64(1))
    summed = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed, dtype=np.uint64)])  # wraps, as it should
    keys: np.ndarray = summed[start[1:]] - summed[start[:-1]] + counts.astype(np.uint64)
    return keys


def _mix(numbers: np.ndarray) -> np.ndarray:
    """Spread the bits of each number (the finaliser of splitmix64)."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * _OTHER
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: np.ndarray = mixed ^ (mixed >> np.uint64(31))
    return found
