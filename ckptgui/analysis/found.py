"""What a first reading of a tensor finds, and how the findings of its chunks meet."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.keys import Ranges, Space
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


def moments_of(points: np.ndarray, counts: np.ndarray) -> Moments:
    """The sums of values that are known one by one."""
    n = int(counts.sum())
    if not n:
        return Moments()
    exponent = exponent_of(float(np.abs(points).max()))
    scaled = np.ldexp(points, -exponent)
    mean = math.fsum((scaled * counts).tolist()) / n
    m2 = float((counts * np.square(scaled - mean)).sum())
    return Moments.of(n, mean, m2, float((counts * np.square(scaled)).sum()), exponent)


def exponent_of(biggest: float) -> int:
    """The power of two to take off before squaring: none where squares fit float64 anyway."""
    if 1e-120 < biggest < 1e140:
        return 0
    return max(-1020, math.frexp(biggest)[1]) if biggest else -1020


def number(value: object, dtype: DType) -> Number:
    """A Python number: an exact integer for integers, else a float, never -0.0."""
    if dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL):
        return int(value)  # type: ignore[call-overload, no-any-return]
    return float(value) + 0.0  # type: ignore[arg-type]
