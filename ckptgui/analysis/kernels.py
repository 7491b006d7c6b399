"""The compiled loops: one pass over a chunk gives moments, extremes, special values and counts by code.

Import this module late (see ``analysis.compiled``).
A *code* is what the counts are kept by, a *key* an integer that sorts as the values do (``analysis.keys``).
Sums run in blocks that fit the first-level cache: the mean of a block first, then the squares around it.
"""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.compiled import njit

BLOCK = 4096
_INF32 = np.uint32(0x7F800000)
_MAG32 = np.uint32(0x7FFFFFFF)
_INF64 = np.uint64(0x7FF0000000000000)
_MAG64 = np.uint64(0x7FFFFFFFFFFFFFFF)

# Only the order of additions is given up, for the vector unit's sake; the order is the same every time.
_FAST = {"reassoc", "nsz", "contract"}


@njit(nogil=True, cache=True)
def joined(n, mean, m2, bn, bmean, bm2):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Chan's rule: count, mean and sum of squared deviations of two parts as one."""
    if bn == 0:
        return n, mean, m2
    total = n + bn
    delta = bmean - mean
    return total, mean + delta * (bn / total), m2 + bm2 + delta * delta * (n / total) * bn


@njit(nogil=True, cache=True, fastmath=_FAST)
def sums(values, scale):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Mean, squared deviations from it and squares of a block whose values are all finite."""
    total = 0.0
    squares = 0.0
    for i in range(values.size):
        x = np.float64(values[i]) * scale
        total += x
        squares += x * x
    mean = total / values.size
    m2 = 0.0
    for i in range(values.size):
        d = np.float64(values[i]) * scale - mean
        m2 += d * d
    return mean, m2, squares


@njit(nogil=True, cache=True)
def finite_of(values, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Copy the finite values to ``out``; how many they are, and how many NaN, inf and -inf."""
    n = nan = pos = neg = 0
    for i in range(values.size):
        x = values[i]
        if x != x:
            nan += 1
        elif x == np.inf:
            pos += 1
        elif x == -np.inf:
            neg += 1
        else:
            out[n] = x
            n += 1
    return n, nan, pos, neg


@njit(nogil=True, cache=True)
def float32_pass(values, bits, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold float32 ``values`` (``bits`` are the same bytes) and count their top 16 bits into ``counts``."""
    n, mean, m2, squares = 0, 0.0, 0.0, 0.0
    nan = pos = neg = zeros = negzeros = 0
    low, high = np.int32(0x7FFFFFFF), np.int32(-0x7FFFFFFF)
    at_low = at_high = -1
    room = np.empty(BLOCK, np.float32)
    for start in range(0, values.size, BLOCK):
        block = bits[start : start + BLOCK]
        biggest = np.uint32(0)
        zero = negzero = 0
        least, most = np.int32(0x7FFFFFFF), np.int32(-0x7FFFFFFF)
        for i in range(block.size):
            u = block[i]
            magnitude = u & _MAG32
            biggest = max(biggest, magnitude)
            key = np.int32(magnitude) if u == magnitude else -np.int32(magnitude)
            least = min(least, key)
            most = max(most, key)
            zero += magnitude == 0
            negzero += u == np.uint32(0x80000000)
        zeros += zero
        negzeros += negzero
        if biggest < _INF32:
            part = values[start : start + BLOCK]
        else:
            got, bad, plus, minus = finite_of(values[start : start + BLOCK], room)
            nan += bad
            pos += plus
            neg += minus
            part = room[:got]
            least, most = np.int32(0x7FFFFFFF), np.int32(-0x7FFFFFFF)
            for i in range(block.size):
                magnitude = block[i] & _MAG32
                if magnitude < _INF32:
                    key = np.int32(magnitude) if block[i] == magnitude else -np.int32(magnitude)
                    least = min(least, key)
                    most = max(most, key)
        if part.size:
            bmean, bm2, bsquares = sums(part, 1.0)
            n, mean, m2 = joined(n, mean, m2, part.size, bmean, bm2)
            squares += bsquares
            if least < low or most > high:
                if least < low:
                    low, at_low = least, -1
                if most > high:
                    high, at_high = most, -1
                for i in range(block.size):
                    magnitude = block[i] & _MAG32
                    key = np.int32(magnitude) if block[i] == magnitude else -np.int32(magnitude)
                    if key == low and at_low < 0:
                        at_low = start + i
                    if key == high and at_high < 0:
                        at_high = start + i
        for i in range(block.size):
            counts[block[i] >> np.uint32(16)] += np.uint32(1)
    return n, mean, m2, squares, nan, pos, neg, zeros, negzeros, low, high, at_low, at_high


@njit(nogil=True, cache=True)
def float64_pass(values, bits, counts, scale):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold float64 ``values``; moments are of the values times ``scale``; counts by sign and top 18 bits."""
    n, mean, m2, squares = 0, 0.0, 0.0, 0.0
    nan = pos = neg = zeros = negzeros = 0
    low, high = np.int64(0x7FFFFFFFFFFFFFFF), np.int64(-0x7FFFFFFFFFFFFFFF)
    at_low = at_high = -1
    room = np.empty(BLOCK, np.float64)
    for start in range(0, values.size, BLOCK):
        block = bits[start : start + BLOCK]
        for i in range(block.size):
            u = block[i]
            magnitude = u & _MAG64
            if magnitude == 0:
                zeros += 1
                negzeros += u != magnitude
            if magnitude < _INF64:
                key = np.int64(magnitude) if u == magnitude else -np.int64(magnitude)
                if key < low:
                    low, at_low = key, start + i
                if key > high:
                    high, at_high = key, start + i
                counts[np.int64(magnitude >> np.uint64(45)) + ((u != magnitude) << 18)] += np.uint32(1)
        got, bad, plus, minus = finite_of(values[start : start + BLOCK], room)
        nan += bad
        pos += plus
        neg += minus
        if got:
            bmean, bm2, bsquares = sums(room[:got], scale)
            n, mean, m2 = joined(n, mean, m2, got, bmean, bm2)
            squares += bsquares
    return n, mean, m2, squares, nan, pos, neg, zeros, negzeros, low, high, at_low, at_high


@njit(nogil=True, cache=True)
def largest_finite(bits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The bits of the largest finite magnitude among float64 ``bits``."""
    biggest = np.uint64(0)
    for i in range(bits.size):
        magnitude = bits[i] & _MAG64
        if magnitude < _INF64 and magnitude > biggest:
            biggest = magnitude
    return biggest


@njit(nogil=True, cache=True)
def integer_code(magnitude):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """A code that keeps an unsigned integer's leading eight bits: below 256 exact, then 128 an octave."""
    octave = 0
    while magnitude >> np.uint64(octave) >= np.uint64(256):
        octave += 8
    while octave > 0 and magnitude >> np.uint64(octave - 1) < np.uint64(256):
        octave -= 1
    return octave * 128 + np.int64(magnitude >> np.uint64(octave))


@njit(nogil=True, cache=True)
def integer_pass(values, counts, offset):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold integers; a negative one is counted ``offset`` codes further."""
    n, mean, m2, squares = 0, 0.0, 0.0, 0.0
    zeros = 0
    low = high = values[0]
    at_low = at_high = 0
    for start in range(0, values.size, BLOCK):
        block = values[start : start + BLOCK]
        for i in range(block.size):
            x = block[i]
            zeros += x == 0
            if x < low:
                low, at_low = x, start + i
            if x > high:
                high, at_high = x, start + i
            if x < 0:
                counts[offset + integer_code(np.uint64(0) - np.uint64(x))] += np.uint32(1)
            else:
                counts[integer_code(np.uint64(x))] += np.uint32(1)
        bmean, bm2, bsquares = sums(block, 1.0)
        n, mean, m2 = joined(n, mean, m2, block.size, bmean, bm2)
        squares += bsquares
    return n, mean, m2, squares, 0, 0, 0, zeros, 0, low, high, at_low, at_high


@njit(nogil=True, cache=True)
def count_codes(codes, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Count each code of 8 or 16 bits; four tables in turn, so that equal neighbours do not wait."""
    size = counts.shape[1]
    whole = codes.size // 4 * 4
    for i in range(0, whole, 4):
        counts[0, codes[i]] += np.uint32(1)
        counts[1, codes[i + 1]] += np.uint32(1)
        counts[2, codes[i + 2]] += np.uint32(1)
        counts[3, codes[i + 3]] += np.uint32(1)
    for i in range(whole, codes.size):
        counts[0, codes[i]] += np.uint32(1)
    for code in range(size):
        counts[0, code] += counts[1, code] + counts[2, code] + counts[3, code]


@njit(nogil=True, cache=True)
def first_of(codes, wanted):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The first position of each wanted code."""
    found = np.full(wanted.size, -1, np.int64)
    for j in range(wanted.size):
        code = wanted[j]
        for start in range(0, codes.size, BLOCK):
            block = codes[start : start + BLOCK]
            hits = 0
            for i in range(block.size):
                hits += block[i] == code
            if hits:
                for i in range(block.size):
                    if block[i] == code:
                        found[j] = start + i
                        break
                break
    return found


@njit(nogil=True, cache=True)
def float32_keys(bits, keys):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Keys that sort as the float32 values do."""
    for i in range(bits.size):
        magnitude = np.int64(bits[i] & _MAG32)
        keys[i] = magnitude if bits[i] <= _MAG32 else -magnitude


@njit(nogil=True, cache=True)
def float64_keys(bits, keys):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Keys that sort as the float64 values do."""
    for i in range(bits.size):
        magnitude = np.int64(bits[i] & _MAG64)
        keys[i] = magnitude if bits[i] <= _MAG64 else -magnitude


@njit(nogil=True, cache=True)
def count_ranges(keys, lows, highs, shifts, places, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Count the keys within each range (sorted, disjoint) by their distance from its start, shifted right."""
    last = lows.size - 1
    base = np.uint64(lows[0])
    # Most keys are in no range; a map of 65,536 stretches tells so without a search.
    coarse = np.uint64(0)
    while (np.uint64(highs[last]) - base) >> coarse >= np.uint64(65536):
        coarse += np.uint64(1)
    near = np.zeros(65536, np.uint8)
    for j in range(lows.size):
        begin = np.int64((np.uint64(lows[j]) - base) >> coarse)
        end = np.int64((np.uint64(highs[j]) - base) >> coarse)
        near[begin : end + 1] = 1
    for i in range(keys.size):
        key = keys[i]
        if key < lows[0] or key > highs[last]:
            continue
        if not near[np.int64((np.uint64(key) - base) >> coarse)]:
            continue
        left, right = 0, last
        while left < right:
            middle = (left + right + 1) >> 1
            if lows[middle] <= key:
                left = middle
            else:
                right = middle - 1
        if key <= highs[left]:
            step = np.uint64(key) - np.uint64(lows[left])
            counts[places[left] + np.int64(step >> np.uint64(shifts[left]))] += np.uint32(1)


def warm() -> None:
    """Load or compile the loops for the commonest types, so that the first click need not wait for them.

    For a background thread: it takes a tenth of a second, the very first time some seconds.
    """
    bits = np.linspace(-1.0, 1.0, 64, dtype=np.float32).view(np.uint32)
    float32_pass(bits.view(np.float32), bits, np.zeros(1 << 16, np.uint32))
    keys = np.empty(bits.size, np.int64)
    float32_keys(bits, keys)
    ends = np.array([int(keys.max())], np.int64)
    count_ranges(keys, ends, ends, np.zeros(1, np.int64), np.array([0, 1], np.int64), np.zeros(1, np.uint32))
    codes = bits.view(np.uint16)
    count_codes(codes, np.zeros((4, 1 << 16), np.uint32))
    first_of(codes, codes[:1])
