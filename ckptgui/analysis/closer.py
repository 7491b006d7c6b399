"""Which spans of a distribution are too coarse for the part of it that someone looks at."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale, places_on
from ckptgui.analysis.keys import Ranges, Space, keys_at
from ckptgui.analysis.refinement import RefinementPass

VIEW_STEPS = 2048
"""A span is fine when it takes no more than this part of the view: half a bar of a thousand."""

VIEW_BITS = 13
"""A target is cut into 2**12 to 2**13 even pieces; it is at most one octave, so they are even as values too."""


def ranges_of(distribution: Distribution, space: Space) -> Ranges:
    """The ranges of keys behind a distribution's spans.

    Ends of integers beyond 2**53 are those of float64; the outermost are moved out until no value is lost.
    """
    lows, highs = keys_at(space, distribution.lows), keys_at(space, distribution.highs)
    if space in ("int", "uint64") and lows.size:
        lows[0] = keys_at(space, _outward(distribution.lows[:1], -np.inf))[0]
        highs[-1] = keys_at(space, _outward(distribution.highs[-1:], np.inf))[0]
        highs[:-1] = np.maximum(np.minimum(highs[:-1], lows[1:] - 1), lows[:-1])
    return Ranges(lows, highs, distribution.counts)


def _outward(values: np.ndarray, end: float) -> np.ndarray:
    moved: np.ndarray = np.where(np.abs(values) < 2.0**53, values, np.nextafter(values, end))
    return moved


def for_view(
    distribution: Distribution, space: Space, low: float, high: float, scale: Scale
) -> tuple[Ranges, RefinementPass] | None:
    """The distribution as keys, and its spans that are too wide for a view as targets; None where none is."""
    lows, highs = distribution.lows, distribution.highs
    inside = np.flatnonzero((highs >= low) & (lows <= high) & (lows < highs))
    ends = np.concatenate([[low, high], lows[inside], highs[inside]])
    places = places_on(scale, ends, distribution.threshold)
    with np.errstate(over="ignore", invalid="ignore"):
        widths = places[2 + inside.size :] - places[2 : 2 + inside.size]
        coarse = inside[widths / 2 > (places[1] / 2 - places[0] / 2) / VIEW_STEPS]
    if not coarse.size:
        return None
    ranges = ranges_of(distribution, space)
    starts, ends = _runs(ranges, coarse)
    edges = keys_at(space, np.array([low, high]))
    after = min(int(edges[1]), np.iinfo(np.int64).max - 1) + 1
    octaves = keys_at(space, _octaves(lows[coarse], highs[coarse]))
    return ranges, RefinementPass(space, *cut_at(starts, ends, np.array([edges[0], after, *octaves])), VIEW_BITS)


def _runs(ranges: Ranges, coarse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last keys of stretches of neighbours, so that the loop over values has few to choose from."""
    lows, highs = ranges.lows[coarse], ranges.highs[coarse]
    gaps, widths = lows[1:].astype(float) - highs[:-1], highs[:-1].astype(float) - lows[:-1]
    apart = np.flatnonzero((np.diff(coarse) > 1) | (gaps > 64.0 * widths) | ((highs[:-1] < 0) & (lows[1:] > 0)))
    return lows[np.concatenate([[0], apart + 1])], highs[np.concatenate([apart, [-1]])]


def _octaves(lows: np.ndarray, highs: np.ndarray) -> np.ndarray:
    """Powers of two, of either sign, among the values."""
    exponents = np.unique(np.frexp(np.concatenate([lows, highs]))[1])
    powers = np.ldexp(1.0, exponents - 1)
    return np.concatenate([-powers, powers])


def cut_at(starts: np.ndarray, ends: np.ndarray, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The stretches of keys, parted before each of the keys ``cuts``."""
    run = np.searchsorted(starts, cuts, side="right") - 1
    within = cuts[(run >= 0) & (cuts > starts[run]) & (cuts <= ends[run])]
    lows = np.unique(np.concatenate([starts, within]))
    after = np.append(lows[1:], np.iinfo(np.int64).max)
    highs = np.minimum(ends[np.searchsorted(starts, lows, side="right") - 1], after - 1)
    return lows, highs
