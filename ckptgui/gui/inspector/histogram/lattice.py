"""Values that lie evenly apart, as integers and quantised ones do, and bars that fit them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.gui.inspector.histogram.view import View

_MOST_STEPS = 65_536
"""Steps that bars are aligned with; beyond, a step more or less in a bar is not seen."""

_FAR = 8e307


@dataclass(frozen=True)
class Lattice:
    """The distance of neighbours, and one of the values."""

    unit: float
    origin: float


WHOLE = Lattice(1.0, 0.0)
"""That of integers."""


def lattice_of(distribution: Distribution) -> Lattice | None:
    """The lattice that all values lie on, where they do."""
    points = distribution.lows
    if not 1 < len(points) <= _MOST_STEPS or not np.array_equal(points, distribution.highs):
        return None
    if max(-points[0], points[-1]) > _FAR / _MOST_STEPS:
        return None
    with np.errstate(over="ignore"):
        gaps = np.diff(points)
        unit = float(gaps.min())
        steps = gaps / unit if unit > 0 else gaps
    if not (np.isfinite(steps).all() and unit > 1e-300 and steps.max() <= _MOST_STEPS):
        return None
    even = np.abs(steps - np.round(steps)).max() < 1e-3
    return Lattice(unit, float(points[0])) if even else None


def aligned(view: View, bins: int, lattice: Lattice) -> tuple[View, int]:
    """Bars as wide as a whole number of steps, so that each has as many values to count as its neighbour."""
    unit, origin = lattice.unit, lattice.origin
    if view.high - view.low >= unit * _MOST_STEPS:
        return view, bins
    low = math.ceil((view.low - origin) / unit - 1e-6)
    high = math.floor((view.high - origin) / unit + 1e-6)
    if high < low:  # between two steps
        low = high = round(((view.low + view.high) / 2 - origin) / unit)
    wide = max(1, math.ceil((high - low + 1) / bins))
    bars = max(1, math.ceil((high - low + 1) / wide))
    start = origin + (low - 0.5) * unit
    return View(start, start + bars * wide * unit), bars
