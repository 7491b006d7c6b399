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

_MAGNITUDE = np.int64(0x7FFFFFFFFFFFFFFF)

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
    """Squares, products, squares of differences, the largest difference and how many there are.

    Magnitudes are compared by their bits, which the vector unit takes: else the loop is many times slower.
    """
    square_a = square_b = product = square = 0.0
    peak = changed = np.int64(0)
    for i in range(a.size):
        x, y = np.float64(a[i]), np.float64(b[i])
        d = y - x
        square_a += x * x
        square_b += y * y
        product += x * y
        square += d * d
        size = np.float64(d).view(np.int64) & _MAGNITUDE
        peak = max(peak, size)
        changed += np.int64(size != 0)
    return square_a, square_b, product, square, np.int64(peak).view(np.float64), changed


@njit()
def _plus(sums, powers, more, more_powers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add each of ``more * 2**more_powers`` to its sum."""
    for at in range(sums.size):
        by = more_powers[at] - powers[at]
        if more[at] == 0.0:
            continue
        if sums[at] == 0.0 or by == 0:
            sums[at] += more[at]
            powers[at] = more_powers[at]
        elif by < 0:
            sums[at] += math.ldexp(more[at], by)
        else:
            sums[at] = math.ldexp(sums[at], -by) + more[at]
            powers[at] = more_powers[at]


@njit()
def _power_of(biggest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The power of two to take off before squaring."""
    if biggest == 0.0 or 1e-120 < biggest < 1e140 or not biggest < np.inf:
        return np.int64(0)
    return max(np.int64(-1020), np.int64(math.frexp(biggest)[1]))


@njit()
def _put(more, more_powers, square_a, square_b, product, square):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sums of a block in which everything is finite."""
    more_powers[:] = 0
    more[WHOLE_A] = more[BOTH_A] = square_a
    more[WHOLE_B] = more[BOTH_B] = square_b
    more[DOT], more[DELTA] = product, square


@njit()
def _scaled(a, b, more, more_powers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sums of finite values of any size."""
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
    _put(more, more_powers, square_a, square_b, product, square)
    more_powers[WHOLE_A] = more_powers[BOTH_A] = 2 * power_a
    more_powers[WHOLE_B] = more_powers[BOTH_B] = 2 * power_b
    more_powers[DOT], more_powers[DELTA] = power_a + power_b, 2 * power


@njit()
def _alone(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The squares of one tensor's finite values, and the power of two that belongs to them."""
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
    return square, 2 * power


@njit()
def _broken(a, b, counts, more, more_powers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sums of a block in which not everything is finite; the largest difference."""
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
    _scaled(room_a[:kept], room_b[:kept], more, more_powers)
    more[WHOLE_A], more_powers[WHOLE_A] = _alone(a)
    more[WHOLE_B], more_powers[WHOLE_B] = _alone(b)
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
    more, more_powers = np.zeros(6), np.zeros(6, np.int64)
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
                peak = _broken(mine_x, mine_y, counts[t], more, more_powers)
            else:
                square_a, square_b, product, square, peak, changed = _sums(mine_x, mine_y)
                counts[t, CHANGED] += changed
                usual = _LEAST <= square_a <= _MOST and _LEAST <= square_b <= _MOST
                if a.itemsize == 4 or (usual and (changed == 0 or _LEAST <= square <= _MOST)):
                    _put(more, more_powers, square_a, square_b, product, square)
                else:
                    _scaled(mine_x, mine_y, more, more_powers)
            _plus(sums[t], powers[t], more, more_powers)
            if peak > best:
                best, in_best = peak, start
        peaks[t] = best
        places[t] = _place(x, y, in_best, min(size, in_best + BLOCK), best) if in_best >= 0 else -1


@njit()
def fold_integers(a, b, signed_a, signed_b, pairs, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold pairs of 64-bit integers, given as unsigned ones; differences are taken before anything is rounded."""
    starts_a, starts_b, lengths = pairs
    counts, sums, powers, peaks, places = out
    more, more_powers = np.zeros(6), np.zeros(6, np.int64)
    top, nought = np.uint64(1 << 63), np.uint64(0)
    for t in range(lengths.size):
        x, y = a[starts_a[t] : starts_a[t] + lengths[t]], b[starts_b[t] : starts_b[t] + lengths[t]]
        best, place = 0.0, -1
        for start in range(0, x.size, BLOCK):
            square_a = square_b = product = square = 0.0
            changed = 0
            for i in range(start, min(x.size, start + BLOCK)):
                below_a, below_b = signed_a and x[i] >= top, signed_b and y[i] >= top
                p = -np.float64(nought - x[i]) if below_a else np.float64(x[i])
                q = -np.float64(nought - y[i]) if below_b else np.float64(y[i])
                if below_a == below_b:
                    d = np.float64(max(x[i], y[i]) - min(x[i], y[i]))
                    changed += x[i] != y[i]
                else:  # no digits cancel
                    d = abs(q - p)
                    changed += 1
                square_a += p * p
                square_b += q * q
                product += p * q
                square += d * d
                if d > best:
                    best, place = d, i
            counts[t, CHANGED] += changed
            _put(more, more_powers, square_a, square_b, product, square)
            _plus(sums[t], powers[t], more, more_powers)
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
