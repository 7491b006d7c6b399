"""The first reading of float32 and float64 on a device: exact sums, and counts by the bits that lead a value."""

from __future__ import annotations

import numpy as np
import torch

from ckptgui.analysis.found import Extreme, Found, Specials
from ckptgui.analysis.keys import values_of
from ckptgui.analysis.wide import Partial, floats_found
from ckptgui.core.dtypes import DType
from ckptgui.device.inside.exact_sums import DOUBLE, SINGLE, FloatSums
from ckptgui.device.inside.first_places import SmallKeys, ends_of, special_of
from ckptgui.device.inside.stored import Piece
from ckptgui.engine.summarise import space_of


class Floats:
    """float32 and float64."""

    def __init__(self, dtype: DType, small: bool, device: torch.device) -> None:
        self._dtype, self._space = dtype, space_of(dtype)
        width = SINGLE if dtype.bits == 32 else DOUBLE
        self._infinite = ((1 << width.bits - 1 - width.mantissa) - 1) << width.mantissa
        self._most = (1 << width.bits - 1) - 1
        self._small = SmallKeys(self._space) if small else None
        self._sums = None if small else FloatSums(width, device)
        self._whole = Partial(0, Specials(), 0, 0, None, None)

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        bits, most, infinite = piece.bits, self._most, self._infinite
        magnitude = bits & most
        finite = magnitude < infinite
        keys = torch.where(bits < 0, -magnitude, magnitude)
        told = (
            (magnitude > infinite).sum(),
            (bits == infinite).sum(),
            (bits == infinite - most - 1).sum(),
            (magnitude == 0).sum(),
            (bits == -most - 1).sum(),
            torch.where(finite, keys, most).min().long(),
            torch.where(finite, keys, -most).max().long(),
        )
        nan, posinf, neginf, zeros, negative_zeros, low, high = torch.stack(told).tolist()
        known = self._whole.specials
        specials = Specials(
            special_of(piece, nan, known.nan, lambda: magnitude > infinite),
            special_of(piece, posinf, known.posinf, lambda: bits == infinite),
            special_of(piece, neginf, known.neginf, lambda: bits == infinite - most - 1),
        )
        least, greatest = None, None
        if specials.count < bits.numel():
            least, greatest = ends_of(piece, keys, low, high, self._whole.low, self._whole.high)
        self._whole.add(Partial(bits.numel(), specials, zeros, negative_zeros, least, greatest))
        if self._small is not None:
            self._small.add(keys[finite])
        if self._sums is not None:
            self._sums.add(bits)

    def finish(self) -> Found:
        """What was found."""
        whole = self._whole
        if self._small is not None:
            return self._small.found(whole.specials, self._number(whole.low), self._number(whole.high))
        assert self._sums is not None
        counts, whole.sums = self._sums.finish()
        return floats_found(self._space, counts, whole)

    def _number(self, end: Extreme | None) -> Extreme | None:
        """An extreme by value."""
        if end is None:
            return None
        return values_of(self._space, np.array([end[0]], np.int64)).item() + 0.0, end[1]
