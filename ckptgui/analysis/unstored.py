"""The figures of a tensor of which only some elements are stored, all others being zero."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary


def with_zeros(stored: Summary, zeros: int) -> Summary:
    """``stored`` with so many more zeros; places are left out, as they are those of what is stored."""
    figures, spread = stored.statistics, stored.distribution
    finite = figures.finite
    if finite is None:  # nothing is stored, or nobody knows what it means
        if figures.count:
            return Summary(Statistics(figures.count + zeros))
        figures, finite = Statistics(0, l1=0.0, l2=0.0, zeros=0, nan=0, posinf=0, neginf=0), 0
    n = finite + zeros
    nowhere = replace(
        figures,
        count=figures.count + zeros,
        zeros=(figures.zeros or 0) + zeros,
        argmin=None,
        argmax=None,
        first_nan=None,
        first_posinf=None,
        first_neginf=None,
    )
    if not zeros or not n:
        return Summary(nowhere, spread)
    mean = (figures.mean or 0.0) * (finite / n)
    nought = 0 if figures.min is None or isinstance(figures.min, int) else 0.0
    return Summary(
        replace(
            nowhere,
            min=nought if figures.min is None else min(figures.min, nought),
            max=nought if figures.max is None else max(figures.max, nought),
            mean=mean,
            std=_std(figures, finite, zeros),
        ),
        _spread(spread, zeros),
    )


def _std(figures: Statistics, finite: int, zeros: int) -> float | None:
    """Chan's rule with a part that has no deviation."""
    if not finite:
        return 0.0
    if figures.std is None or figures.mean is None:
        return None
    n = finite + zeros
    between = abs(figures.mean) * math.sqrt(zeros / n)
    return math.hypot(figures.std, between) * math.sqrt(finite / n)


def _spread(spread: Distribution | None, zeros: int) -> Distribution:
    nought, many = np.zeros(1), np.array([zeros], np.int64)
    if spread is None:
        return Distribution(nought, nought, many)
    counts = spread.counts.astype(np.int64) * spread.times
    at = int(np.searchsorted(spread.lows, 0.0))
    if at < spread.lows.size and spread.lows[at] == spread.highs[at] == 0.0:
        counts[at] += zeros
        return Distribution(spread.lows, spread.highs, counts, exact=_exact(spread.lows, spread.highs))
    lows, highs = (np.insert(ends, at, 0.0) for ends in (spread.lows, spread.highs))
    return Distribution(lows, highs, np.insert(counts, at, zeros), exact=_exact(lows, highs))


def _exact(lows: np.ndarray, highs: np.ndarray) -> bool:
    return bool((lows == highs).all())
