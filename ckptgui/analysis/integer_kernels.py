"""The compiled loop over wide integers: exact sums, extremes, and counts by the leading eight bits.

Import this module late (see ``analysis.compiled``). Magnitudes are halves of 32 bits, so that no sum of products
outgrows 64 bits before 2**31 values.
"""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.compiled import njit

BLOCK = 4096
SUMS = 10
"""Magnitudes, those of negative values, low by low, low by high and high by high half: each as low and high."""

_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_NONE = np.uint64(0)
# From the leading bits of a float64 to a code: 2**8 has 1031 for its exponent, and its code is 256.
_SHIFT = np.int64(45)
_BASE = np.int64(1029 * 128)
# float64 holds 53 bits; of longer numbers the last are left out, lest they be rounded up into another code.
_LEADING = np.uint64(0xFFFFFFFFFFFFF800)


@njit()
def _fold_block(values, sizes, narrow, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the magnitudes to ``sizes`` and add to ``sums``; least, greatest and zeros."""
    low = high = values[0]
    zeros = a0 = a1 = n0 = n1 = p0 = p1 = q0 = q1 = r0 = r1 = _NONE
    for i in range(values.size):
        x = values[i]
        low, high = min(low, x), max(high, x)
        size = np.uint64(x)
        minus = _NONE
        if x < 0:
            size = _NONE - size
            minus = size
        sizes[i] = size
        zeros += np.uint64(size == _NONE)
        down, up = size & _LOW, size >> _HALF
        a0 += down
        n0 += minus & _LOW
        square = down * down
        p0 += square & _LOW
        p1 += square >> _HALF
        if not narrow:
            a1 += up
            n1 += minus >> _HALF
            square = down * up
            q0 += square & _LOW
            q1 += square >> _HALF
            square = up * up
            r0 += square & _LOW
            r1 += square >> _HALF
    for at, part in enumerate((a0, a1, n0, n1, p0, p1, q0, q1, r0, r1)):
        sums[at] += part
    return low, high, np.int64(zeros)


@njit()
def _place_of(values, start, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Where in the block at ``start`` the first value stands that equals ``value``."""
    for i in range(start, min(values.size, start + BLOCK)):
        if values[i] == value:
            return i
    return -1


@njit()
def fold_integers(values, counts, offset, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold integers; a negative one is counted ``offset`` codes further.

    A code keeps an integer's leading eight bits: below 256 it is exact, then 128 an octave. Returns zeros, the
    least, the greatest and where they stand.
    """
    zeros = 0
    low = high = values[0]
    in_low = in_high = 0
    sizes, codes = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.int64)
    leading = np.empty(BLOCK, np.float64)
    leading_bits = leading.view(np.int64)
    for start in range(0, values.size, BLOCK):
        block = values[start : start + BLOCK]
        least, most, zero = _fold_block(block, sizes, values.itemsize == 4, sums)
        zeros += zero
        if least < low:
            low, in_low = least, start
        if most > high:
            high, in_high = most, start
        for i in range(block.size):
            size = sizes[i]
            leading[i] = np.float64(size & _LEADING if size >> np.uint64(53) else size)
        for i in range(block.size):
            size = sizes[i]
            code = (leading_bits[i] >> _SHIFT) - _BASE if size >> np.uint64(8) else np.int64(size)
            codes[i] = code + offset if block[i] < 0 else code
        for i in range(block.size):
            counts[codes[i]] += np.uint32(1)
    return zeros, low, high, _place_of(values, in_low, low), _place_of(values, in_high, high)
