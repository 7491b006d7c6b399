"""The figures of a tensor."""

from __future__ import annotations

from dataclasses import dataclass

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
