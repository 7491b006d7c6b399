"""Sums of values as whole numbers of a power of two, so that nothing is lost and no order of adding matters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Sums:
    """Of ``n`` values the sum and that of magnitudes in ``2**unit``, and that of squares in its square."""

    n: int = 0
    total: int = 0
    size: int = 0
    squares: int = 0
    unit: int = 0

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        unit = min(self.unit, other.unit)
        a, b = self._in(unit), other._in(unit)
        return Sums(a.n + b.n, a.total + b.total, a.size + b.size, a.squares + b.squares, unit)

    def _in(self, unit: int) -> Sums:
        by = self.unit - unit
        return Sums(self.n, self.total << by, self.size << by, self.squares << 2 * by, unit)

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return _ratio(self.total, self.n, self.unit) if self.n else None

    @property
    def std(self) -> float | None:
        """The population's standard deviation; None of nothing."""
        return _root(self.n * self.squares - self.total**2, self.n, self.unit) if self.n else None

    def l1(self, times: int = 1) -> float | None:
        """The sum of magnitudes, each value counted ``times`` times; None where float64 cannot hold it."""
        return _ratio(self.size * times, 1, self.unit)

    def l2(self, times: int = 1) -> float | None:
        """The Euclidean norm, each value counted ``times`` times; None where float64 cannot hold it."""
        return _root(self.squares * times, 1, self.unit)


NOTHING = Sums()


def _ratio(above: int, below: int, exponent: int) -> float | None:
    """``above / below * 2**exponent``, rounded once."""
    try:
        return (above << max(0, exponent)) / (below << max(0, -exponent)) + 0.0
    except OverflowError:
        return None


def _root(square: int, below: int, exponent: int) -> float | None:
    """``sqrt(square) / below * 2**exponent``."""
    widened = max(0, 130 - square.bit_length()) // 2
    # A square that rounding left a trifle below zero is one.
    return _ratio(math.isqrt(max(0, square) << 2 * widened), below, exponent - widened)


def sums_of(points: np.ndarray, counts: np.ndarray) -> Sums:
    """The sums of values (float64 or integers, rising) that stand ``counts`` times each."""
    n = int(counts.sum())
    points, counts = points[points != 0], counts[points != 0].astype(np.int64)
    if not points.size:
        return Sums(n)
    negative = points < 0
    magnitudes, exponents = _apart(points, negative)
    common = int(np.bitwise_or.reduce(magnitudes))
    idle = (common & -common).bit_length() - 1
    magnitudes, unit = magnitudes >> np.uint64(idle), exponents.min()
    width = common.bit_length() - idle
    # Magnitudes are cut so narrow that no sum of products outgrows 63 bits.
    narrow = max(1, (62 - n.bit_length()) // 2)
    mask = np.uint64((1 << narrow) - 1)
    limbs = [((magnitudes >> np.uint64(at)) & mask).astype(np.int64) for at in range(0, width, narrow)]
    runs = np.flatnonzero(np.diff(exponents) | np.diff(negative))
    starts = np.concatenate([[0], runs + 1])
    sizes = _of_runs([(k, limb * counts) for k, limb in enumerate(limbs)], starts, narrow)
    products = [
        (j + k, (1 if j == k else 2) * limbs[j] * limbs[k] * counts)
        for k in range(len(limbs))
        for j in range(k + 1)
    ]
    squares = _of_runs(products, starts, narrow)
    ups = (exponents[starts] - unit).tolist()
    signs = np.where(negative[starts], -1, 1).tolist()
    return Sums(
        n,
        sum((sign * size) << up for sign, size, up in zip(signs, sizes, ups)),
        sum(size << up for size, up in zip(sizes, ups)),
        sum(square << 2 * up for square, up in zip(squares, ups)),
        int(unit) + idle,
    )


def _apart(points: np.ndarray, negative: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole magnitudes (uint64) and the exponents of two that they are to be multiplied with."""
    if points.dtype.kind in "iu":
        whole = points.astype(np.uint64)  # of negative ones modulo 2**64
        return np.where(negative, np.uint64(0) - whole, whole), np.zeros(points.size, np.int64)
    fractions, exponents = np.frexp(np.abs(points))
    return np.ldexp(fractions, 53).astype(np.uint64), exponents.astype(np.int64) - 53


def _of_runs(parts: list[tuple[int, np.ndarray]], starts: np.ndarray, narrow: int) -> list[int]:
    """The sums of each run, put together from limbs at their places."""
    sums = [0] * len(starts)
    for place, products in parts:
        for run, part in enumerate(np.add.reduceat(products, starts).tolist()):
            sums[run] += part << narrow * place
    return sums
