"""The compiled loops that round values to narrower types and measure what that costs.

Import this module late (see ``analysis.compiled``). Rounding works on the bits of float32: to nearest, ties to
even, which is what ``Tensor.to`` does. A magnitude beyond the target's largest becomes infinite here, whatever the
target does.
Measuring works in blocks that fit the first-level cache; a block whose values are all finite needs no branches.
"""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.compiled import njit
from ckptgui.analysis.precision import BANDS
from ckptgui.analysis.precision_passes import (
    BEYOND,
    CHANGED,
    FARTHEST,
    LOST,
    NOISE,
    OVERFLOWED,
    RELATIVE,
    SQUARES,
    WORST,
)

BLOCK = 4096
FINE, FAIR, COARSE = BANDS
_INF = np.uint32(0x7F800000)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
_FRACTION = np.uint32(0x007FFFFF)
_LEADING = np.uint32(0x00800000)

# Sums may be taken in any order; what is measured is finite.
_FAST = {"reassoc", "nsz", "contract", "nnan"}


@njit(nogil=True, cache=True)
def round_bits(bits, shift, lowest, largest, quantum, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Round float32 ``bits`` to ``23 - shift`` bits behind the point, into the bits ``out``.

    ``lowest`` is the biased exponent of the smallest normal value, ``quantum`` the smallest subnormal one,
    ``largest`` the bits of the largest.
    """
    if shift == 0:
        for i in range(bits.size):
            out[i] = bits[i]
        return
    drop = np.uint32(shift)
    half = np.uint32((1 << (shift - 1)) - 1)
    mask = ~np.uint32((1 << shift) - 1)
    reach = np.int32(shift + lowest)
    deepest = np.int32(min(25, shift + lowest - 1))  # 25 leaves nothing of 24 bits
    for i in range(bits.size):
        magnitude = bits[i] & _MAGNITUDE
        exponent = magnitude >> np.uint32(23)
        normal = (magnitude + half + ((magnitude >> drop) & np.uint32(1))) & mask
        whole = (magnitude & _FRACTION) | (_LEADING if exponent > 0 else np.uint32(0))
        back = reach - np.int32(exponent)
        back = back if back < deepest else deepest
        deep = np.uint32(back if back > 1 else 1)
        steps = (
            whole + ((np.uint32(1) << (deep - np.uint32(1))) - np.uint32(1)) + ((whole >> deep) & np.uint32(1))
        ) >> deep
        tiny = np.float32(np.float32(np.int32(steps)) * quantum).view(np.uint32)
        rounded = tiny if exponent < np.uint32(lowest) else normal
        rounded = _INF if rounded > largest else rounded
        rounded = magnitude if magnitude > _INF else rounded
        out[i] = rounded | (bits[i] & ~_MAGNITUDE)


@njit(nogil=True, cache=True, error_model="numpy")
def round_steps(values, scale, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Round ``values`` to the nearest of 255 steps ``scale`` apart, in their own precision, into ``out``."""
    if scale == 0:
        for i in range(values.size):
            out[i] = 0
        return
    for i in range(values.size):
        step = np.rint(values[i] / scale)
        out[i] = min(max(step, -127), 127) * scale


@njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def errors(before, after, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """What became of finite values; results under ``least`` are subnormal."""
    squares = noise = relative = worst = farthest = lost = 0.0
    changed = zeroed = subnormal = over_fine = over_fair = over_coarse = 0
    for i in range(before.size):
        a = abs(np.float64(before[i]))
        b = abs(np.float64(after[i]))
        error = abs(a - b)
        share = error / a if a > 0 else 0.0
        gone = (b == 0) & (a > 0)
        squares += a * a
        noise += error * error
        relative += share
        changed += error > 0  # type: ignore[assignment]  # a count in numba
        zeroed += gone
        subnormal += (b > 0) & (b < least)
        over_fine += share > FINE
        over_fair += share > FAIR
        over_coarse += share > COARSE
        kept = 0.0 if gone else share
        worst = kept if kept > worst else worst
        farthest = error if error > farthest else farthest
        gone_value = a if gone else 0.0
        lost = gone_value if gone_value > lost else lost
    counted = (changed, zeroed, subnormal, 0, over_fine, over_fair, over_coarse)
    return squares, noise, relative, counted, worst, farthest, lost


@njit(nogil=True, cache=True, error_model="numpy")
def place_of(which, before, after, peak):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The first position of what has the largest ``which``."""
    for i in range(before.size):
        a, b = abs(np.float64(before[i])), abs(np.float64(after[i]))
        if not a < np.inf or not b < np.inf or a == 0:
            continue
        if which == LOST:
            found = a if b == 0 else 0.0
        elif which == FARTHEST:
            found = abs(a - b)
        else:
            found = 0.0 if b == 0 else abs(a - b) / a
        if found >= peak:
            return i
    return -1


@njit(nogil=True, cache=True, error_model="numpy")
def measure(before, after, finite, least, start, counts, sums, peaks, places):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add a block at ``start`` to the totals. ``finite`` says that all of ``before`` is, ``after`` may not be."""
    x, y = before, after
    whole = finite
    if finite:
        for i in range(after.size):
            whole &= abs(after[i]) < np.inf
    if not whole:
        x, y = np.empty_like(before), np.empty_like(after)
        kept = 0
        for i in range(before.size):
            a = abs(np.float64(before[i]))
            if not a < np.inf:
                continue
            if not abs(np.float64(after[i])) < np.inf:
                counts[OVERFLOWED] += 1
                counts[CHANGED] += 1
                if a > peaks[BEYOND]:
                    peaks[BEYOND] = a
                    places[BEYOND] = start + i
                continue
            x[kept], y[kept] = before[i], after[i]
            kept += 1
        x, y = x[:kept], y[:kept]
    squares, noise, relative, counted, worst, farthest, lost = errors(x, y, least)
    for column in range(counts.size):
        counts[column] += counted[column]
    sums[SQUARES] += squares
    sums[NOISE] += noise
    sums[RELATIVE] += relative
    for which, peak in ((WORST, worst), (FARTHEST, farthest), (LOST, lost)):
        if peak > peaks[which]:
            peaks[which] = peak
            places[which] = start + place_of(which, before, after, peak * (1 - 1e-15))


@njit(nogil=True, cache=True)
def all_finite(bits):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Whether float32 ``bits`` hold no infinity and no NaN."""
    top = np.uint32(0)
    for i in range(bits.size):
        top = max(top, bits[i] & _MAGNITUDE)
    return top < _INF


@njit(nogil=True, cache=True)
def measure_casts(values, bits, types, quanta, leasts, counts, sums, peaks, places):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Measure each float type, a row (shift, lowest, largest) of ``types``; ``bits`` are float32 of ``values``."""
    out_bits = np.empty(BLOCK, np.uint32)
    out = out_bits.view(np.float32)
    for start in range(0, values.size, BLOCK):
        x = values[start : start + BLOCK]
        u = bits[start : start + BLOCK]
        finite = all_finite(u)
        for t in range(types.shape[0]):
            round_bits(u, types[t, 0], types[t, 1], np.uint32(types[t, 2]), quanta[t], out_bits[: u.size])
            measure(x, out[: u.size], finite, leasts[t], start, counts[t], sums[t], peaks[t], places[t])


@njit(nogil=True, cache=True)
def measure_steps(values, starts, scales, counts, sums, peaks, places):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Measure runs of values (``starts`` has one more) that are rounded to steps of their own ``scales``."""
    out = np.empty(BLOCK, values.dtype)
    for run in range(scales.size):
        for start in range(starts[run], starts[run + 1], BLOCK):
            stop = min(start + BLOCK, starts[run + 1])
            x = values[start:stop]
            y = out[: stop - start]
            round_steps(x, scales[run], y)
            finite = True
            for i in range(x.size):
                finite &= abs(x[i]) < np.inf
            measure(x, y, finite, 0.0, start, counts, sums, peaks, places)


@njit(nogil=True, cache=True)
def run_peaks(values, starts, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The largest finite magnitude of each run."""
    for run in range(out.size):
        top = values.dtype.type(0)
        for i in range(starts[run], starts[run + 1]):
            magnitude = abs(values[i])
            if magnitude > top and magnitude < np.inf:
                top = magnitude
        out[run] = top


@njit(nogil=True, cache=True)
def count_special(values):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """How many NaN and how many infinities there are."""
    nan = infinite = 0
    for i in range(values.size):
        nan += values[i] != values[i]
        infinite += abs(values[i]) == np.inf
    return nan, infinite
