"""Distributions on one common grid, so that those of different tensors and types can be added.

The grid is that of bfloat16: sign, exponent and seven bits of a value, which is what the first reading of a
float32 counts by. A *place* is the number of a cell of the grid in rising order of value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.distribution import Distribution

PLACES = 1 << 16
_ZERO = 1 << 15
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Spread:
    """``counts`` values lie in the cells ``places``; ``low`` and ``high`` are the extreme values themselves."""

    places: np.ndarray  # uint16, rising
    counts: np.ndarray  # int64
    low: float
    high: float

    @classmethod
    def of(cls, distribution: Distribution | None) -> Spread | None:
        """A tensor's distribution on the grid; None where it has no finite values."""
        if distribution is None or not distribution.total:
            return None
        middles = distribution.lows / 2 + distribution.highs / 2
        places = places_of(middles)
        kept, where = np.unique(places, return_inverse=True)
        counts = np.zeros(kept.size, np.int64)
        np.add.at(counts, where, distribution.counts.astype(np.int64) * distribution.times)
        low, high = distribution.bounds()
        return cls(kept, counts, low, high)

    @classmethod
    def joined(cls, spreads: Iterable[Spread | None]) -> Spread | None:
        """All of them together, weighted by elements."""
        some = [spread for spread in spreads if spread is not None]
        if not some:
            return None
        whole = np.zeros(PLACES, np.int64)
        for spread in some:
            whole[spread.places] += spread.counts
        return cls.from_dense(whole, min(s.low for s in some), max(s.high for s in some))

    @classmethod
    def from_dense(cls, counts: np.ndarray, low: float, high: float) -> Spread | None:
        """From a count for every cell of the grid."""
        places = np.flatnonzero(counts)
        return cls(places.astype(np.uint16), counts[places], low, high) if places.size else None

    @property
    def total(self) -> int:
        """Finite elements."""
        return int(self.counts.sum())

    def distribution(self) -> Distribution:
        """As spans of values, for histograms, quantiles and sparklines."""
        lows, highs = cell_lows(self.places), cell_highs(self.places)
        lows[0], highs[-1] = self.low, self.high
        np.clip(lows, self.low, self.high, out=lows)
        np.clip(highs, self.low, self.high, out=highs)
        return Distribution(lows, highs, self.counts, exact=False)


def places_of(values: np.ndarray) -> np.ndarray:
    """uint16, the cell of each finite float64; beyond float32 the outermost."""
    bits = np.clip(values, -_LARGEST, _LARGEST).astype(np.float32).view(np.uint32) >> np.uint32(16)
    places: np.ndarray = np.where(bits < _ZERO, bits + _ZERO, _ZERO - (bits & (_ZERO - 1))).astype(np.uint16)
    return places


def cell_lows(places: np.ndarray) -> np.ndarray:
    """The least value of each cell."""
    near, far = _ends(places)
    lows: np.ndarray = np.minimum(near, far)
    return lows


def cell_highs(places: np.ndarray) -> np.ndarray:
    """The largest value of each cell."""
    near, far = _ends(places)
    highs: np.ndarray = np.maximum(near, far)
    return highs


def _ends(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The value nearest to zero of each cell and the one farthest from it."""
    steps = places.astype(np.int64) - _ZERO
    size = np.abs(steps).astype(np.uint32) << np.uint32(16)
    near, far = size.view(np.float32).astype(np.float64), (size | np.uint32(0xFFFF)).view(np.float32)
    sign = np.where(steps < 0, -1.0, 1.0)
    return near * sign, np.where(steps == 0, 0.0, far.astype(np.float64) * sign)
