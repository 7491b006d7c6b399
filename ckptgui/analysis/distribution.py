"""How the finite values of a tensor are spread: disjoint spans in rising order, each with a count.

A span whose ends are equal is one exact value. Up to 65,536 elements, and for types of 16 bits and fewer,
every span is. For the rest a span is less than 2**-7 wide in relation to its values, and finer where the
whole tensor lives in few of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.histogram import Histogram, Scale, linear_edges, log_edges, symlog_edges

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""The quantiles that are shown, and that an exact reading makes exact."""


@dataclass(frozen=True)
class Distribution:
    """``counts`` values lie in each span from ``lows`` to ``highs``; every one stands for ``times`` elements.

    ``exact`` says that ``quantiles(QUANTILES)`` are exact.
    """

    lows: np.ndarray
    highs: np.ndarray
    counts: np.ndarray
    times: int = 1
    exact: bool = True

    @property
    def total(self) -> int:
        """Finite elements."""
        return int(self._after[-1]) * self.times if self.counts.size else 0

    @cached_property
    def _after(self) -> np.ndarray:
        return np.cumsum(self.counts)

    def quantiles(self, qs: Sequence[float]) -> list[float]:
        """Values at the fractions ``qs``, linear between the order statistics on either side."""
        if not self.total:
            return [float("nan")] * len(qs)
        return [self._quantile(q) for q in qs]

    def _quantile(self, q: float) -> float:
        last = self.total - 1
        rank = q * last
        below = min(last, int(rank))
        part = rank - below
        low, high = self._order(below), self._order(min(last, below + 1))
        return low if part == 0 or low == high else low * (1 - part) + high * part

    def _order(self, rank: int) -> float:
        """The value of the element that ``rank`` others precede, or one near it in its span."""
        rank //= self.times
        span = int(np.searchsorted(self._after, rank, side="right"))
        low, high, count = float(self.lows[span]), float(self.highs[span]), int(self.counts[span])
        if low == high:
            return low
        within = (rank - int(self._after[span]) + count + 0.5) / count
        return low * (1 - within) + high * within

    def bounds(self, coverage: float = 1.0) -> tuple[float, float]:
        """The range of the middle ``coverage`` of the values; of few values, all of them."""
        if coverage >= 1.0:
            return float(self.lows[0]), float(self.highs[-1])
        last = self.total - 1
        tail = int((1.0 - coverage) / 2 * last)
        return self._order(tail), self._order(last - tail)

    def histogram(
        self, bins: int, scale: Scale = "linear", low: float | None = None, high: float | None = None
    ) -> Histogram:
        """``bins`` bars from ``low`` to ``high`` (by default all values); values outside are not counted.

        On a logarithmic axis only positive values have a place.
        """
        if not self.total or (scale == "log" and not self.highs[-1] > 0):
            return Histogram(np.linspace(0.0, 1.0, bins + 1), np.zeros(bins), scale, 1.0)
        first, last = self.bounds()
        low = first if low is None else low
        high = last if high is None else high
        if scale == "log" and not low > 0:
            low = self.least_positive
        if not low < high:
            low, high = _widened_in_ratio(low) if scale == "log" else _widened(low)
        threshold = self.threshold if scale == "symlog" else 0.0
        if scale == "log":
            edges = log_edges(low, high, bins)
        else:
            edges = symlog_edges(low, high, bins, threshold) if threshold else linear_edges(low, high, bins)
        return Histogram(edges, self.counts_between(edges), scale, threshold)

    def counts_between(self, edges: np.ndarray) -> np.ndarray:
        """How many values lie between neighbours of ``edges`` (rising, float64), the last one included."""
        counts: np.ndarray = np.maximum(np.diff(self._below(edges)), 0.0) * float(self.times)
        return counts

    @property
    def least_positive(self) -> float:
        """The smallest value above zero (of a span that begins at zero, its end); 1 where there is none."""
        span = int(np.searchsorted(self.highs, 0.0, side="right"))
        if span == self.highs.size:
            return 1.0
        return float(self.lows[span] if self.lows[span] > 0 else self.highs[span])

    @cached_property
    def threshold(self) -> float:
        """Where the symmetric-log axis turns linear: a power of ten below nearly all magnitudes but zero."""
        magnitudes = np.maximum(np.abs(self.lows), np.abs(self.highs))
        some = magnitudes > 0
        if not some.any():
            return 1.0
        order = np.argsort(magnitudes[some], kind="stable")
        sizes, counts = magnitudes[some][order], np.cumsum(self.counts[some][order])
        small = sizes[np.searchsorted(counts, 0.02 * counts[-1])]
        exponent = np.floor(np.log10(max(small, sizes[-1] * 1e-12)))
        return float(10.0 ** max(exponent, -300.0))

    def _below(self, edges: np.ndarray) -> np.ndarray:
        """How many values lie below each edge; at the last edge, those on it too."""
        before = np.concatenate([[0], self._after]).astype(np.float64)
        span = np.searchsorted(self.lows, edges, side="left") - 1
        span[-1] = np.searchsorted(self.lows, edges[-1], side="right") - 1
        inside = np.maximum(span, 0)
        low, high = self.lows[inside], self.highs[inside]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            wide = np.isinf(high - low)  # half of it is not, and of what is as small as it gets there is no half
            part = np.where(wide, (edges / 2 - low / 2) / (high / 2 - low / 2), (edges - low) / (high - low))
            part = np.where(high > low, part, 1.0)
        here = self.counts[inside] * np.clip(part, 0.0, 1.0)
        below: np.ndarray = np.where(span < 0, 0.0, before[inside] + here)
        return below

    def sparkline(self, bins: int = 32) -> bytes:
        """Heights from 0 to 255 of bars over the middle 99.8 % of the values; empty when there are none.

        A bar with any value in it is at least 1 high.
        """
        if not self.total:
            return b""
        counts = self.histogram(bins, "linear", *self.bounds(0.998)).counts
        tallest = counts.max()
        if not tallest:
            return bytes(bins)
        heights: np.ndarray = np.ceil(counts / tallest * 255.0).clip(0, 255).astype(np.uint8)
        return bytes(heights)


def _widened(value: float) -> tuple[float, float]:
    """A range around a single value, wide enough that its ends differ."""
    by = max(0.5, abs(value) * 2.0**-7) if abs(value) < 1e300 else 0.0
    return (value - by, value + by) if by else (min(value, 0.0), max(value, 0.0))


def _widened_in_ratio(value: float) -> tuple[float, float]:
    """A range around a single positive value, from half of it to its double as far as float64 goes."""
    return max(value * 0.5, 5e-324), min(value * 2.0, sys.float_info.max)
