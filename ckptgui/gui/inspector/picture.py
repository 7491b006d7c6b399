"""What a histogram shows, worked out from a distribution: bins, range, quantiles. No widgets, no painting.

Bins are the horizontal unit of the plot (bin 0 begins at 0.0), so values of any size, 1e-310 or 1e300, become
small numbers before a plotting library sees them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale

QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
"""The marks of the rail."""

_MARGIN = 0.45
"""How far the first view reaches beyond the 0.1 and 99.9 % quantiles, as a share of their distance."""

_MOST_STEPS = 65_536
"""Steps of evenly spaced values that bars are aligned with; beyond, a step more or less in a bar is not seen."""

_FAR = 8e307
"""Views end here, so that their width fits float64."""


@dataclass(frozen=True)
class View:
    """The range of values that is looked at; finite and not empty."""

    low: float
    high: float

    def zoomed(self, at: float, factor: float) -> View:
        """Closer (``factor`` below 1) around ``at``, or farther."""
        return widened(at - (at - self.low) * factor, at + (self.high - at) * factor)

    def within(self, outer: View) -> View:
        """The same, not wider than ``outer``."""
        return View(max(self.low, outer.low), min(self.high, outer.high))


@dataclass(frozen=True)
class Picture:
    """A histogram ready to be painted. ``below`` and ``above`` count values outside the view."""

    edges: np.ndarray
    counts: np.ndarray
    quantiles: Mapping[float, float]
    threshold: float
    scale: Scale
    log_count: bool
    total: int
    below: float
    above: float
    exact: bool
    integral: bool

    @property
    def bins(self) -> int:
        """How many bars there are."""
        return len(self.counts)

    def place(self, value: float) -> float:
        """Where a value stands, in bins; within a bin the axis is taken as linear."""
        edges, exponent = self._scaled
        with np.errstate(over="ignore"):  # what is far outside stands at an end
            near = np.ldexp(np.float64(value), -exponent)
        return float(np.interp(near, edges, np.arange(len(edges), dtype=np.float64)))

    @cached_property
    def _scaled(self) -> tuple[np.ndarray, int]:
        """The edges brought near 1, where slopes between neighbours fit float64 even if edges are subnormal."""
        exponent = math.frexp(float(np.abs(self.edges).max()))[1]
        return np.ldexp(self.edges, -exponent), exponent

    def value(self, place: float) -> float:
        """The value at a place."""
        return float(np.interp(place, np.arange(len(self.edges), dtype=np.float64), self.edges))

    def sees(self, value: float) -> bool:
        """Whether a value lies in the view."""
        return bool(self.edges[0] <= value <= self.edges[-1])


def widened(low: float, high: float) -> View:
    """A range that is finite and not empty."""
    low, high = sorted((min(max(low, -_FAR), _FAR), min(max(high, -_FAR), _FAR)))
    least = max(abs(low), abs(high)) * 1e-13
    if high - low <= least:
        pad = max(abs(low) * 0.05, least) or 0.5
        low, high = low - pad, high + pad
    return View(low, high)


def whole_view(distribution: Distribution, integral: bool, bins: int) -> View:
    """Every finite value; whole bars for integers, where there is a bar for each."""
    low, high = distribution.bounds()
    if integral and high - low < bins:
        return View(math.floor(low) - 0.5, math.ceil(high) + 0.5)
    return widened(low, high)


def first_view(distribution: Distribution, quantiles: Mapping[float, float], integral: bool, bins: int) -> View:
    """The range shown at first: everything, unless a few values far out would flatten the rest."""
    whole = whole_view(distribution, integral, bins)
    low, high = quantiles[0.001], quantiles[0.999]
    margin = (high / 2 - low / 2) * 2 * _MARGIN
    if not 0 < margin < _FAR or (integral and whole.high - whole.low <= bins):
        return whole
    return widened(low - margin, high + margin).within(whole)


def draw(
    distribution: Distribution,
    view: View,
    *,
    bins: int,
    scale: Scale,
    log_count: bool,
    quantiles: Mapping[float, float],
    integral: bool,
) -> Picture:
    """Count the bars of a view."""
    unit, origin = (1.0, 0.0) if integral else lattice(distribution)
    if unit and scale == "linear" and view.high - view.low < unit * _MOST_STEPS:
        view, bins = _aligned(view, bins, unit, origin)
    found = distribution.histogram(bins, scale, view.low, view.high)
    below, above = _outside(distribution, view, distribution.total - found.total)
    return Picture(
        edges=found.edges,
        counts=found.counts,
        quantiles=quantiles,
        threshold=found.threshold,
        scale=scale,
        log_count=log_count,
        total=distribution.total,
        below=below,
        above=above,
        exact=distribution.exact,
        integral=integral,
    )


def lattice(distribution: Distribution) -> tuple[float, float]:
    """The even distance that values lie apart, and one of them, where they do; quantised ones for instance."""
    points = distribution.lows
    if not 1 < len(points) <= _MOST_STEPS or not np.array_equal(points, distribution.highs):
        return 0.0, 0.0
    if max(-points[0], points[-1]) > _FAR / _MOST_STEPS:
        return 0.0, 0.0
    with np.errstate(over="ignore"):
        gaps = np.diff(points)
        unit = float(gaps.min())
        steps = gaps / unit if unit > 0 else gaps
    if not (np.isfinite(steps).all() and unit > 1e-300 and steps.max() <= _MOST_STEPS):
        return 0.0, 0.0
    even = np.abs(steps - np.round(steps)).max() < 1e-3
    return (unit, float(points[0])) if even else (0.0, 0.0)


def _aligned(view: View, bins: int, unit: float, origin: float) -> tuple[View, int]:
    """Bars as wide as a whole number of steps, so that each has as many values to count as its neighbour."""
    low = math.ceil((view.low - origin) / unit - 1e-6)
    high = math.floor((view.high - origin) / unit + 1e-6)
    if high < low:  # between two steps
        low = high = round(((view.low + view.high) / 2 - origin) / unit)
    wide = max(1, math.ceil((high - low + 1) / bins))
    bars = max(1, math.ceil((high - low + 1) / wide))
    start = origin + (low - 0.5) * unit
    return View(start, start + bars * wide * unit), bars


def _outside(distribution: Distribution, view: View, rest: float) -> tuple[float, float]:
    """How the values outside are divided between the left and the right."""
    low, high = distribution.bounds()
    if rest < 0.5:
        return 0.0, 0.0
    if low >= view.low:
        return 0.0, rest
    if high <= view.high:
        return rest, 0.0
    below = min(rest, distribution.histogram(1, "linear", low, view.low).total)
    return below, rest - below
