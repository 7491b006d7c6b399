"""The values of several checkpoints on one axis: bars of each, how high they are drawn, and where ridges stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.epoch_values import EpochValues
from ckptgui.analysis.histogram import Scale, from_symlog, linear_edges, symlog_edges, to_symlog

MARGIN = 0.2
"""How far the axis of the middle reaches beyond the 0.1 and 99.9 % quantiles, as a share of their distance."""

FAR_TAILS, FAR_MARGIN = 4.0, 0.75
"""Where those lie this much farther apart than the 1 and 99 % quantiles, as of a module with a few norms among its
weights, these count, with another margin."""

FEWEST, MOST = 16, 128
"""Bars of a checkpoint: few where there are few values, so that they show a shape."""

OVERLAP = 1.8
"""Distances of two ridges that the highest place of one takes."""

LEAST_HEIGHT = 44.0
"""Pixels of a ridge where there are so many that they lie over each other."""

_FAR = 8e307


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``, finite and not empty, in ``bins`` bars that are even on it."""

    low: float
    high: float
    bins: int
    scale: Scale = "linear"
    threshold: float = 0.0
    integral: bool = False  # a bar is a whole number of integers

    @cached_property
    def edges(self) -> np.ndarray:
        """float64, one more than bars."""
        if self.scale == "symlog":
            return symlog_edges(self.low, self.high, self.bins, self.threshold)
        return linear_edges(self.low, self.high, self.bins)

    def places(self, values: np.ndarray | Sequence[float]) -> np.ndarray:
        """Where values stand, 0 the left end and 1 the right; what is outside stands outside."""
        low, high = self._ends
        places: np.ndarray = (self._scaled(np.asarray(values, np.float64)) - low) / (high - low)
        return places

    def value(self, place: float) -> float:
        """The value at a place."""
        low, high = self._ends
        at = np.array([low + (high - low) * place])
        return float(from_symlog(at, self.threshold)[0] if self.scale == "symlog" else at[0] * 2)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        low, high = self._scaled(np.array([self.low, self.high])).tolist()
        return low, high

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        """Halved on a linear axis, so that the distance of the ends fits float64."""
        return to_symlog(values, self.threshold) if self.scale == "symlog" else values / 2


def common_axis(
    values: Sequence[EpochValues], scale: Scale = "linear", *, whole: bool = False, integral: bool = False
) -> Axis:
    """The axis for all of them: the union of their middle 99.8 % and a margin, or with ``whole`` of everything.

    Values far out, if they are few, would else flatten the rest. Of integers a bar is a whole number of them.
    """
    if not values:
        return Axis(-1.0, 1.0, FEWEST)
    least, most = min(each.low for each in values), max(each.high for each in values)
    low, high = _union(values, 0)
    margin = (high / 2 - low / 2) * 2 * MARGIN
    inner_low, inner_high = _union(values, 1)
    if inner_high / 2 - inner_low / 2 > 0 and margin / MARGIN / FAR_TAILS > inner_high - inner_low:
        low, high, margin = inner_low, inner_high, (inner_high - inner_low) * FAR_MARGIN
    if whole or not 0 < margin < _FAR:
        low, high = least, most
    else:
        low, high = max(low - margin, least), min(high + margin, most)
    bins = bars_for(max(each.total for each in values))
    if integral and scale == "linear" and high - low < 2**53:
        return _of_integers(math.floor(low), math.ceil(high), bins)
    if bins == FEWEST and not whole:  # single values stand at the ends
        low, high = low - (high / 2 - low / 2) / FEWEST, high + (high / 2 - low / 2) / FEWEST
    low, high = _apart(low, high)
    threshold = min(each.threshold for each in values) if scale == "symlog" else 0.0
    return Axis(low, high, bins, scale, threshold)


def _union(values: Sequence[EpochValues], place: int) -> tuple[float, float]:
    """From the least of a lower quantile to the largest of its counterpart."""
    return min(each.quantiles[place] for each in values), max(each.quantiles[-1 - place] for each in values)


def bars_for(total: int) -> int:
    """How many bars show the shape of so many values."""
    return min(max(2 * math.isqrt(total), FEWEST), MOST)


def _of_integers(low: int, high: int, bins: int) -> Axis:
    wide = max(1, -(-(high - low + 1) // bins))
    bars = -(-(high - low + 1) // wide)
    return Axis(low - 0.5, low - 0.5 + bars * wide, bars, integral=True)


def _apart(low: float, high: float) -> tuple[float, float]:
    low, high = max(low, -_FAR), min(high, _FAR)
    least = max(abs(low), abs(high)) * 1e-13
    if high - low > least:
        return low, high
    pad = max(abs(low) * 0.05, least) or 0.5
    return low - pad, high + pad


def counted(values: EpochValues, axis: Axis) -> np.ndarray:
    """float64, how many values lie in each bar: whole numbers where the values are exact."""
    return values.distribution().counts_between(axis.edges)


def heights(counts: np.ndarray, *, log: bool = False, top: float | None = None) -> np.ndarray:
    """Bars between 0 and 1 where ``top``, by default the highest, is 1; on a log axis one is just above 0."""
    highest = float(counts.max(initial=0.0)) if top is None else top
    if not highest > 0:
        return np.zeros(counts.shape)
    if log:
        places: np.ndarray = np.log1p(counts) / np.log1p(max(highest, 1.0))
        return places
    shares: np.ndarray = counts / highest
    return shares


@dataclass(frozen=True)
class Stack:
    """Where ridges stand, the first at the top: their base lines, and how high the highest place of each is."""

    bases: np.ndarray  # float64
    height: float

    @property
    def step(self) -> float:
        """Between two base lines."""
        return float(self.bases[1] - self.bases[0]) if len(self.bases) > 1 else self.height


def stacked(count: int, top: float, bottom: float) -> Stack:
    """So many ridges between two lines."""
    room = max(bottom - top, 1.0)
    if count < 2:
        return Stack(np.full(count, bottom), room)
    height = OVERLAP * room / (count - 1 + OVERLAP)
    height = max(height, min(LEAST_HEIGHT, room / 3))
    return Stack(np.linspace(top + height, bottom, count), height)
