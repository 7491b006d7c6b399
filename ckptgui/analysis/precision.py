"""What casts to narrower types would do to values, counted without doing them.

Floats are rounded as ``torch.Tensor.to`` rounds them: to nearest, ties to even, by way of float32. int8 is rounded
to 255 steps of ``absmax / 127``, the absmax being that of the whole tensor or of each place along its first
dimension (a row, an output channel), computed in the tensor's own precision (float32 for narrower ones).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class FloatTarget:
    """A float type: ``digits`` bits behind the point, its smallest normal exponent, its largest value.

    What is beyond the largest becomes infinite, or the largest where the type has no infinity: so does torch
    2.13, while earlier versions made NaN of it.
    """

    name: str
    digits: int
    exponent: int
    largest: float
    itemsize: int
    infinite: bool = True

    @property
    def least(self) -> float:
        """The smallest normal value."""
        return math.ldexp(1.0, self.exponent)

    @property
    def quantum(self) -> float:
        """The smallest subnormal value."""
        return math.ldexp(1.0, self.exponent - self.digits)

    @property
    def within(self) -> float:
        """The largest relative error of a result that is normal."""
        return math.ldexp(1.0, -self.digits - 1)


@dataclass(frozen=True, slots=True)
class StepTarget:
    """int8 with a scale for the whole tensor or, ``by_row``, for each place along its first dimension."""

    name: str
    by_row: bool

    itemsize = 1


Target = FloatTarget | StepTarget

FLOATS = (
    FloatTarget("float32", 23, -126, float(np.finfo(np.float32).max), 4),
    FloatTarget("float16", 10, -14, 65504.0, 2),
    FloatTarget("bfloat16", 7, -126, math.ldexp(255, 120), 2),
    FloatTarget("float8_e4m3fn", 3, -6, 448.0, 1, infinite=False),
    FloatTarget("float8_e5m2", 2, -14, 57344.0, 1),
)
STEPS = (StepTarget("int8", by_row=False), StepTarget("int8, by row", by_row=True))

SCALE_BYTES = 4
"""What a scale of int8 takes."""


BANDS = (1e-3, 1e-2, 1e-1)
"""Relative errors that values are told apart by."""


@dataclass(frozen=True, slots=True)
class Example:
    """One value and the rank of its element in row-major order."""

    value: float
    rank: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What a cast would lose. Counts are of finite values; complex ones count as two.

    ``zeroed`` lose everything, ``overflowed`` are beyond the range; ``subnormal`` results have fewer digits.
    Errors are of values within the range; ``max_relative`` is the largest of those that do not become zero,
    and ``worst`` has it. ``snr`` is in dB, infinite without an error, None where there is nothing to compare.
    ``unheld`` counts NaN and infinities that the type cannot hold. ``within`` counts changed values
    by their relative error: up to each of ``BANDS``, and beyond, without those that become zero.
    """

    target: Target
    count: int
    changed: int
    zeroed: int
    subnormal: int
    overflowed: int
    unheld: int
    within: tuple[int, int, int, int]
    mean_relative: float | None
    max_relative: float
    max_absolute: float
    snr: float | None
    worst: Example | None
    largest_zeroed: Example | None
    largest_overflowed: Example | None
    nbytes: int

    @property
    def exact(self) -> int:
        """Finite values that stay as they are."""
        return self.count - self.changed
