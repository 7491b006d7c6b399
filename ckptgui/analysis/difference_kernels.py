"""The compiled loops over two tensors at once: norms, how far they are apart, and where most.

Import this module late (see ``analysis.compiled``). Sums run over blocks that fit the first-level cache, in an
order that is the same every time. A sum is kept as a float64 and a power of two, so that no square overflows or
is lost; where all is of usual size the power is zero and costs nothing.
"""

from __future__ import annotations

import math

import numpy as np

from ckptgui.analysis.compiled import njit
from ckptgui.analysis.difference_sums import (
    BOTH_A,
    BOTH_B,
    CHANGED,
    DELTA,
    DOT,
    INF_A,
    INF_B,
    INF_BOTH,
    NAN_A,
    NAN_B,
    WHOLE_A,
    WHOLE_B,
)

BLOCK = 2048
_LEAST, _MOST = 1e-280, 1e280
"""Sums of squares of a block between these have lost nothing that counts."""

# Only the order of additions is given up, for the vector unit's sake; what is folded so holds no NaN.
_FAST = {"reassoc", "nsz", "contract", "nnan"}


@njit()
def _all_finite(ints, infinite):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Whether floats, given as integers of their width, hold no infinity and no NaN."""
    top = infinite ^ infinite
    for i in range(ints.size):
        top = max(top, ints[i] & infinite)
    return top < infinite


@njit(fastmath=_FAST)
def _sums(a, b):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Squares, products, squares of differences, the largest difference and how many there are."""
    square_a = square_b = product = square = peak = 0.0
    changed = 0
    for i in range(a.size):
        x, y = np.float64(a[i]), np.float64(b[i])
        d = y - x
        square_a += x * x
        square_b += y * y
        product += x * y
        square += d * d
        changed += d != 0
        size = abs(d)
        peak = size if size > peak else peak
    return square_a, square_b, product, square, peak, changed


@njit()
def plus(sums, powers, at, value, power):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add ``value * 2**power`` to one of the sums."""
    if value == 0.0:
        return
    if sums[at] == 0.0:
        sums[at], powers[at] = value, power
        return
    by = power - powers[at]
    if by == 0:
        sums[at] += value
    elif by < 0:
        sums[at] += math.ldexp(value, by)
    else:
        sums[at] = math.ldexp(sums[at], -by) + value
        powers[at] = power


@njit()
def _power_of(biggest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The power of two to take off before squaring."""
    if biggest == 0.0 or 1e-120 < biggest < 1e140 or not biggest < np.inf:
        return np.int64(0)
    return max(np.int64(-1020), np.int64(math.frexp(biggest)[1]))


@njit()
def _scaled(a, b, sums, powers, whole):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add finite values of any size; with ``whole`` to the sums over the values of each tensor too."""
    big_a = big_b = big = 0.0
    for i in range(a.size):
        x, y = np.float64(a[i]), np.float64(b[i])
        big_a, big_b, big = max(big_a, abs(x)), max(big_b, abs(y)), max(big, abs(y - x))
    power_a, power_b, power = _power_of(big_a), _power_of(big_b), _power_of(big)
    by_a, by_b, by = math.ldexp(1.0, -power_a), math.ldexp(1.0, -power_b), math.ldexp(1.0, -power)
    square_a = square_b = product = square = 0.0
    for i in range(a.size):
        x, y = np.float64(a[i]), np.float64(b[i])
        d = (y - x) * by
        x, y = x * by_a, y * by_b
        square_a += x * x
        square_b += y * y
        product += x * y
        square += d * d
    plus(sums, powers, BOTH_A, square_a, 2 * power_a)
    plus(sums, powers, BOTH_B, square_b, 2 * power_b)
    plus(sums, powers, DOT, product, power_a + power_b)
    plus(sums, powers, DELTA, square, 2 * power)
    if whole:
        plus(sums, powers, WHOLE_A, square_a, 2 * power_a)
        plus(sums, powers, WHOLE_B, square_b, 2 * power_b)


@njit()
def _alone(values, sums, powers, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add the squares of one tensor's finite values."""
    big = 0.0
    for i in range(values.size):
        size = abs(np.float64(values[i]))
        big = max(big, size) if size < np.inf else big
    power = _power_of(big)
    by = math.ldexp(1.0, -power)
    square = 0.0
    for i in range(values.size):
        x = np.float64(values[i])
        if x - x == 0:
            square += (x * by) * (x * by)
    plus(sums, powers, at, square, 2 * power)


@njit()
def _broken(a, b, counts, sums, powers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fold a block in which not everything is finite; the largest difference."""
    _alone(a, sums, powers, WHOLE_A)
    _alone(b, sums, powers, WHOLE_B)
    room_a, room_b = np.empty_like(a), np.empty_like(b)
    kept = 0
    peak = 0.0
    for i in range(a.size):
        x, y = np.float64(a[i]), np.float64(b[i])
        nan_a, nan_b = x != x, y != y
        inf_a, inf_b = abs(x) == np.inf, abs(y) == np.inf
        counts[NAN_A] += nan_a
        counts[NAN_B] += nan_b
        counts[INF_A] += inf_a
        counts[INF_B] += inf_b
        counts[INF_BOTH] += inf_a & (x == y)
        counts[CHANGED] += (x != y) & (not (nan_a & nan_b))
        if not (nan_a | nan_b | inf_a | inf_b):
            room_a[kept], room_b[kept] = a[i], b[i]
            kept += 1
            peak = max(peak, abs(y - x))
    _scaled(room_a[:kept], room_b[:kept], sums, powers, False)
    return peak


@njit()
def _place(a, b, start, stop, peak):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Where two finite values first stand that are ``peak`` apart."""
    for i in range(start, stop):
        x, y = np.float64(a[i]), np.float64(b[i])
        if abs(y - x) == peak and x - x == 0 and y - y == 0:
            return i
    return -1


@njit()
def fold_floats(a, b, ints_a, ints_b, infinite, pairs, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold pairs of float32 or float64; ``ints`` are their bytes as signed integers, ``infinite`` the bits of
    infinity. ``pairs`` are where each begins in ``a`` and in ``b`` and its length, ``out`` the columns of
    ``PairSums``. Places count from the pair's start; -1 where nothing moved.
    """
    starts_a, starts_b, lengths = pairs
    counts, sums, powers, peaks, places = out
    for t in range(lengths.size):
        at_a, at_b, size = starts_a[t], starts_b[t], lengths[t]
        x, y = a[at_a : at_a + size], b[at_b : at_b + size]
        raw_x, raw_y = ints_a[at_a : at_a + size], ints_b[at_b : at_b + size]
        best, in_best = 0.0, -1
        for start in range(0, size, BLOCK):
            stop = min(size, start + BLOCK)
            mine_x, mine_y = x[start:stop], y[start:stop]
            finite = _all_finite(raw_x[start:stop], infinite)
            if not finite or not _all_finite(raw_y[start:stop], infinite):
                peak = _broken(mine_x, mine_y, counts[t], sums[t], powers[t])
            else:
                square_a, square_b, product, square, peak, changed = _sums(mine_x, mine_y)
                counts[t, CHANGED] += changed
                usual = _LEAST <= square_a <= _MOST and _LEAST <= square_b <= _MOST
                if a.itemsize == 4 or (usual and (changed == 0 or _LEAST <= square <= _MOST)):
                    plus(sums[t], powers[t], WHOLE_A, square_a, 0)
                    plus(sums[t], powers[t], WHOLE_B, square_b, 0)
                    plus(sums[t], powers[t], BOTH_A, square_a, 0)
                    plus(sums[t], powers[t], BOTH_B, square_b, 0)
                    plus(sums[t], powers[t], DOT, product, 0)
                    plus(sums[t], powers[t], DELTA, square, 0)
                else:
                    _scaled(mine_x, mine_y, sums[t], powers[t], True)
            if peak > best:
                best, in_best = peak, start
        peaks[t] = best
        places[t] = _place(x, y, in_best, min(size, in_best + BLOCK), best) if in_best >= 0 else -1


@njit()
def fold_integers(a, b, pairs, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold pairs of 64-bit integers of one type; differences are taken before anything is rounded."""
    starts_a, starts_b, lengths = pairs
    counts, sums, powers, peaks, places = out
    for t in range(lengths.size):
        x, y = a[starts_a[t] : starts_a[t] + lengths[t]], b[starts_b[t] : starts_b[t] + lengths[t]]
        best, place = 0.0, -1
        for start in range(0, x.size, BLOCK):
            square_a = square_b = product = square = 0.0
            changed = 0
            for i in range(start, min(x.size, start + BLOCK)):
                # Modulo 2**64 the greater less the smaller is right whatever their signs.
                low, high = min(x[i], y[i]), max(x[i], y[i])
                d = np.float64(np.uint64(high) - np.uint64(low))
                p, q = np.float64(x[i]), np.float64(y[i])
                square_a += p * p
                square_b += q * q
                product += p * q
                square += d * d
                changed += low != high
                if d > best:
                    best, place = d, i
            counts[t, CHANGED] += changed
            plus(sums[t], powers[t], WHOLE_A, square_a, 0)
            plus(sums[t], powers[t], WHOLE_B, square_b, 0)
            plus(sums[t], powers[t], BOTH_A, square_a, 0)
            plus(sums[t], powers[t], BOTH_B, square_b, 0)
            plus(sums[t], powers[t], DOT, product, 0)
            plus(sums[t], powers[t], DELTA, square, 0)
        peaks[t], places[t] = best, place


@njit()
def widen_bfloat16(codes, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Bits of bfloat16 as the bits of float32."""
    for i in range(codes.size):
        out[i] = np.uint32(codes[i]) << np.uint32(16)


@njit()
def widen_float16(codes, table, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Bits of float16 as the bits of float32. ``table`` is for those that are not normal, by magnitude."""
    for i in range(codes.size):
        code = np.uint32(codes[i])
        magnitude = code & np.uint32(0x7FFF)
        sign = (code & np.uint32(0x8000)) << np.uint32(16)
        out[i] = sign | ((magnitude << np.uint32(13)) + np.uint32(0x38000000))
    for i in range(codes.size):
        magnitude = np.uint32(codes[i]) & np.uint32(0x7FFF)
        if magnitude - np.uint32(0x400) >= np.uint32(0x7800):
            out[i] = table[codes[i]]


@njit()
def widen_codes(codes, table, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """What the codes of one byte stand for."""
    for i in range(codes.size):
        out[i] = table[codes[i]]
