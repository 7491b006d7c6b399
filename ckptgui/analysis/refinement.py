"""A further reading that looks closer where the first one was too coarse."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.distribution import QUANTILES, Distribution
from ckptgui.analysis.found import Found
from ckptgui.analysis.keys import Ranges, Space, keys_of, values_of
from ckptgui.analysis.reduction import Chunk

FINE_BITS = 16
"""A target is cut into at most 2**16 pieces a pass, where nothing else is said."""

COARSE = 2.0**-7
"""The widest a span may be, in relation to its values, or to the range that a picture shows."""


@dataclass(frozen=True)
class RefinementPass:
    """Counts the keys inside ``lows`` to ``highs`` (sorted, disjoint), each in at most ``2**bits`` even pieces."""

    space: Space
    lows: np.ndarray
    highs: np.ndarray
    bits: int = FINE_BITS

    @property
    def shifts(self) -> np.ndarray:
        """By how many bits a key's distance is shortened, target by target."""
        widths = [int(high) - int(low) for low, high in zip(self.lows, self.highs)]
        return np.array([max(0, width.bit_length() - self.bits) for width in widths], np.int64)

    def places(self) -> np.ndarray:
        """Where each target's counts begin, and where all end."""
        pairs = zip(self.lows.tolist(), self.highs.tolist(), self.shifts.tolist())
        starts: np.ndarray = np.cumsum([0] + [((high - low) >> shift) + 1 for low, high, shift in pairs])
        return starts

    def of(self, chunk: Chunk) -> np.ndarray:
        """Fold one chunk."""
        from ckptgui.analysis import kernels

        places = self.places()
        counts = np.zeros(places[-1], np.uint32)
        keys = keys_of(self.space, chunk.values)
        kernels.count_ranges(keys, self.lows, self.highs, self.shifts, places, counts)
        return counts

    def merge(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Two neighbours as one."""
        total = left if left.dtype == np.int64 else left.astype(np.int64)
        total += right
        return total

    def finish(self, whole: np.ndarray) -> Ranges:
        """The pieces that hold something."""
        places, shifts = self.places(), self.shifts
        hit = np.flatnonzero(whole)
        target = np.searchsorted(places, hit, side="right") - 1
        lows = self.lows[target] + ((hit - places[target]) << shifts[target])
        width = (np.int64(1) << shifts[target]) - 1
        highs = np.minimum(self.highs[target] - width, lows) + width
        return Ranges(lows, highs, whole[hit].astype(np.int64))


def spread_of(
    found: Found, times: int, exact: bool, again: Callable[[RefinementPass], Ranges]
) -> Distribution | None:
    """The distribution behind a first reading; the tensor is read ``again`` where that one was too coarse.

    Each time spans get 2**16 times finer, so it ends.
    """
    if found.points is not None:
        values, counts = found.points
        return Distribution(values, values, counts, times) if values.size else None
    ranges = found.ranges
    if ranges is None or not ranges.counts.size:
        return None
    while (closer := for_pictures(ranges, found.space)) is not None:
        ranges = replaced(ranges, again(closer), closer)
    while (closer := for_quantiles(ranges, found.space, times, exact)) is not None:
        ranges = replaced(ranges, again(closer), closer)
    return distribution_of(ranges, found.space, times)


def replaced(ranges: Ranges, finer: Ranges, targets: RefinementPass) -> Ranges:
    """``ranges`` with what lies in the targets told by ``finer``."""
    target = np.searchsorted(targets.lows, ranges.lows, side="right") - 1
    outside = (target < 0) | (ranges.lows > targets.highs[np.maximum(target, 0)])
    lows = np.concatenate([ranges.lows[outside], finer.lows])
    order = np.argsort(lows)
    return Ranges(
        lows[order],
        np.concatenate([ranges.highs[outside], finer.highs])[order],
        np.concatenate([ranges.counts[outside], finer.counts])[order],
    )


def distribution_of(ranges: Ranges, space: Space, times: int) -> Distribution:
    """The spans of values that ranges of keys stand for."""
    lows, highs = values_of(space, ranges.lows), values_of(space, ranges.highs)
    spread = Distribution(lows, highs, ranges.counts, times, exact=False)
    spans = _quantile_spans(ranges, times)
    exact = bool((ranges.lows[spans] == ranges.highs[spans]).all())
    return Distribution(lows, highs, ranges.counts, times, exact=True) if exact else spread


def for_pictures(ranges: Ranges, space: Space) -> RefinementPass | None:
    """Where the middle 99.8 % of the values live in few spans, those spans as targets."""
    spread = Distribution(values_of(space, ranges.lows), values_of(space, ranges.highs), ranges.counts)
    low, high = spread.bounds(0.998)
    shown = (spread.highs >= low) & (spread.lows <= high) & (ranges.lows < ranges.highs)
    with np.errstate(over="ignore"):
        coarse = np.flatnonzero(shown & (spread.highs - spread.lows > (high - low) * COARSE * 1.01))
    if not coarse.size:
        return None
    lows, highs = ranges.lows[coarse], ranges.highs[coarse]
    # Neighbours become one target, so that the loop over values has few to choose from.
    apart = np.flatnonzero(lows[1:].astype(float) - highs[:-1] > 64.0 * (highs[:-1].astype(float) - lows[:-1]))
    return RefinementPass(space, lows[np.concatenate([[0], apart + 1])], highs[np.concatenate([apart, [-1]])])


def for_quantiles(ranges: Ranges, space: Space, times: int, exact: bool) -> RefinementPass | None:
    """The spans that decide the usual quantiles and are too wide for them, as targets."""
    spans = _quantile_spans(ranges, times)
    lows, highs = ranges.lows[spans], ranges.highs[spans]
    wide = lows < highs
    if not exact:
        first, last = values_of(space, lows), values_of(space, highs)
        wide &= last - first > COARSE * np.minimum(np.abs(first), np.abs(last))
    return RefinementPass(space, lows[wide], highs[wide]) if wide.any() else None


def _quantile_spans(ranges: Ranges, times: int) -> np.ndarray:
    """The spans that hold the order statistics beside each of the usual quantiles, once each."""
    after = np.cumsum(ranges.counts)
    last = int(after[-1]) * times - 1
    ranks = _distinct(min(last, int(q * last) + by) // times for q in QUANTILES for by in (0, 1))
    return np.unique(np.searchsorted(after, ranks, side="right"))


def _distinct(ranks: Iterable[int]) -> np.ndarray:
    return np.array(sorted(set(ranks)), np.int64)
