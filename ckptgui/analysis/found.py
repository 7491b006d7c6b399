"""What a first reading of a tensor finds, and how the findings of its chunks meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.keys import Ranges, Space
from ckptgui.analysis.statistics import Number
from ckptgui.analysis.sums import Sums
from ckptgui.core.dtypes import DType, Kind

Extreme = tuple[Number, int]
"""A value (or its key) and the rank of the first element that has it."""

Special = tuple[int, int]
"""How many elements there are of a kind, and the rank of the first one; (0, 0) of none."""

NONE: Special = (0, 0)


@dataclass(frozen=True, slots=True)
class Specials:
    """What is not finite."""

    nan: Special = NONE
    posinf: Special = NONE
    neginf: Special = NONE

    def plus(self, other: Specials) -> Specials:
        """Both together."""
        return Specials(
            _both(self.nan, other.nan), _both(self.posinf, other.posinf), _both(self.neginf, other.neginf)
        )

    @property
    def count(self) -> int:
        """All of them."""
        return self.nan[0] + self.posinf[0] + self.neginf[0]


@dataclass(frozen=True)
class Found:
    """What a first pass found. ``points`` are values with counts; else ``ranges`` of keys in ``space``."""

    sums: Sums
    specials: Specials
    zeros: int
    low: Extreme | None
    high: Extreme | None
    points: tuple[np.ndarray, np.ndarray] | None = None
    ranges: Ranges | None = None
    space: Space = "int"


def _both(a: Special, b: Special) -> Special:
    if not a[0] or not b[0]:
        return a if a[0] else b
    return a[0] + b[0], min(a[1], b[1])


def lower(a: Extreme | None, b: Extreme | None) -> Extreme | None:
    """The smaller value; of equal ones the first."""
    return min((x for x in (a, b) if x is not None), default=None)


def higher(a: Extreme | None, b: Extreme | None) -> Extreme | None:
    """The larger value; of equal ones the first."""
    return max((x for x in (a, b) if x is not None), key=lambda x: (x[0], -x[1]), default=None)


def number(value: object, dtype: DType) -> Number:
    """A Python number: an exact integer for integers, else a float, never -0.0."""
    if dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL):
        return int(value)  # type: ignore[call-overload, no-any-return]
    return float(value) + 0.0  # type: ignore[arg-type]
