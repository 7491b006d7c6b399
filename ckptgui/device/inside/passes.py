"""The first reading of a resident tensor on its device: what ``analysis`` finds of a file, found with integers.

Each pass takes pieces of stored bits and comes to the ``Found`` that the CPU's pass of the same values comes to:
counts by the same codes, extremes and first places, and sums without loss. What is made of it is the CPU's code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch

from ckptgui.analysis.found import NONE, Extreme, Found, Special, Specials, higher, lower, number
from ckptgui.analysis.keys import INTEGER_CODES, Space, values_of
from ckptgui.analysis.narrow import Places, code_values, finite_codes, found_of, special_codes
from ckptgui.analysis.small import found_of_points
from ckptgui.analysis.wide import Partial, floats_found, integer_sums, integers_found
from ckptgui.core.dtypes import DType, Kind
from ckptgui.device.inside.counting import LOWEST, counts_by, keys_of
from ckptgui.device.inside.exact_sums import DOUBLE, SINGLE, FloatSums
from ckptgui.device.inside.stored import Piece
from ckptgui.engine.summarise import space_of

_HALF = 0xFFFFFFFF


class FirstPass(Protocol):
    """A first reading. One object a tensor."""

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        ...

    def finish(self) -> Found:
        """What was found."""
        ...


def has_pass(dtype: DType) -> bool:
    """Whether elements are folded on the device: floats, integers and truth values of any width.

    The others go to the CPU: a modulus is rounded there by a function of its own, and what is packed or quantised
    is small or rare.
    """
    return dtype.kind in (Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)


def fitting(dtype: DType, small: bool, device: torch.device) -> FirstPass:
    """The pass for a dtype; of ``small`` tensors every value is kept apart."""
    if dtype.bits <= 16:
        return NarrowCodes(dtype, small)
    if dtype.kind is Kind.FLOAT:
        return Floats(dtype, small, device)
    return Integers(dtype, small, device)


class _Keys:
    """Every key of a small tensor, with how often it stands there."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._parts: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, keys: torch.Tensor) -> None:
        found, counts = torch.unique(keys, sorted=True, return_counts=True)
        self._parts.append((found.cpu().numpy(), counts.cpu().numpy()))

    def found(self, specials: Specials, low: Extreme | None, high: Extreme | None) -> Found:
        together = np.concatenate([keys for keys, _ in self._parts])
        keys, inverse = np.unique(together, return_inverse=True)
        counts = np.bincount(inverse, np.concatenate([counts for _, counts in self._parts]), keys.size)
        return found_of_points(self._points(keys), counts.astype(np.int64), specials, low, high)

    def _points(self, keys: np.ndarray) -> np.ndarray:
        if self._space == "int":
            return keys
        if self._space == "uint64":
            whole: np.ndarray = keys.view(np.uint64) ^ np.uint64(1 << 63)
            return whole
        return values_of(self._space, keys)


def _special(piece: Piece, count: int, known: Special, alike: Callable[[], torch.Tensor]) -> Special:
    """So many more of a kind; the place of the first is looked for where it is not known to stand before."""
    if not count:
        return NONE
    return count, known[1] if known[0] and piece.in_order else piece.first(alike())


def _is_first(piece: Piece, better: bool, equal: bool) -> bool:
    """Whether an extreme of this piece may stand before the one that is known."""
    return better or (equal and not piece.in_order)


class Floats:
    """float32 and float64."""

    def __init__(self, dtype: DType, small: bool, device: torch.device) -> None:
        self._dtype, self._space = dtype, space_of(dtype)
        width = SINGLE if dtype.bits == 32 else DOUBLE
        self._infinite = ((1 << width.bits - 1 - width.mantissa) - 1) << width.mantissa
        self._most = (1 << width.bits - 1) - 1
        self._small = _Keys(self._space) if small else None
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
            _special(piece, nan, known.nan, lambda: magnitude > infinite),
            _special(piece, posinf, known.posinf, lambda: bits == infinite),
            _special(piece, neginf, known.neginf, lambda: bits == infinite - most - 1),
        )
        least, greatest = None, None
        if specials.count < bits.numel():
            least, greatest = _ends(piece, keys, low, high, self._whole.low, self._whole.high)
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


def _ends(
    piece: Piece, keys: torch.Tensor, low: int, high: int, least: Extreme | None, most: Extreme | None
) -> tuple[Extreme | None, Extreme | None]:
    """The extremes of a piece, by key, where they are or may be those of the whole; ``least`` and ``most`` are
    what is known.
    """
    is_low = least is None or _is_first(piece, low < least[0], low == least[0])
    is_high = most is None or _is_first(piece, high > most[0], high == most[0])
    return (
        (low, piece.first(keys == low)) if is_low else None,
        (high, piece.first(keys == high)) if is_high else None,
    )


class Integers:
    """Integers of 32 and 64 bits, in 64; unsigned ones of 64 as the bits that they are."""

    def __init__(self, dtype: DType, small: bool, device: torch.device) -> None:
        self._dtype, self._space = dtype, space_of(dtype)
        self._shift = LOWEST if self._space == "uint64" else 0  # from a value to its key
        self._small = _Keys(self._space) if small else None
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
        low, high = (_moved(end, -self._shift) for end in _ends(piece, keys, told[0], told[1], *known))
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
            *(_special(piece, int(here[alike].sum()), before, lambda a=alike: of(a)) for alike, before in kinds)  # type: ignore[misc]
        )
        finite, values = finite_codes(dtype), code_values(dtype)
        finite = finite[here[finite] > 0]
        low, high = known.low, known.high
        if finite.size:
            least, most = (number(values[code], dtype) for code in (finite[0], finite[-1]))
            if low is None or _is_first(piece, least < low[0], least == low[0]):
                low = lower(low, (least, piece.first(of(values == least))))
            if high is None or _is_first(piece, most > high[0], most == high[0]):
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
