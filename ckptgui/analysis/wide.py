"""First reading of 32 and 64 bits: exact sums, and counts by the bits that lead a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.found import Found, Partial, exponent_of
from ckptgui.analysis.keys import INTEGER_CODES, Ranges, Space, float_ranges, integer_ranges, values_of
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.statistics import Moments


@dataclass(frozen=True)
class FloatPass:
    """float32 and float64: counts by leading bits, the rest by sums."""

    space: Space  # "float32" or "float64"

    def of(self, chunk: Chunk) -> Partial:
        """Fold one chunk."""
        from ckptgui.analysis import kernels

        values = chunk.values
        if self.space == "float32":
            counts, exponent = np.zeros(1 << 16, np.uint32), 0
            bits = values.view(np.uint32)
            folded = kernels.float32_pass(values, bits, counts)
        else:
            counts = np.zeros(1 << 19, np.uint32)
            bits = values.view(np.uint64)
            exponent = exponent_of(float(np.uint64(kernels.largest_finite(bits)).view(np.float64)))
            folded = kernels.float64_pass(values, bits, counts, math.ldexp(1.0, -exponent))
        return _partial(chunk, folded, counts, exponent)

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
        """What was found."""
        counts = whole.counts
        half = counts.size // 2
        infinite = half - 128
        counts[infinite:half] = 0
        counts[half + infinite :] = 0
        width = 1 << (16 if self.space == "float32" else 45)
        ranges = float_ranges(counts, width, whole.zeros, whole.negative_zeros)
        return _found(whole, ranges, self.space)


@dataclass(frozen=True)
class IntegerPass:
    """Integers of 32 and 64 bits: counts by their leading eight bits, exact below 256."""

    space: Space  # "int" or "uint64"

    def of(self, chunk: Chunk) -> Partial:
        """Fold one chunk."""
        from ckptgui.analysis import kernels

        counts = np.zeros(2 * INTEGER_CODES, np.uint32)
        return _partial(chunk, kernels.integer_pass(chunk.values, counts, INTEGER_CODES), counts, 0)

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
        """What was found."""
        return _found(whole, integer_ranges(whole.counts, self.space), self.space)


def _partial(chunk: Chunk, folded: tuple[float, ...], counts: np.ndarray, exponent: int) -> Partial:
    n, mean, m2, squares, nan, pos, neg, zeros, negative_zeros, low, high, at_low, at_high = folded
    some = int(n) > 0
    return Partial(
        Moments.of(int(n), mean, m2, squares, exponent),
        int(nan),
        int(pos),
        int(neg),
        int(zeros),
        int(negative_zeros),
        (int(low), chunk.first_rank(int(at_low))) if some else None,
        (int(high), chunk.first_rank(int(at_high))) if some else None,
        counts,
    )


def _found(whole: Partial, ranges: Ranges, space: Space) -> Found:
    low, high = whole.low, whole.high
    if low is not None and high is not None:
        shift = 1 << 63 if space == "uint64" else 0
        ranges.lows[0], ranges.highs[-1] = low[0] - shift, high[0] - shift
        if space in ("float32", "float64"):
            ends = values_of(space, np.array([low[0], high[0]], np.int64)).tolist()
            low, high = (ends[0], low[1]), (ends[1], high[1])
    return Found(
        whole.moments, whole.nan, whole.posinf, whole.neginf, whole.zeros, low, high, ranges=ranges, space=space
    )
