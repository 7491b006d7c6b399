"""First reading of few elements: kept and sorted, which makes everything exact, without compiled code."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.found import NONE, Extreme, Found, Special, Specials, higher, lower, number
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.sums import sums_of
from ckptgui.core.dtypes import DType, Kind

Kept = tuple[np.ndarray, Specials, Extreme | None, Extreme | None]
"""Values with what is not finite among them, and their extremes."""


@dataclass(frozen=True)
class SmallPass:
    """Keeps every value, floats as float64; for tensors of a bounded number of elements only."""

    dtype: DType

    def of(self, chunk: Chunk) -> list[Kept]:
        """Fold one chunk."""
        values = self._numbers(chunk.values)
        finite = np.isfinite(values)
        if not finite.any():
            return [(values, _specials(chunk, values), None, None)]
        whole = bool(finite.all())
        at_low = int(np.argmin(values if whole else np.where(finite, values, np.inf)))
        at_high = int(np.argmax(values if whole else np.where(finite, values, -np.inf)))
        low, high = (
            (number(values[at], self.dtype), chunk.rank_of(at, lambda at=at: values == values[at]))  # type: ignore[misc]
            for at in (at_low, at_high)
        )
        return [(values, Specials() if whole else _specials(chunk, values), low, high)]

    def _numbers(self, stored: np.ndarray) -> np.ndarray:
        if self.dtype.kind is Kind.BOOL:
            return np.asarray(stored.view(np.uint8) != 0).view(np.uint8)
        if self.dtype.kind in (Kind.SIGNED, Kind.UNSIGNED):  # beyond 2**53 float64 takes neighbours for equal
            return stored.copy()
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            values: np.ndarray = stored.astype(np.float64)
        return values

    def merge(self, left: list[Kept], right: list[Kept]) -> list[Kept]:
        """Two neighbours as one."""
        return left + right

    def finish(self, whole: list[Kept]) -> Found:
        """What was found."""
        values = np.concatenate([part for part, _, _, _ in whole])
        points, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        specials = functools.reduce(Specials.plus, (specials for _, specials, _, _ in whole))
        low = functools.reduce(lower, (low for _, _, low, _ in whole))
        high = functools.reduce(higher, (high for _, _, _, high in whole))
        return found_of_points(points, counts, specials, low, high)


def found_of_points(
    points: np.ndarray, counts: np.ndarray, specials: Specials, low: Extreme | None, high: Extreme | None
) -> Found:
    """What finite values (rising, each once) and how often they stand there tell, with the places."""
    zeros = int(counts[points == 0].sum())
    return Found(sums_of(points, counts), specials, zeros, low, high, points=(points.astype(np.float64), counts))


def _specials(chunk: Chunk, values: np.ndarray) -> Specials:
    return Specials(*(_special(chunk, mask) for mask in (np.isnan(values), values == np.inf, values == -np.inf)))


def _special(chunk: Chunk, mask: np.ndarray) -> Special:
    count = int(mask.sum())
    return (count, chunk.rank_of(int(np.argmax(mask)), lambda: mask)) if count else NONE
