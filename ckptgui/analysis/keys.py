"""Integers that sort as values do, and the codes that group them finely enough.

A key is a signed integer of 64 bits: for floats sign and magnitude as one number (both zeros are 0), for
integers the integer itself (unsigned 64-bit ones moved down by half their range). A code is what a first
pass counts by: it stands for a range of keys less than 2**-7 wide in relation to the values in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Space = Literal["float32", "float64", "int", "uint64"]
INTEGER_CODES = 58 * 128
_HALF = 1 << 63


@dataclass(frozen=True)
class Ranges:
    """Disjoint ranges of keys in rising order, both ends within, and how many values lie in each."""

    lows: np.ndarray
    highs: np.ndarray
    counts: np.ndarray


def values_of(space: Space, keys: np.ndarray) -> np.ndarray:
    """The float64 values that keys stand for."""
    values: np.ndarray
    if space in ("int", "uint64"):
        whole = keys if space == "int" else keys.view(np.uint64) ^ np.uint64(_HALF)
        values = whole.astype(np.float64)
        return values
    magnitude = np.abs(keys)
    if space == "float32":
        values = magnitude.astype(np.uint32).view(np.float32).astype(np.float64)
    else:
        values = magnitude.view(np.float64)
    return np.where(keys < 0, -values, values)


def keys_at(space: Space, values: np.ndarray) -> np.ndarray:
    """The keys nearest to some finite float64 values, which need not be values that the type has."""
    if space == "int":
        keys: np.ndarray = np.clip(values, -(2.0**63), np.nextafter(2.0**63, 0.0)).astype(np.int64)
        keys[values >= 2.0**63] = _HALF - 1
        return keys
    if space == "uint64":
        unsigned = np.clip(values, 0.0, np.nextafter(2.0**64, 0.0)).astype(np.uint64)
        keys = (unsigned ^ np.uint64(_HALF)).view(np.int64)
        keys[values >= 2.0**64] = _HALF - 1
        return keys
    if space == "float32":
        largest = float(np.finfo(np.float32).max)
        bits = np.clip(np.abs(values), 0.0, largest).astype(np.float32).view(np.uint32).astype(np.int64)
    else:
        bits = np.abs(values.astype(np.float64)).view(np.int64)
    keys = np.asarray(bits)
    keys[values < 0] *= -1
    return keys


def keys_of(space: Space, values: np.ndarray) -> np.ndarray:
    """The keys of a chunk's values; compiled for floats."""
    if space == "int":
        return values.astype(np.int64, copy=False)
    if space == "uint64":
        return (values ^ np.uint64(_HALF)).view(np.int64)
    from ckptgui.analysis import kernels

    keys = np.empty(values.size, np.int64)
    if space == "float32":
        kernels.float32_keys(values.view(np.uint32), keys)
    else:
        kernels.float64_keys(values.view(np.uint64), keys)
    return keys


def float_ranges(counts: np.ndarray, width: int, zeros: int, negative_zeros: int) -> Ranges:
    """The ranges behind counts by sign and leading bits of a float; ``width`` is the keys in one code.

    The first half of ``counts`` (int64, changed here) is positive. Codes of infinities and NaN must have been
    cleared.
    """
    half = counts.size // 2
    counts[0] -= zeros - negative_zeros
    counts[half] -= negative_zeros
    held = np.flatnonzero(counts != 0)  # of truth values, for speed
    positive, negative = counts[:half], counts[half:]
    split = np.searchsorted(held, half)
    above, below = held[:split], held[split:][::-1] - half
    zero = np.zeros(1 if zeros else 0, np.int64)
    first = np.maximum(above * width, 1)
    last = np.maximum(below * width, 1)
    return Ranges(
        np.concatenate([-(below * width + width - 1), zero, first]),
        np.concatenate([-last, zero, above * width + width - 1]),
        np.concatenate([negative[below], zero + zeros, positive[above]]),
    )


def integer_ranges(counts: np.ndarray, space: Space) -> Ranges:
    """The ranges behind counts by ``kernels.integer_code``; the second half of ``counts`` is negative."""
    positive, negative = counts[:INTEGER_CODES], counts[INTEGER_CODES:]
    above, below = np.flatnonzero(positive), np.flatnonzero(negative)[::-1]
    lows, highs = _integers_of(above)
    least, most = _integers_of(below)
    shift = _HALF if space == "uint64" else 0
    tallies = np.concatenate([negative[below], positive[above]]).astype(np.int64)
    return Ranges(
        np.array([max(-m, -_HALF) for m in most] + [low - shift for low in lows], np.int64),
        np.array([-m for m in least] + [min(high - shift, _HALF - 1) for high in highs], np.int64),
        tallies,
    )


def _integers_of(codes: np.ndarray) -> tuple[list[int], list[int]]:
    """The smallest and largest magnitude of each code; in Python's integers, as 2**64 - 1 is one of them."""
    lows, highs = [], []
    for code in codes.tolist():
        octave = max(0, code // 128 - 1)
        lows.append((code - octave * 128) << octave)
        highs.append(lows[-1] + (1 << octave) - 1)
    return lows, highs
