"""The first reading of types of 16 bits and fewer on a device: the counts of every bit pattern."""

from __future__ import annotations

import numpy as np
import torch

from ckptgui.analysis.found import Found, Specials, higher, lower, number
from ckptgui.analysis.narrow import Places, code_values, finite_codes, found_of, special_codes
from ckptgui.analysis.small import found_of_points
from ckptgui.core.dtypes import DType, Kind
from ckptgui.device.inside.counting import counts_by
from ckptgui.device.inside.first_places import may_be_first, special_of
from ckptgui.device.inside.stored import Piece


class NarrowCodes:
    """Types of 16 bits and fewer: the counts of every bit pattern."""

    def __init__(self, dtype: DType, small: bool) -> None:
        self._dtype, self._is_small = dtype, small
        self._counts = np.zeros(1 << dtype.bits, np.int64)
        self._places = Places(None, None, Specials())

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        dtype, known = self._dtype, self._places
        codes = piece.bits.long() & (1 << dtype.bits) - 1
        here = counts_by(codes, 1 << dtype.bits).cpu().numpy()
        self._counts += here

        def of(table: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(table).to(codes.device)[codes]

        kinds = zip(special_codes(dtype), (known.specials.nan, known.specials.posinf, known.specials.neginf))
        specials = Specials(
            *(special_of(piece, int(here[alike].sum()), before, lambda a=alike: of(a)) for alike, before in kinds)  # type: ignore[misc]
        )
        finite, values = finite_codes(dtype), code_values(dtype)
        finite = finite[here[finite] > 0]
        low, high = known.low, known.high
        if finite.size:
            least, most = (number(values[code], dtype) for code in (finite[0], finite[-1]))
            if low is None or may_be_first(piece, least < low[0], least == low[0]):
                low = lower(low, (least, piece.first(of(values == least))))
            if high is None or may_be_first(piece, most > high[0], most == high[0]):
                high = higher(high, (most, piece.first(of(values == most))))
        self._places = Places(low, high, known.specials.plus(specials))

    def finish(self) -> Found:
        """What was found."""
        places = self._places
        if not self._is_small:
            return found_of(self._dtype, self._counts, places)
        codes = np.flatnonzero(self._counts)
        numbers = _numbers(self._dtype, codes)
        finite = np.isfinite(numbers)
        points, inverse = np.unique(numbers[finite], return_inverse=True)
        counts = np.bincount(inverse, self._counts[codes][finite], points.size).astype(np.int64)
        return found_of_points(points, counts, places.specials, places.low, places.high)


def _numbers(dtype: DType, codes: np.ndarray) -> np.ndarray:
    """What bit patterns stand for: integers where they are, else float64."""
    if dtype.kind in (Kind.SIGNED, Kind.UNSIGNED):
        whole: np.ndarray = codes.astype(f"u{dtype.itemsize}").view(dtype.array)
        return whole
    values: np.ndarray = code_values(dtype)[codes]
    return values.astype(np.uint8) if dtype.kind is Kind.BOOL else values
