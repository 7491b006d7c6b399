"""Bars over a range of values, evenly wide on a linear, a logarithmic or a symmetric-log axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Scale = Literal["linear", "symlog", "log"]
"""What an axis is even in: the values, their logarithm (of positive ones only), or the one beyond a threshold."""


@dataclass(frozen=True)
class Histogram:
    """``counts[i]`` values lie in ``edges[i]`` to ``edges[i + 1]``, the right end belonging to the last bar.

    Counts are float64: where a group of values straddles an edge it is split in proportion. On a
    symmetric-log axis values below ``threshold`` are spread linearly.
    """

    edges: np.ndarray
    counts: np.ndarray
    scale: Scale = "linear"
    threshold: float = 0.0

    @property
    def total(self) -> float:
        """Values in all bars."""
        return float(self.counts.sum())


def linear_edges(low: float, high: float, bins: int) -> np.ndarray:
    """``bins + 1`` even edges; written so that the distance of the ends need not fit float64."""
    t = np.linspace(0.0, 1.0, bins + 1)
    return _rising(low * (1.0 - t) + high * t, low, high)


def symlog_edges(low: float, high: float, bins: int, threshold: float) -> np.ndarray:
    """``bins + 1`` edges that are even on an axis linear within ``threshold`` and logarithmic beyond."""
    positions = linear_edges(float(to_symlog(low, threshold)), float(to_symlog(high, threshold)), bins)
    return _rising(from_symlog(positions, threshold), low, high)


def log_edges(low: float, high: float, bins: int) -> np.ndarray:
    """``bins + 1`` edges that are even in their logarithm, from ``low`` (positive) on."""
    with np.errstate(over="ignore"):  # beside the largest number a power rounds to infinity
        edges: np.ndarray = 10.0 ** linear_edges(float(np.log10(low)), float(np.log10(high)), bins)
    return _rising(edges, low, high)


def _rising(edges: np.ndarray, low: float, high: float) -> np.ndarray:
    """The edges with what rounding did to their ends and their order undone."""
    edges[0], edges[-1] = low, high
    rising: np.ndarray = np.maximum.accumulate(np.clip(edges, low, high))
    return rising


def places_on(scale: Scale, values: np.ndarray, threshold: float) -> np.ndarray:
    """Where values stand on an axis; what a logarithmic one does not have is at -inf."""
    if scale == "symlog":
        return to_symlog(values, threshold)
    if scale == "log":
        with np.errstate(divide="ignore"):
            logs: np.ndarray = np.log10(np.maximum(values, 0.0))
        return logs
    return values


def to_symlog(values: np.ndarray | float, threshold: float) -> np.ndarray:
    """Places on the symmetric-log axis: ``sign(x) * log10(1 + |x| / threshold)``."""
    values = np.asarray(values, np.float64)
    with np.errstate(over="ignore"):
        ratio = np.abs(values) / threshold
    wide = np.log10(np.maximum(np.abs(values), threshold)) - np.log10(threshold)
    places: np.ndarray = np.sign(values) * np.where(np.isfinite(ratio), np.log1p(ratio) / np.log(10.0), wide)
    return places


def from_symlog(places: np.ndarray, threshold: float) -> np.ndarray:
    """The values at some places of the symmetric-log axis."""
    with np.errstate(over="ignore"):
        near = np.expm1(np.abs(places) * np.log(10.0)) * threshold
        far = 10.0 ** (np.abs(places) + np.log10(threshold))
        sizes = np.minimum(np.where(np.isfinite(near), near, far), np.finfo(np.float64).max)
        values: np.ndarray = np.sign(places) * sizes
    return values
