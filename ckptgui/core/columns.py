"""Growable columns of numbers: appended to one by one or by the thousand, then shown as numpy arrays."""

from __future__ import annotations

from array import array

import numpy as np


def grow(column: array[int], values: np.ndarray) -> None:
    """Append all ``values``; they must fit the column's type."""
    column.frombytes(values.astype(column.typecode, copy=False).tobytes())


def frozen(column: array[int]) -> np.ndarray:
    """The column as an array that shares its memory; it can no longer grow."""
    return np.frombuffer(column, column.typecode) if column else np.zeros(0, column.typecode)


def distinct(values: np.ndarray) -> np.ndarray:
    """Each value once, in order; ``numpy.unique`` would import masked arrays first, which takes 10 ms."""
    ordered = np.sort(values)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    found: np.ndarray = ordered[first]
    return found


def ragged(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The places ``starts[i] … starts[i] + lengths[i] - 1`` of every i, end to end (int64)."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: np.ndarray = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return places
