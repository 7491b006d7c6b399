"""Where the edges of bars part spans of a distribution, and the targets of a reading that counts them exactly."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.closer import cut_at, ranges_of
from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.keys import Ranges, Space, keys_at, values_of
from ckptgui.analysis.refinement import RefinementPass


def parted(distribution: Distribution, edges: np.ndarray) -> np.ndarray:
    """How many values lie in the span that each edge parts: they may be on either side of it. 0 is exact."""
    span = _span(distribution, edges)
    inside = np.maximum(span, 0)
    lows, highs = distribution.lows[inside], distribution.highs[inside]
    torn = (span >= 0) & (lows < highs) & (highs >= edges)
    torn[-1] &= highs[-1] > edges[-1]
    values: np.ndarray = np.where(torn, distribution.counts[inside], 0) * distribution.times
    return values


def for_bars(distribution: Distribution, space: Space, edges: np.ndarray) -> tuple[Ranges, RefinementPass] | None:
    """The distribution as keys, and the spans that edges part as targets, cut there; None where there is none."""
    torn = parted(distribution, edges) > 0
    if not torn.any():
        return None
    ranges = ranges_of(distribution, space)
    spans = np.unique(_span(distribution, edges)[torn])
    lows, highs = cut_at(ranges.lows[spans], ranges.highs[spans], _first_keys(space, edges)[torn])
    return ranges, RefinementPass(space, lows, highs, bits=0)


def _span(distribution: Distribution, edges: np.ndarray) -> np.ndarray:
    """The last span that begins below each edge, -1 for none; what is on the last edge is still in its bar."""
    span: np.ndarray = np.searchsorted(distribution.lows, edges, side="left") - 1
    span[-1] = np.searchsorted(distribution.lows, edges[-1], side="right") - 1
    return span


def _first_keys(space: Space, edges: np.ndarray) -> np.ndarray:
    """The first key at or above each edge; above the last one, whose own values belong below it."""
    keys = keys_at(space, edges)
    values = values_of(space, keys)
    short = values < edges
    short[-1] = values[-1] <= edges[-1]
    return keys + short
