"""The first reading of integers of 32 and 64 bits on a device: exact sums, counts by the leading eight bits."""

from __future__ import annotations

import torch

from ckptgui.analysis.found import Extreme, Found, Specials
from ckptgui.analysis.keys import INTEGER_CODES
from ckptgui.analysis.wide import Partial, integer_sums, integers_found
from ckptgui.core.dtypes import DType, Kind
from ckptgui.device.inside.counting import LOWEST, counts_by, keys_of
from ckptgui.device.inside.first_places import SmallKeys, ends_of
from ckptgui.device.inside.stored import Piece
from ckptgui.engine.summarise import space_of

_HALF = 0xFFFFFFFF


class Integers:
    """Integers of 32 and 64 bits, in 64; unsigned ones of 64 as the bits that they are."""

    def __init__(self, dtype: DType, small: bool, device: torch.device) -> None:
        self._dtype, self._space = dtype, space_of(dtype)
        self._shift = LOWEST if self._space == "uint64" else 0  # from a value to its key
        self._small = SmallKeys(self._space) if small else None
        self._counts = torch.zeros(0 if small else 2 * INTEGER_CODES, dtype=torch.int64, device=device)
        self._whole = Partial(0, Specials(), 0, 0, None, None)

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        keys = keys_of(self._space, piece.bits, self._dtype)
        sizes, minus = keys, None
        if self._space == "uint64":
            sizes = piece.bits
        elif self._dtype.kind is Kind.SIGNED:
            minus = keys < 0
            sizes = torch.where(minus, -keys, keys)  # of the lowest, 2**63 as the bits that it is
        parts = _halves_summed(sizes, minus, wide=self._dtype.bits == 64)
        told = torch.stack([keys.min(), keys.max(), (sizes == 0).sum(), *parts]).tolist()
        known = (_moved(end, self._shift) for end in (self._whole.low, self._whole.high))
        low, high = (_moved(end, -self._shift) for end in ends_of(piece, keys, told[0], told[1], *known))
        sums = integer_sums(keys.numel(), told[3:])
        self._whole.add(Partial(keys.numel(), Specials(), told[2], 0, low, high, sums=sums))
        if self._small is not None:
            self._small.add(keys)
            return
        codes = _integer_codes(sizes)
        if minus is not None:
            codes += minus * INTEGER_CODES
        self._counts += counts_by(codes, 2 * INTEGER_CODES)

    def finish(self) -> Found:
        """What was found."""
        if self._small is not None:
            return self._small.found(Specials(), self._whole.low, self._whole.high)
        return integers_found(self._space, self._counts.cpu().numpy(), self._whole)


def _moved(end: Extreme | None, by: int) -> Extreme | None:
    return None if end is None else (int(end[0]) + by, end[1])


def _halves_summed(sizes: torch.Tensor, minus: torch.Tensor | None, wide: bool) -> list[torch.Tensor]:
    """What ``integer_sums`` makes sums of: magnitudes, negative ones', and products of halves, each cut in two."""
    nothing = torch.zeros((), dtype=torch.int64, device=sizes.device)

    def apart(numbers: torch.Tensor) -> list[torch.Tensor]:
        return [(numbers & _HALF).sum(), ((numbers >> 32) & _HALF).sum()]

    parts = apart(sizes)
    parts += [nothing, nothing] if minus is None else apart(sizes * minus)
    low = sizes & _HALF
    parts += apart(low * low)
    if not wide:
        return parts + [nothing] * 4
    high = (sizes >> 32) & _HALF
    return parts + apart(low * high) + apart(high * high)


def _integer_codes(sizes: torch.Tensor) -> torch.Tensor:
    """The leading eight bits with the octave that they stand in (``analysis.keys``); bits are unsigned."""
    beyond = sizes < 0
    rest = torch.where(beyond, (sizes >> 1) & (1 << 63) - 1, sizes)
    octave = torch.zeros_like(rest)
    for step in (32, 16, 8, 4, 2, 1):
        longer = rest >= 128 << step
        octave += longer * step
        rest = torch.where(longer, rest >> step, rest)
    return (octave + beyond) * 128 + rest
