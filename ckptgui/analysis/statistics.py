"""The figures of a tensor, and the sums that they are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

Number = int | float


@dataclass(frozen=True, slots=True)
class Statistics:
    """Exact figures over the finite values; None where a figure has no meaning or float64 cannot hold it.

    ``count`` is every element. ``argmin`` and ``argmax`` are the first index in row-major order.
    ``std`` is the population's. Complex values count by their modulus, integers' extremes are integers.
    ``first_nan``, ``first_posinf`` and ``first_neginf`` say where the first of each stands.
    """

    count: int
    min: Number | None = None
    max: Number | None = None
    argmin: tuple[int, ...] | None = None
    argmax: tuple[int, ...] | None = None
    mean: float | None = None
    std: float | None = None
    l1: float | None = None
    l2: float | None = None
    zeros: int | None = None
    nan: int | None = None
    posinf: int | None = None
    neginf: int | None = None
    first_nan: tuple[int, ...] | None = None
    first_posinf: tuple[int, ...] | None = None
    first_neginf: tuple[int, ...] | None = None

    @property
    def constant(self) -> bool:
        """Whether every element is one and the same finite value."""
        return self.min is not None and self.min == self.max and not self.nan and not self.inf

    @property
    def inf(self) -> int | None:
        """Infinities of either sign."""
        return None if self.posinf is None or self.neginf is None else self.posinf + self.neginf

    @property
    def finite(self) -> int | None:
        """Elements that the figures are about."""
        return None if self.nan is None or self.inf is None else self.count - self.nan - self.inf


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, squared deviations and squares of values times 2**-exponent.

    The exponent keeps squares of numbers like 1e300 or 1e-300 within float64. ``lost`` is what rounding
    took from ``mean``'s sum so far, so that a billion chunks add up as one would.
    """

    n: int = 0
    total: float = 0.0
    lost: float = 0.0
    m2: float = 0.0
    squares: float = 0.0
    exponent: int = 0

    @classmethod
    def of(cls, n: int, mean: float, m2: float, squares: float, exponent: int = 0) -> Moments:
        """From one chunk's figures."""
        return cls(n, mean * n, 0.0, m2, squares, exponent)

    def scaled(self, exponent: int) -> Moments:
        """The same, kept at another exponent."""
        by = self.exponent - exponent
        if by == 0:
            return self
        return replace(
            self,
            total=math.ldexp(self.total, by),
            lost=math.ldexp(self.lost, by),
            m2=math.ldexp(self.m2, 2 * by),
            squares=math.ldexp(self.squares, 2 * by),
            exponent=exponent,
        )

    def merged(self, other: Moments) -> Moments:
        """Both together (Chan's rule; the sum by Neumaier's)."""
        if not self.n or not other.n:
            return self if self.n else other
        exponent = max(self.exponent, other.exponent)
        a, b = self.scaled(exponent), other.scaled(exponent)
        total = a.total + b.total
        big, small = (a.total, b.total) if abs(a.total) >= abs(b.total) else (b.total, a.total)
        delta = b.mean_scaled - a.mean_scaled
        n = a.n + b.n
        return Moments(
            n,
            total,
            a.lost + b.lost + ((big - total) + small),
            a.m2 + b.m2 + delta * delta * (a.n / n) * b.n,
            a.squares + b.squares,
            exponent,
        )

    @property
    def mean_scaled(self) -> float:
        """The mean as it is kept, of at least one value."""
        return (self.total + self.lost) / self.n

    @property
    def mean(self) -> float | None:
        """The mean; None of nothing."""
        return held(self.mean_scaled, self.exponent) if self.n else None

    @property
    def std(self) -> float | None:
        """The population's standard deviation; None of nothing."""
        return held(math.sqrt(self.m2 / self.n), self.exponent) if self.n else None

    def l2(self, times: int = 1) -> float | None:
        """The Euclidean norm, each value counted ``times`` times."""
        return held(math.sqrt(self.squares) * math.sqrt(times), self.exponent)


def held(value: float, exponent: int = 0) -> float | None:
    """``value * 2**exponent``, or None where float64 cannot hold it."""
    try:
        result = math.ldexp(value, exponent)
    except OverflowError:
        return None
    return result + 0.0 if math.isfinite(result) else None
