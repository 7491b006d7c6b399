"""The range of values that a histogram looks at: all of them, the middle, or what someone zoomed to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale, from_symlog, places_on

_MARGIN = 0.45
"""How far the first view reaches beyond the 0.1 and 99.9 % quantiles, as a share of their distance."""

_FAR = 8e307
"""Views end here, so that their width fits float64."""


@dataclass(frozen=True)
class View:
    """The range of values that is looked at; finite and not empty."""

    low: float
    high: float

    def within(self, outer: View) -> View:
        """The same, not wider than ``outer``, and moved into it rather than cut where it is only beside it."""
        if self.high - self.low >= outer.high - outer.low:
            return outer
        by = max(outer.low - self.low, 0.0) + min(outer.high - self.high, 0.0)
        return View(max(self.low + by, outer.low), min(self.high + by, outer.high))

    def joined(self, other: View) -> View:
        """What either of them shows."""
        return View(min(self.low, other.low), max(self.high, other.high))


def widened(low: float, high: float) -> View:
    """A range that is finite and not empty."""
    low, high = sorted((min(max(low, -_FAR), _FAR), min(max(high, -_FAR), _FAR)))
    least = max(abs(low), abs(high)) * 1e-13
    if high - low <= least:
        pad = max(abs(low) * 0.05, least) or 0.5
        low, high = low - pad, high + pad
    return View(low, high)


def part_of(view: View, start: float, end: float, scale: Scale, threshold: float) -> View:
    """From ``start`` to ``end`` on the axis, in widths of the view (0 its left end, 1 its right, or beyond)."""
    low, high = places_on(scale, np.array([view.low, view.high]), threshold).tolist()
    places = np.array([low + (high - low) * start, low + (high - low) * end])
    if scale == "log":
        ends = 10.0 ** np.clip(places, -307.0, 307.0)
    else:
        ends = from_symlog(places, threshold) if scale == "symlog" else places
    return widened(float(ends[0]), float(ends[1]))


def whole_view(distribution: Distribution, integral: bool, bins: int, scale: Scale = "linear") -> View:
    """Every finite value; whole bars for integers, where there is a bar for each."""
    low, high = distribution.bounds()
    if scale == "log":
        return View(low, high) if low < high else View(low / 2, high * 2)
    if integral and scale == "linear" and high - low < bins:
        return View(math.floor(low) - 0.5, math.ceil(high) + 0.5)
    return widened(low, high)


def first_view(
    distribution: Distribution,
    quantiles: Mapping[float, float],
    integral: bool,
    bins: int,
    scale: Scale = "linear",
) -> View:
    """The range shown at first: everything, unless a few values far out would flatten the rest.

    A logarithmic axis has room for everything.
    """
    whole = whole_view(distribution, integral, bins, scale)
    low, high = quantiles[0.001], quantiles[0.999]
    margin = (high / 2 - low / 2) * 2 * _MARGIN
    if scale != "linear" or not 0 < margin < _FAR or (integral and whole.high - whole.low <= bins):
        return whole
    middle = widened(low - margin, high + margin)
    return View(max(middle.low, whole.low), min(middle.high, whole.high))
