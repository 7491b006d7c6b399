"""The first reading of a tensor: exact figures, and how its values are spread as finely as one pass can say."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ckptgui.analysis.keys import INTEGER_CODES, Ranges, Space, float_ranges, integer_ranges, values_of
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.statistics import Moments, Number
from ckptgui.core.dtypes import DType, Kind

Extreme = tuple[Number, int]
"""A value (or its key) and the rank of the first element that has it."""


@dataclass(frozen=True)
class Found:
    """What a first pass found. ``points`` are values with counts; else ``ranges`` of keys in ``space``."""

    moments: Moments
    nan: int
    posinf: int
    neginf: int
    zeros: int
    low: Extreme | None
    high: Extreme | None
    points: tuple[np.ndarray, np.ndarray] | None = None
    ranges: Ranges | None = None
    space: Space = "int"


@dataclass(slots=True)
class Partial:
    """The answer of some chunks; extremes by key."""

    moments: Moments
    nan: int
    posinf: int
    neginf: int
    zeros: int
    negative_zeros: int
    low: Extreme | None
    high: Extreme | None
    counts: np.ndarray

    def add(self, later: Partial) -> Partial:
        """Take in what comes later in the file."""
        self.moments = self.moments.merged(later.moments)
        self.nan += later.nan
        self.posinf += later.posinf
        self.neginf += later.neginf
        self.zeros += later.zeros
        self.negative_zeros += later.negative_zeros
        self.low = lower(self.low, later.low)
        self.high = higher(self.high, later.high)
        self.counts = added(self.counts, later.counts)
        return self


Kept = tuple[np.ndarray, Extreme | None, Extreme | None]
"""Values as float64 with their extremes."""


def lower(a: Extreme | None, b: Extreme | None) -> Extreme | None:
    """The smaller value; of equal ones the first."""
    return min((x for x in (a, b) if x is not None), default=None)


def higher(a: Extreme | None, b: Extreme | None) -> Extreme | None:
    """The larger value; of equal ones the first."""
    return max((x for x in (a, b) if x is not None), key=lambda x: (x[0], -x[1]), default=None)


def added(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Counts of both, in 64 bits; changes ``left`` where it can."""
    total = left if left.dtype == np.int64 else left.astype(np.int64)
    total += right
    return total


@dataclass(frozen=True)
class NarrowPass:
    """Types of 16 bits and fewer: the counts of every bit pattern tell all but the places."""

    dtype: DType

    def of(self, chunk: Chunk) -> Partial:
        from ckptgui.analysis import kernels

        codes = chunk.values.view(f"u{chunk.values.itemsize}")
        table = np.zeros((4, 1 << self.dtype.bits), np.uint32)
        kernels.count_codes(codes, table)
        counts = table[0].copy()
        values = code_values(self.dtype)
        present = finite_codes(self.dtype)
        present = present[counts[present] > 0]
        low = high = None
        if present.size:
            low = self._first(chunk, codes, values, present, present[0])
            high = self._first(chunk, codes, values, present, present[-1])
        return Partial(Moments(), 0, 0, 0, 0, 0, low, high, counts)

    def _first(
        self, chunk: Chunk, codes: np.ndarray, values: np.ndarray, present: np.ndarray, code: int
    ) -> Extreme:
        from ckptgui.analysis import kernels

        equal = present[values[present] == values[code]].astype(codes.dtype)  # two: 0.0 and -0.0
        position = int(kernels.first_of(codes, equal).min())
        return float(values[code]), chunk.first_rank(position)

    def merge(self, left: Partial, right: Partial) -> Partial:
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
        values, counts = code_values(self.dtype), whole.counts
        codes = finite_codes(self.dtype)
        codes = codes[counts[codes] > 0]
        points, inverse = np.unique(values[codes], return_inverse=True)
        tally = np.zeros(points.size, np.int64)
        np.add.at(tally, inverse, counts[codes].astype(np.int64))
        return Found(
            moments=moments_of(points, tally),
            nan=int(counts[np.isnan(values)].sum()),
            posinf=int(counts[values == np.inf].sum()),
            neginf=int(counts[values == -np.inf].sum()),
            zeros=int(counts[values == 0].sum()),
            low=self._exact(whole.low),
            high=self._exact(whole.high),
            points=(points, tally),
        )

    def _exact(self, extreme: Extreme | None) -> Extreme | None:
        return extreme if extreme is None else (number(extreme[0], self.dtype), extreme[1])


@dataclass(frozen=True)
class FloatPass:
    """float32 and float64: counts by leading bits, the rest by sums."""

    space: Space  # "float32" or "float64"

    def of(self, chunk: Chunk) -> Partial:
        from ckptgui.analysis import kernels

        values = chunk.values
        if self.space == "float32":
            counts, exponent = np.zeros(1 << 16, np.uint32), 0
            bits = values.view(np.uint32)
            folded = kernels.float32_pass(values, bits, counts)
        else:
            counts = np.zeros(1 << 19, np.uint32)
            bits = values.view(np.uint64)
            exponent = _exponent(float(np.uint64(kernels.largest_finite(bits)).view(np.float64)))
            folded = kernels.float64_pass(values, bits, counts, math.ldexp(1.0, -exponent))
        return _partial(chunk, folded, counts, exponent)

    def merge(self, left: Partial, right: Partial) -> Partial:
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
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
        from ckptgui.analysis import kernels

        counts = np.zeros(2 * INTEGER_CODES, np.uint32)
        return _partial(chunk, kernels.integer_pass(chunk.values, counts, INTEGER_CODES), counts, 0)

    def merge(self, left: Partial, right: Partial) -> Partial:
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
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


@dataclass(frozen=True)
class SmallPass:
    """Few elements: kept, sorted and so exact, without compiled code."""

    dtype: DType

    def of(self, chunk: Chunk) -> list[Kept]:
        values = chunk.values.astype(np.float64)
        low = high = None
        finite = np.isfinite(values)
        if finite.any():
            # Integers are compared as such: beyond 2**53 float64 takes neighbours for equal.
            plain = chunk.values if self.dtype.kind in (Kind.SIGNED, Kind.UNSIGNED) else values
            at_low = int(np.argmin(plain if finite.all() else np.where(finite, values, np.inf)))
            at_high = int(np.argmax(plain if finite.all() else np.where(finite, values, -np.inf)))
            low = number(plain[at_low], self.dtype), chunk.first_rank(at_low)
            high = number(plain[at_high], self.dtype), chunk.first_rank(at_high)
        return [(values, low, high)]

    def merge(self, left: list[Kept], right: list[Kept]) -> list[Kept]:
        return left + right

    def finish(self, whole: list[Kept]) -> Found:
        values = np.concatenate([part for part, _, _ in whole])
        points, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        return Found(
            moments=moments_of(points, counts),
            nan=int(np.isnan(values).sum()),
            posinf=int((values == np.inf).sum()),
            neginf=int((values == -np.inf).sum()),
            zeros=int((values == 0).sum()),
            low=functools.reduce(lower, (low for _, low, _ in whole)),
            high=functools.reduce(higher, (high for _, _, high in whole)),
            points=(points, counts),
        )


def moments_of(points: np.ndarray, counts: np.ndarray) -> Moments:
    """The sums of values that are known one by one."""
    n = int(counts.sum())
    if not n:
        return Moments()
    exponent = _exponent(float(np.abs(points).max()))
    scaled = np.ldexp(points, -exponent)
    mean = math.fsum((scaled * counts).tolist()) / n
    m2 = float((counts * np.square(scaled - mean)).sum())
    return Moments.of(n, mean, m2, float((counts * np.square(scaled)).sum()), exponent)


def _exponent(biggest: float) -> int:
    """The power of two to take off before squaring: none where squares fit float64 anyway."""
    if 1e-120 < biggest < 1e140:
        return 0
    return max(-1020, math.frexp(biggest)[1]) if biggest else -1020


def number(value: object, dtype: DType) -> Number:
    """A Python number: an exact integer for integers, else a float, never -0.0."""
    if dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL):
        return int(value)  # type: ignore[call-overload, no-any-return]
    return float(value) + 0.0  # type: ignore[arg-type]


@lru_cache(maxsize=32)
def code_values(dtype: DType) -> np.ndarray:
    """The value of every bit pattern of a narrow type, as float64."""
    patterns = np.arange(1 << dtype.bits, dtype=np.uint32).astype(f"u{dtype.itemsize}")
    if dtype.kind is Kind.BOOL:
        return (patterns != 0).astype(np.float64)
    return patterns.view(dtype.array).astype(np.float64)


@lru_cache(maxsize=32)
def finite_codes(dtype: DType) -> np.ndarray:
    """The bit patterns of finite values, by rising value."""
    values = code_values(dtype)
    order = np.argsort(values, kind="stable")
    return order[np.isfinite(values[order])]
