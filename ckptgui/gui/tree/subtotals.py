"""What a module's tensors come to together: mean and spread exactly, the distribution weighted by elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckptgui.core.tree.build import Tree

MOST_TENSORS = 32
MOST_BYTES = 64 * 2**20
"""A branch up to this size is worth reading for a row; larger ones wait until their tensors are known."""

_COVERAGE = 0.998
_FINE = 1024


@dataclass(frozen=True, slots=True)
class Subtotal:
    """One branch's figures; ``std`` is None where no tensor has one."""

    mean: float | None
    std: float | None
    sparkline: bytes
    alarms: tuple[int, int]  # NaN, infinite


def rows_below(tree: Tree, node: int) -> list[int]:
    """The tensors of a branch that is small enough to be summed up; none for larger ones."""
    if tree.row[node] >= 0 or not 0 < tree.tensors[node] <= MOST_TENSORS or tree.nbytes[node] > MOST_BYTES:
        return []
    rows = tree.row[node : tree.end[node]]
    return [row for row in rows[rows >= 0].tolist() if not tree.repeated[row]]


def subtotal(summaries: Sequence[Any], bins: int) -> Subtotal:
    """Join the summaries of a branch's tensors."""
    alarms = [(s.statistics.nan or 0, s.statistics.inf or 0) for s in summaries]
    parts = [s for s in summaries if s.distribution is not None and s.statistics.std is not None]
    parts = [s for s in parts if s.distribution.total]
    mean, std = _moments(parts)
    return Subtotal(mean, std, _joined(parts, bins), (sum(a for a, _ in alarms), sum(b for _, b in alarms)))


def _moments(parts: Sequence[Any]) -> tuple[float | None, float | None]:
    """Mean and population standard deviation of all elements from those of the parts."""
    total = sum(part.distribution.total for part in parts)
    if not total:
        return None, None
    mean = math.fsum(part.distribution.total * (part.statistics.mean / total) for part in parts)
    squares = [_squared(part.statistics.std) + _squared(part.statistics.mean - mean) for part in parts]
    return mean, math.sqrt(math.fsum(p.distribution.total / total * square for p, square in zip(parts, squares)))


def _squared(value: float) -> float:
    """Infinite where ``value ** 2`` would raise OverflowError."""
    return value * value


def _joined(parts: Sequence[Any], bins: int) -> bytes:
    if not parts:
        return b""
    bounds = [part.distribution.bounds(_COVERAGE) for part in parts]
    low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    if low < high:  # a norm's weights near 1 must not squeeze a million weights near 0
        low, high = _middle(_counts(parts, _FINE, low, high), low, high)
    if not low < high:
        return bytes(parts[0].distribution.sparkline(bins))
    counts = _counts(parts, bins, low, high)
    tallest = counts.max()
    return np.ceil(counts * (255.0 / tallest)).clip(0, 255).astype(np.uint8).tobytes() if tallest else bytes(bins)


def _counts(parts: Sequence[Any], bins: int, low: float, high: float) -> np.ndarray:
    return np.asarray(np.sum([p.distribution.histogram(bins, "linear", low, high).counts for p in parts], axis=0))


def _middle(counts: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The part of a range that holds the middle ``_COVERAGE`` of what was counted in it."""
    after = np.cumsum(counts)
    tail = after[-1] * (1 - _COVERAGE) / 2
    first, last = np.searchsorted(after, tail, side="right"), np.searchsorted(after, after[-1] - tail)
    step = (high - low) / len(counts)
    return low + step * float(first), low + step * float(min(last + 1, len(counts)))
