"""The compiled loops over floats: one pass over a chunk gives sums, extremes, special values and counts by code.

Import this module late (see ``analysis.compiled``). ``bits`` and ``ints`` are the same bytes as ``values``, as
unsigned and as signed integers. A *code* is what the counts are kept by, a *key* an integer that sorts as the
values do (``analysis.keys``). Sums run in atoms (``analysis.atoms``) around a pivot near their mean, so that a
large offset drowns nothing.
"""

from __future__ import annotations

import math

import numpy as np

from ckptgui.analysis.accumulator import add, add_product, rest_of_product
from ckptgui.analysis.atoms import ATOM
from ckptgui.analysis.compiled import njit

# Only the order of additions is given up, for the vector unit's sake; the order is the same every time.
_FAST = {"reassoc", "nsz", "contract"}


@njit(fastmath=_FAST)
def _level(values, scale):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sum of finite values and that of their magnitudes."""
    total = size = 0.0
    for i in range(values.size):
        x = np.float64(values[i]) * scale
        total += x
        size += abs(x)
    return total, size


@njit(fastmath=_FAST)
def _around(values, scale, pivot):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The sum of the deviations from ``pivot`` and that of their squares."""
    off = squares = 0.0
    for i in range(values.size):
        d = np.float64(values[i]) * scale - pivot
        off += d
        squares += d * d
    return off, squares


@njit()
def _exponent_of(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The power of two to take off before squaring: none where squares fit float64 anyway."""
    biggest = 0.0
    for i in range(values.size):
        biggest = max(biggest, abs(values[i]))
    if biggest == 0.0 or 1e-120 < biggest < 1e140:
        return np.int64(0)
    return max(np.int64(-1020), np.int64(math.frexp(biggest)[1]))


@njit()
def _fold_finite(values, digits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add to ``digits`` what an atom comes to whose values are all finite."""
    n = values.size
    if n == 0:
        return
    if values.itemsize == 4:
        exponent = np.int64(0)
        total, size = _level(values, 1.0)
        pivot = np.float64(np.float32(total / n))
        off, squares = _around(values, 1.0, pivot)
    else:
        exponent = _exponent_of(values)
        scale = math.ldexp(1.0, -exponent)
        total, size = _level(values, scale)
        pivot = total / n
        off, squares = _around(values, scale, pivot)
    count = np.float64(n)
    add_product(digits[0], count, pivot, exponent)
    add(digits[0], off, exponent)
    add(digits[1], size, exponent)
    # sum(x * x) = sum(d * d) + 2 * pivot * sum(d) + n * pivot * pivot
    add(digits[2], squares, 2 * exponent)
    add_product(digits[2], 2.0 * pivot, off, 2 * exponent)
    square = pivot * pivot
    add_product(digits[2], count, square, 2 * exponent)
    add_product(digits[2], count, rest_of_product(pivot, pivot, square), 2 * exponent)


@njit()
def finite_of(values, room):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Copy the finite values to ``room``; how many they are."""
    n = 0
    for i in range(values.size):
        if values[i] - values[i] == 0:
            room[n] = values[i]
            n += 1
    return n


@njit()
def fold_atom(values, digits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add to ``digits`` what an atom comes to; NaN and infinities are left out."""
    room = np.empty_like(values)
    _fold_finite(room[: finite_of(values, room)], digits)


@njit()
def _find_special(values, start, special):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Count NaN, inf and -inf, and keep the first place of each."""
    for i in range(values.size):
        x = values[i]
        if x - x != 0:
            sort = 0 if x != x else (1 if x > 0 else 2)
            if special[sort] == 0:
                special[3 + sort] = start + i
            special[sort] += 1


@njit()
def ends_of(bits, ints, mask):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The least and the greatest key, the least of ``ints`` and the least of those that are not negative.

    As unsigned integers negative floats come after all others, as signed ones before them, and by magnitude.
    """
    if bits.size == 0:
        return mask, -mask, np.int64(0), np.int64(1)
    lowest, highest, under, over = bits[0], bits[0], ints[0], ints[0]
    for i in range(bits.size):
        lowest = min(lowest, bits[i])
        highest = max(highest, bits[i])
        under = min(under, ints[i])
        over = max(over, ints[i])
    least = -(np.int64(highest) & mask) if under < 0 else np.int64(under)
    most = np.int64(over) if over >= 0 else -(np.int64(lowest) & mask)
    return least, most, np.int64(under), np.int64(lowest) if over >= 0 else np.int64(1)


@njit()
def _count_equal(ints, wanted):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """How many of few integers equal ``wanted``; counted in their own width, as the vector unit does best."""
    same, count, one = ints.dtype.type(wanted), ints.dtype.type(0), ints.dtype.type(1)
    for i in range(ints.size):
        if ints[i] == same:
            count = ints.dtype.type(count + one)
    return np.int64(count)


@njit()
def place_of(ints, start, mask, key):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Where in the block at ``start`` the first value with this key stands."""
    for i in range(start, min(ints.size, start + ATOM)):
        raw = np.int64(ints[i])
        if (raw if raw >= 0 else -(raw & mask)) == key:
            return i
    return -1


@njit()
def fold_floats(values, bits, ints, halves, first, digits, counts, special):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold floats of 32 or 64 bits, and count them by their top 16 bits (in two tables) or 19 bits (in one).

    Atoms begin at ``first`` and each ``ATOM`` after it; only whole ones are added to ``digits``. ``special`` gets
    the counts of NaN, inf and -inf, then the first place of each. Returns zeros, negative zeros, the least and
    greatest key and where they stand (-1 where nothing is finite).
    """
    single = values.itemsize == 4
    mask = np.int64(0x7FFFFFFF if single else 0x7FFFFFFFFFFFFFFF)
    infinite = np.int64(0x7F800000 if single else 0x7FF0000000000000)
    zeros = negative_zeros = 0
    low, high = mask, -mask
    in_low = in_high = -1
    room = np.empty(ATOM, values.dtype)
    room_bits, room_ints = room.view(bits.dtype), room.view(ints.dtype)
    start, stop = 0, first if first > 0 else ATOM
    while start < values.size:
        stop = min(stop, values.size)
        part, raw, signed = values[start:stop], bits[start:stop], ints[start:stop]
        least, most, under, over = ends_of(raw, signed, mask)
        if most >= infinite or least <= -infinite:
            _find_special(part, start, special)
            n = finite_of(part, room)
            part, raw, signed = room[:n], room_bits[:n], room_ints[:n]
            least, most, under, over = ends_of(raw, signed, mask)
        if part.size:
            if least < low:
                low, in_low = least, start
            if most > high:
                high, in_high = most, start
            if over == 0:
                zeros += _count_equal(signed, np.int64(0))
            if under == -mask - 1:
                negatives = _count_equal(signed, under)
                zeros += negatives
                negative_zeros += negatives
            if stop - start == ATOM and start >= first:
                _fold_finite(part, digits)
        if single and (over == 0 or under == -mask - 1):
            # Among others a frequent value, as zero is, makes each addition wait for the one before.
            mine = halves[2 * start : 2 * stop]
            for i in range(0, stop - start - 1, 2):
                counts[0, mine[2 * i + 1]] += np.uint32(1)
                counts[1, mine[2 * i + 3]] += np.uint32(1)
            if (stop - start) % 2:
                counts[0, mine[-1]] += np.uint32(1)
        elif single:
            mine = halves[2 * start : 2 * stop]
            for i in range(stop - start):
                counts[0, mine[2 * i + 1]] += np.uint32(1)
        else:
            for i in range(start, stop):
                counts[0, bits[i] >> np.uint64(45)] += np.uint32(1)
        start, stop = stop, stop + ATOM
    at_low = place_of(ints, in_low, mask, low) if in_low >= 0 else -1
    at_high = place_of(ints, in_high, mask, high) if in_high >= 0 else -1
    return zeros, negative_zeros, low, high, at_low, at_high
