"""First reading of types of 16 bits and fewer: the counts of every bit pattern tell all but the places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ckptgui.analysis.found import Extreme, Found, Partial, moments_of, number
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.statistics import Moments
from ckptgui.core.dtypes import DType, Kind


@dataclass(frozen=True)
class NarrowPass:
    """Counts bit patterns; everything else follows from ``code_values``."""

    dtype: DType

    def of(self, chunk: Chunk) -> Partial:
        """Fold one chunk."""
        from ckptgui.analysis import kernels

        codes = chunk.values.view(f"u{chunk.values.itemsize}")
        table = np.zeros((4, 1 << self.dtype.bits), np.uint32)
        kernels.count_codes(codes, table)
        counts = table[0].copy()
        values = code_values(self.dtype)
        present = finite_codes(self.dtype)
        present = present[counts[present] > 0]
        low = high = None
        if present.size:
            low = self._first(chunk, codes, values, present, present[0])
            high = self._first(chunk, codes, values, present, present[-1])
        return Partial(Moments(), 0, 0, 0, 0, 0, low, high, counts)

    def _first(
        self, chunk: Chunk, codes: np.ndarray, values: np.ndarray, present: np.ndarray, code: int
    ) -> Extreme:
        from ckptgui.analysis import kernels

        equal = present[values[present] == values[code]].astype(codes.dtype)  # two: 0.0 and -0.0
        position = int(kernels.first_of(codes, equal).min())
        return float(values[code]), chunk.first_rank(position)

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
        """What was found."""
        values, counts = code_values(self.dtype), whole.counts
        codes = finite_codes(self.dtype)
        codes = codes[counts[codes] > 0]
        points, inverse = np.unique(values[codes], return_inverse=True)
        tally = np.zeros(points.size, np.int64)
        np.add.at(tally, inverse, counts[codes].astype(np.int64))
        return Found(
            moments=moments_of(points, tally),
            nan=int(counts[np.isnan(values)].sum()),
            posinf=int(counts[values == np.inf].sum()),
            neginf=int(counts[values == -np.inf].sum()),
            zeros=int(counts[values == 0].sum()),
            low=self._exact(whole.low),
            high=self._exact(whole.high),
            points=(points, tally),
        )

    def _exact(self, extreme: Extreme | None) -> Extreme | None:
        return extreme if extreme is None else (number(extreme[0], self.dtype), extreme[1])


@lru_cache(maxsize=32)
def code_values(dtype: DType) -> np.ndarray:
    """The value of every bit pattern of a narrow type, as float64."""
    patterns = np.arange(1 << dtype.bits, dtype=np.uint32).astype(f"u{dtype.itemsize}")
    if dtype.kind is Kind.BOOL:
        patterns = (patterns != 0).view(np.uint8)
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        values: np.ndarray = patterns.view(dtype.array).astype(np.float64)
    return values


@lru_cache(maxsize=32)
def finite_codes(dtype: DType) -> np.ndarray:
    """The bit patterns of finite values, by rising value."""
    values = code_values(dtype)
    order = np.argsort(values, kind="stable")
    finite: np.ndarray = order[np.isfinite(values[order])]
    return finite
