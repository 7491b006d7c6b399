"""What a histogram shows, worked out from distributions: bars, range, quantiles. No widgets, no painting.

Bins are the horizontal unit of the plot (bin 0 begins at 0.0), so values of any size, 1e-310 or 1e300, become
small numbers before anything is painted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.exact_bars import parted
from ckptgui.analysis.histogram import Scale
from ckptgui.gui.inspector.histogram.lattice import Lattice, aligned
from ckptgui.gui.inspector.histogram.view import View

QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
"""The marks of the rail."""


_SPANS_A_BAR = 2
"""With at least so many spans, on average, bars that divide them in proportion look right."""


@dataclass(frozen=True)
class Wish:
    """How someone wants the bars: about how many, on which axes, as counts or as shares of each one's values."""

    bins: int
    scale: Scale = "linear"
    log_count: bool = False
    shares: bool = False


@dataclass(frozen=True)
class Bars:
    """One series in the bins of a picture. ``unsure`` is how many values may belong to a neighbour instead.

    It is ``coarse`` where there are too few spans for the bars, so that their shape would be that of the spans.
    """

    counts: np.ndarray  # float64
    unsure: np.ndarray  # int64
    total: int
    coarse: bool = False

    @property
    def exact(self) -> bool:
        """Whether every bar is."""
        return not self.unsure.any()


@dataclass(frozen=True)
class Picture:
    """A histogram ready to be laid out. ``below`` and ``above`` count values outside the view."""

    edges: np.ndarray
    bars: Bars
    quantiles: Mapping[float, float]
    threshold: float
    wish: Wish
    below: float
    above: float
    integral: bool
    outlines: tuple[Bars, ...] = ()

    @property
    def counts(self) -> np.ndarray:
        """Values in each bar."""
        return self.bars.counts

    @property
    def scale(self) -> Scale:
        """Of the values."""
        return self.wish.scale

    @property
    def bins(self) -> int:
        """How many bars there are."""
        return len(self.bars.counts)

    @property
    def exact(self) -> bool:
        """Whether every bar and outline is."""
        return all(bars.exact for bars in (self.bars, *self.outlines))

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


def draw(
    distribution: Distribution,
    view: View,
    wish: Wish,
    quantiles: Mapping[float, float],
    lattice: Lattice | None = None,
    *,
    integral: bool = False,
    others: Sequence[Distribution] = (),
) -> Picture:
    """Count the bars of a view; values on a ``lattice`` get bars of a whole number of its steps."""
    bins = wish.bins
    if lattice is not None and wish.scale == "linear":
        view, bins = aligned(view, bins, lattice)
    found = distribution.histogram(bins, wish.scale, view.low, view.high)
    below, above = _outside(distribution, found.edges, distribution.total - found.total)
    return Picture(
        edges=found.edges,
        bars=_bars(distribution, found.edges),
        quantiles=quantiles,
        threshold=found.threshold,
        wish=wish,
        below=below,
        above=above,
        integral=integral,
        outlines=tuple(_bars(other, found.edges) for other in others),
    )


def _bars(distribution: Distribution, edges: np.ndarray) -> Bars:
    torn = parted(distribution, edges)
    first = int(np.searchsorted(distribution.highs, edges[0]))
    spans = int(np.searchsorted(distribution.lows, edges[-1], side="right")) - first
    coarse = bool(torn.any()) and spans < _SPANS_A_BAR * (len(edges) - 1)
    return Bars(distribution.counts_between(edges), np.maximum(torn[:-1], torn[1:]), distribution.total, coarse)


def _outside(distribution: Distribution, edges: np.ndarray, rest: float) -> tuple[float, float]:
    """How the values outside are divided between the left and the right."""
    low, high = distribution.bounds()
    if rest < 0.5:
        return 0.0, 0.0
    if low >= edges[0]:
        return 0.0, rest
    if high <= edges[-1]:
        return rest, 0.0
    below = min(rest, float(distribution.counts_between(np.array([low, np.nextafter(edges[0], -np.inf)]))[0]))
    return below, rest - below
