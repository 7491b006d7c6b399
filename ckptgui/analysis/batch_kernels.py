"""The compiled loop over many small tensors: each is sorted, which makes everything exact.

Import this module late (see ``analysis.compiled``). ``bits`` are the same bytes as ``values``, as unsigned
integers; ``top`` is their highest bit and ``ones`` all of them. What is written must equal, value for value,
what ``Distribution`` and ``Spread`` say of the same values.
"""

from __future__ import annotations

import math

import numpy as np

from ckptgui.analysis.compiled import njit

PART = 1024
"""Values that are summed by themselves first, so that rounding errors grow with their number's root at most."""

_FEW = 24
_LARGEST = np.float64(np.finfo(np.float32).max)


@njit(nogil=True, cache=True)
def _finite_keys(values, bits, top, ones, whole, keys, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write keys that sort as the finite values do; ``found`` gets counts and first places of the others."""
    if whole:
        for i in range(bits.size):
            keys[i] = bits[i] ^ top
        return bits.size
    n = 0
    for i in range(bits.size):
        x = values[i]
        if x - x == 0:
            u = bits[i]
            keys[n] = u ^ (ones if u & top else top)
            n += 1
        else:
            sort = 0 if x != x else (1 if x > 0 else 2)
            if found[sort] == 0:
                found[3 + sort] = i
            found[sort] += 1
    return n


@njit(nogil=True, cache=True)
def _sort(keys, spare, shifts, tally):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sort in place by a byte at a time; a byte that all keys share is skipped."""
    n = keys.size
    if n <= _FEW:
        for i in range(1, n):
            key = keys[i]
            j = i - 1
            while j >= 0 and keys[j] > key:
                keys[j + 1] = keys[j]
                j -= 1
            keys[j + 1] = key
        return
    tally[:] = 0
    for i in range(n):
        key = keys[i]
        for d in range(shifts.size):
            tally[d, np.int64((key >> shifts[d]) & shifts.dtype.type(255))] += 1
    swapped = False
    for d in range(shifts.size):
        shift = shifts[d]
        row = tally[d]
        source, target = (spare, keys) if swapped else (keys, spare)
        if row[np.int64((source[0] >> shift) & shifts.dtype.type(255))] == n:
            continue
        place = 0
        for code in range(256):
            here = row[code]
            row[code] = place
            place += here
        for i in range(n):
            key = source[i]
            code = np.int64((key >> shift) & shifts.dtype.type(255))  # type: ignore[assignment]
            target[row[code]] = key
            row[code] += 1
        swapped = not swapped
    if swapped:
        keys[:] = spare[:n]


@njit(nogil=True, cache=True)
def _sums(ordered, scale):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sum, sum of magnitudes and of squares of ``values * scale``; see ``_around`` for the order."""
    total = size = squares = 0.0
    for start in range(0, ordered.size, PART):
        part = ordered[start : start + PART]
        a = b = c = a2 = b2 = c2 = 0.0
        for i in range(1, part.size, 2):
            x = np.float64(part[i - 1]) * scale
            x2 = np.float64(part[i]) * scale
            a += x
            b += abs(x)
            c += x * x
            a2 += x2
            b2 += abs(x2)
            c2 += x2 * x2
        if part.size & 1:
            x = np.float64(part[part.size - 1]) * scale
            a += x
            b += abs(x)
            c += x * x
        total += a + a2
        size += b + b2
        squares += c + c2
    return total, size, squares


@njit(nogil=True, cache=True)
def _around(ordered, base, scale, mean):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sum of the deviations of ``values - base`` from ``mean`` and of their squares.

    The sums are two, of every other value, for speed; were their order the compiler's, the last digit of a mean
    would depend on whether the loop was compiled now or fetched.
    """
    total = squares = 0.0
    for start in range(0, ordered.size, PART):
        part = ordered[start : start + PART]
        a = b = a2 = b2 = 0.0
        for i in range(1, part.size, 2):
            d = np.float64(part[i - 1] - base) * scale - mean
            d2 = np.float64(part[i] - base) * scale - mean
            a += d
            b += d * d
            a2 += d2
            b2 += d2 * d2
        if part.size & 1:
            d = np.float64(part[part.size - 1] - base) * scale - mean
            a += d
            b += d * d
        total += a + a2
        squares += b + b2
    return total, squares


@njit(nogil=True, cache=True)
def _held(value, exponent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """``value * 2**exponent``, NaN where float64 cannot hold it."""
    result = math.ldexp(value, exponent)
    return result + 0.0 if result - result == 0 else np.nan


@njit(nogil=True, cache=True)
def _moments(ordered, whole, reals):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Mean, standard deviation, sum of magnitudes and Euclidean norm."""
    n = ordered.size
    if n == 0:
        reals[0] = reals[1] = np.nan
        reals[2] = reals[3] = 0.0
        return
    first, last = np.float64(ordered[0]), np.float64(ordered[n - 1])
    biggest = max(abs(first), abs(last))
    exponent = 0
    if not 1e-120 < biggest < 1e140:
        exponent = max(-1020, math.frexp(biggest)[1]) if biggest > 0 else -1020
    scale = math.ldexp(1.0, -exponent)
    total, size, squares = _sums(ordered, scale)
    mean = total / n
    # Integers beyond 2**53 are told apart by how far they are from the first.
    base = ordered[0] if whole and last - first < 2.0**62 else ordered.dtype.type(0)
    centre = mean if base == 0 else _around(ordered, base, scale, 0.0)[0] / n
    off, m2 = _around(ordered, base, scale, centre)
    if ordered[0] == ordered[n - 1]:
        mean, m2 = first * scale, 0.0
    else:
        mean += off / n if base == 0 else 0.0
        m2 = max(0.0, m2 - off * off / n)
    reals[0] = _held(mean, exponent)
    reals[1] = _held(math.sqrt(m2 / n), exponent)
    reals[2] = _held(size, exponent)
    reals[3] = _held(math.sqrt(squares), exponent)


@njit(nogil=True, cache=True)
def _below(ordered, limit, inclusive):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """How many values are less than ``limit``, with ``inclusive`` those equal to it too."""
    left, right = 0, ordered.size
    while left < right:
        middle = (left + right) >> 1
        x = np.float64(ordered[middle])
        if x < limit or (inclusive and x == limit):
            left = middle + 1
        else:
            right = middle
    return left


@njit(nogil=True, cache=True)
def _nearer(ordered, limit):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """How many values are nearer to zero than ``limit``."""
    return _below(ordered, limit, False) - _below(ordered, -limit, True)


@njit(nogil=True, cache=True)
def _quantiles(ordered, fractions, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Linear between the order statistics on either side."""
    last = ordered.size - 1
    for j in range(fractions.size):
        rank = fractions[j] * last
        below = min(last, np.int64(rank))
        part = rank - below
        low, high = np.float64(ordered[below]), np.float64(ordered[min(last, below + 1)])
        out[j] = low if part == 0 or low == high else low * (1 - part) + high * part


@njit(nogil=True, cache=True)
def _sparkline(ordered, tail_share, bars):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Heights of bars over all values but the tails."""
    last = ordered.size - 1
    tail = np.int64(tail_share * last)
    low, high = np.float64(ordered[tail]), np.float64(ordered[last - tail])
    if not low < high:
        value = low
        if abs(value) < 1e300:
            by = max(0.5, abs(value) * 2.0**-7)
            low, high = value - by, value + by
        else:
            low, high = min(value, 0.0), max(value, 0.0)  # type: ignore[assignment]
    heights = np.empty(bars.size, np.int64)
    before = _below(ordered, low, False)
    tallest = 0
    for bar in range(bars.size):
        end = bar + 1 == bars.size
        t = (bar + 1) / bars.size
        edge = high if end else low * (1.0 - t) + high * t
        below = _below(ordered, edge, end)
        heights[bar] = max(0, below - before)
        tallest = max(tallest, heights[bar])
        before = below
    for bar in range(bars.size):
        bars[bar] = np.uint8(math.ceil(heights[bar] / tallest * 255.0)) if tallest else 0


@njit(nogil=True, cache=True)
def _places(ordered, singles, single_bits, places, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The cells of the common grid that hold something and how many; how many cells."""
    n = ordered.size
    for i in range(n):
        singles[i] = np.float32(min(max(np.float64(ordered[i]), -_LARGEST), _LARGEST))
    used, before = -1, -1
    for i in range(n):
        code = np.int64(single_bits[i] >> np.uint32(16))
        place = code + 0x8000 if code < 0x8000 else 0x10000 - code
        if place != before:
            used += 1
            places[used] = place
            counts[used] = 0
            before = place  # type: ignore[assignment]
        counts[used] += 1
    return used + 1


@njit(nogil=True, cache=True)
def _first(values, wanted):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Where the first value stands that equals ``wanted``."""
    for i in range(values.size):
        if values[i] == wanted:
            return i
    return -1


@njit(nogil=True, cache=True)
def fold_many(  # type: ignore[no-untyped-def]  # noqa: ANN201
    values,  # noqa: ANN001
    bits,  # noqa: ANN001
    starts,  # noqa: ANN001
    lengths,  # noqa: ANN001
    top,  # noqa: ANN001
    ones,  # noqa: ANN001
    whole,  # noqa: ANN001
    shifts,  # noqa: ANN001
    fractions,  # noqa: ANN001
    limits,  # noqa: ANN001
    extremes,  # noqa: ANN001
    tallies,  # noqa: ANN001
    reals,  # noqa: ANN001
    quantiles,  # noqa: ANN001
    bars,  # noqa: ANN001
    places,  # noqa: ANN001
    counts,  # noqa: ANN001
):
    """Fold the tensors of ``lengths`` elements at ``starts``, each into its row of the last arguments.

    ``whole`` says that the values are integers. ``limits`` are the two sizes below which values are counted,
    and the share of the values that a sparkline leaves out at either end. A row of ``tallies`` is: finite
    values, NaN, inf, -inf, the first places of these three, zeros, values below the limits, places of the
    least and the greatest, and cells of the grid. ``places`` and ``counts`` follow each other without gaps.
    """
    longest = 0
    for t in range(lengths.size):
        longest = max(longest, lengths[t])
    keys, spare = np.empty(longest, bits.dtype), np.empty(longest, bits.dtype)
    sorted_values = keys.view(values.dtype)
    singles = np.empty(longest, np.float32)
    single_bits = singles.view(np.uint32)
    tally = np.empty((shifts.size, 256), np.int64)
    used = 0
    for t in range(lengths.size):
        mine = values[starts[t] : starts[t] + lengths[t]]
        row = tallies[t]
        row[4:7] = -1
        n = _finite_keys(mine, bits[starts[t] : starts[t] + lengths[t]], top, ones, whole, keys, row[1:7])
        row[0] = n
        _sort(keys[:n], spare, shifts, tally)
        for i in range(n):
            keys[i] ^= top if whole or keys[i] & top else ones
        ordered = sorted_values[:n]
        _moments(ordered, whole, reals[t])
        row[10] = row[11] = -1
        if n == 0:
            quantiles[t] = np.nan
            continue
        extremes[t, 0], extremes[t, 1] = ordered[0], ordered[n - 1]
        row[7] = _below(ordered, 0.0, True) - _below(ordered, 0.0, False)
        row[8], row[9] = _nearer(ordered, limits[0]), _nearer(ordered, limits[1]) - row[7]
        row[10], row[11] = _first(mine, ordered[0]), _first(mine, ordered[n - 1])
        _quantiles(ordered, fractions, quantiles[t])
        _sparkline(ordered, limits[2], bars[t])
        row[12] = _places(ordered, singles, single_bits, places[used:], counts[used:])
        used += row[12]
    return used
