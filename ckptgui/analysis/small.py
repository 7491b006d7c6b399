"""First reading of few elements: kept and sorted, which makes everything exact, without compiled code."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.found import Extreme, Found, higher, lower, moments_of, number
from ckptgui.analysis.reduction import Chunk
from ckptgui.core.dtypes import DType, Kind

Kept = tuple[np.ndarray, Extreme | None, Extreme | None]
"""Values as float64 with their extremes."""


@dataclass(frozen=True)
class SmallPass:
    """Keeps every value as float64; for tensors of a bounded number of elements only."""

    dtype: DType

    def of(self, chunk: Chunk) -> list[Kept]:
        """Fold one chunk."""
        stored = chunk.values.view(np.uint8) != 0 if self.dtype.kind is Kind.BOOL else chunk.values
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            values = stored.astype(np.float64)
        low = high = None
        finite = np.isfinite(values)
        if finite.any():
            # Integers are compared as such: beyond 2**53 float64 takes neighbours for equal.
            plain = chunk.values if self.dtype.kind in (Kind.SIGNED, Kind.UNSIGNED) else values
            at_low = int(np.argmin(plain if finite.all() else np.where(finite, values, np.inf)))
            at_high = int(np.argmax(plain if finite.all() else np.where(finite, values, -np.inf)))
            low = number(plain[at_low], self.dtype), chunk.first_rank(at_low)
            high = number(plain[at_high], self.dtype), chunk.first_rank(at_high)
        return [(values, low, high)]

    def merge(self, left: list[Kept], right: list[Kept]) -> list[Kept]:
        """Two neighbours as one."""
        return left + right

    def finish(self, whole: list[Kept]) -> Found:
        """What was found."""
        values = np.concatenate([part for part, _, _ in whole])
        points, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        return Found(
            moments=moments_of(points, counts),
            nan=int(np.isnan(values).sum()),
            posinf=int((values == np.inf).sum()),
            neginf=int((values == -np.inf).sum()),
            zeros=int((values == 0).sum()),
            low=functools.reduce(lower, (low for _, low, _ in whole)),
            high=functools.reduce(higher, (high for _, _, high in whole)),
            points=(points, counts),
        )
