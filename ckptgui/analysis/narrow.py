"""First reading of types of 16 bits and fewer: the counts of every bit pattern tell all but the places."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np

from ckptgui.analysis.found import NONE, Extreme, Found, Specials, higher, lower, number
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.sums import sums_of
from ckptgui.analysis.tally import Tally
from ckptgui.core.dtypes import DType, Kind


@dataclass(frozen=True, slots=True)
class Places:
    """Where the first of the extremes and of what is not finite stand in some chunks."""

    low: Extreme | None
    high: Extreme | None
    specials: Specials


class NarrowPass:
    """Counts bit patterns; everything else follows from ``code_values``. One object a reading."""

    def __init__(self, dtype: DType) -> None:
        """``dtype`` is a float, an integer or bool."""
        self.dtype = dtype
        self._tally = Tally(1 << dtype.bits, copies=4)

    def of(self, chunk: Chunk) -> Places:
        """Fold one chunk."""
        codes = chunk.values.view(f"u{chunk.values.itemsize}")
        found = np.zeros(6, np.int64)
        with self._tally.table(codes.size) as table:
            at_low, at_high = self._count(codes, table, found)
        specials = [
            (count, chunk.rank_of(place, lambda alike=alike: alike[codes])) if count else NONE  # type: ignore[misc]
            for count, place, alike in zip(found[:3].tolist(), found[3:].tolist(), special_codes(self.dtype))
        ]
        return Places(
            self._extreme(chunk, codes, at_low), self._extreme(chunk, codes, at_high), Specials(*specials)
        )

    def _count(self, codes: np.ndarray, table: np.ndarray, found: np.ndarray) -> tuple[int, int]:
        """Count ``codes``; where the least and greatest stand first, and in ``found`` what is not finite."""
        from ckptgui.analysis import kernels

        if self.dtype.bits == 16 and self.dtype.kind is Kind.FLOAT:
            infinite = int(np.flatnonzero(special_codes(self.dtype)[1])[0])
            return cast(tuple[int, int], kernels.fold_halves(codes, codes.view(np.int16), infinite, table, found))
        if self.dtype.bits == 16:
            kernels.count_codes(codes, table)
            numbers = codes.view(self.dtype.array)
            return int(np.argmin(numbers)), int(np.argmax(numbers))
        here = np.zeros((4, 256), np.uint32)
        kernels.count_codes(codes, here)
        here = here.sum(axis=0, dtype=np.uint32)
        table[0] += here
        for kind, alike in enumerate(special_codes(self.dtype)):
            present = np.flatnonzero(alike & (here > 0))
            if present.size:
                found[kind], found[3 + kind] = here[present].sum(), _first(codes, present)
        values, finite = code_values(self.dtype), finite_codes(self.dtype)
        finite = finite[here[finite] > 0]
        if not finite.size:
            return -1, -1
        ends = (finite[values[finite] == values[end]] for end in (finite[0], finite[-1]))  # two codes of zero
        least, most = (_first(codes, end) for end in ends)
        return least, most

    def _extreme(self, chunk: Chunk, codes: np.ndarray, place: int) -> Extreme | None:
        if place < 0:
            return None
        values = code_values(self.dtype)
        value = values[codes[place]]
        return number(value, self.dtype), chunk.rank_of(place, lambda: (values == value)[codes])

    def merge(self, left: Places, right: Places) -> Places:
        """Two neighbours as one."""
        return Places(
            lower(left.low, right.low), higher(left.high, right.high), left.specials.plus(right.specials)
        )

    def finish(self, whole: Places) -> Found:
        """What was found."""
        return found_of(self.dtype, self._tally.total(), whole)


def found_of(dtype: DType, counts: np.ndarray, whole: Places) -> Found:
    """What the counts of every bit pattern (int64) tell, with the places."""
    ranks = np.sort(_ranks(dtype)[np.flatnonzero(counts != 0)])  # of truth values, for speed
    codes = finite_codes(dtype)[ranks[ranks >= 0]]
    points = code_values(dtype)[codes]
    starts = np.flatnonzero(np.diff(points, prepend=np.nan) != 0)  # both zeros are one point
    tally = np.add.reduceat(counts[codes], starts) if codes.size else counts[codes]
    points = points[starts]
    zeros = int(tally[points == 0].sum())
    sums = sums_of(points, tally)
    return Found(sums, whole.specials, zeros, whole.low, whole.high, points=(points, tally))


def _first(codes: np.ndarray, wanted: np.ndarray) -> int:
    """Where the first of some codes stands that are all there."""
    from ckptgui.analysis import kernels

    return int(kernels.first_of(codes, wanted.astype(codes.dtype)).min())


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
def special_codes(dtype: DType) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which bit patterns are NaN, inf and -inf (bool each)."""
    values = code_values(dtype)
    return np.isnan(values), values == np.inf, values == -np.inf


@lru_cache(maxsize=32)
def finite_codes(dtype: DType) -> np.ndarray:
    """The bit patterns of finite values, by rising value."""
    values = code_values(dtype)
    order = np.argsort(values, kind="stable")
    finite: np.ndarray = order[np.isfinite(values[order])]
    return finite


@lru_cache(maxsize=32)
def _ranks(dtype: DType) -> np.ndarray:
    """Where each bit pattern stands in ``finite_codes``; -1 for those that are not there."""
    codes = finite_codes(dtype)
    ranks = np.full(1 << dtype.bits, -1, np.int64)
    ranks[codes] = np.arange(codes.size)
    return ranks
