"""First reading of 32 and 64 bits: exact sums, and counts by the bits that lead a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.atoms import ATOM, Atoms
from ckptgui.analysis.found import NONE, Extreme, Found, Special, Specials, higher, lower
from ckptgui.analysis.keys import INTEGER_CODES, Ranges, Space, float_ranges, integer_ranges, values_of
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.sums import NOTHING, Sums
from ckptgui.analysis.tally import Tally


@dataclass(slots=True)
class Partial:
    """What chunks came to, but for their counts; extremes by key."""

    n: int
    specials: Specials
    zeros: int
    negative_zeros: int
    low: Extreme | None
    high: Extreme | None
    atoms: Atoms | None = None
    sums: Sums = NOTHING

    def add(self, later: Partial) -> Partial:
        """Take in what comes later in the file."""
        self.n += later.n
        self.specials = self.specials.plus(later.specials)
        self.zeros += later.zeros
        self.negative_zeros += later.negative_zeros
        self.low = lower(self.low, later.low)
        self.high = higher(self.high, later.high)
        if self.atoms is not None and later.atoms is not None:
            self.atoms = self.atoms.merge(later.atoms)
        self.sums = self.sums.plus(later.sums)
        return self


class FloatPass:
    """float32 and float64: counts by leading bits, sums by atoms. One object a reading."""

    def __init__(self, space: Space) -> None:
        """``space`` is "float32" or "float64"."""
        self.space: Space = space
        self._tally = Tally(1 << 16, copies=2) if space == "float32" else Tally(1 << 19)

    def of(self, chunk: Chunk) -> Partial:
        """Fold one chunk."""
        from ckptgui.analysis.float_kernels import fold_floats

        values = chunk.values
        width = values.itemsize
        bits, ints = values.view(f"u{width}"), values.view(f"i{width}")
        atoms, special = Atoms.empty(), np.zeros(6, np.int64)
        first = min(values.size, -chunk.place % ATOM)
        with self._tally.table(values.size) as counts:
            zeros, negative_zeros, low, high, at_low, at_high = fold_floats(
                values, bits, ints, values.view(np.uint16), first, atoms.digits, counts, special
            )
        last = first + (values.size - first) // ATOM * ATOM
        atoms.keep(chunk.place, values[:first])
        atoms.keep(chunk.place + last, values[last:])
        return Partial(
            values.size,
            _specials(chunk, special),
            zeros,
            negative_zeros,
            _extreme(chunk, low, at_low),
            _extreme(chunk, high, at_high),
            atoms,
        )

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
        """What was found."""
        assert whole.atoms is not None
        whole.sums = whole.atoms.finish(whole.n - whole.specials.count)
        return floats_found(self.space, self._tally.total(), whole)


class IntegerPass:
    """Integers of 32 and 64 bits: counts by their leading eight bits, exact below 256. One object a reading."""

    def __init__(self, space: Space) -> None:
        """``space`` is "int" or "uint64"."""
        self.space: Space = space
        self._tally = Tally(2 * INTEGER_CODES)

    def of(self, chunk: Chunk) -> Partial:
        """Fold one chunk."""
        from ckptgui.analysis.integer_kernels import SUMS, fold_integers

        values, sums = chunk.values, np.zeros(SUMS, np.uint64)
        with self._tally.table(values.size) as counts:
            zeros, low, high, at_low, at_high = fold_integers(values, counts[0], INTEGER_CODES, sums)
        ends = _extreme(chunk, low, at_low), _extreme(chunk, high, at_high)
        return Partial(values.size, Specials(), zeros, 0, *ends, sums=integer_sums(values.size, sums.tolist()))

    def merge(self, left: Partial, right: Partial) -> Partial:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Partial) -> Found:
        """What was found."""
        return integers_found(self.space, self._tally.total(), whole)


def floats_found(space: Space, counts: np.ndarray, whole: Partial) -> Found:
    """What counts by leading bits tell (int64, changed here), with all else that was found."""
    half = counts.size // 2
    infinite = half - 128
    counts[infinite:half] = 0
    counts[half + infinite :] = 0
    width = 1 << (16 if space == "float32" else 45)
    return _found(whole, float_ranges(counts, width, whole.zeros, whole.negative_zeros), space)


def integers_found(space: Space, counts: np.ndarray, whole: Partial) -> Found:
    """What counts by leading eight bits tell, with all else that was found."""
    return _found(whole, integer_ranges(counts, space), space)


def integer_sums(n: int, parts: list[int]) -> Sums:
    """From the halves that ``integer_kernels`` adds up."""
    size, negative, lows, crossed, highs = (
        low + (high << shift) for low, high, shift in zip(parts[::2], parts[1::2], (32,) * 5)
    )
    return Sums(n, size - 2 * negative, size, lows + (crossed << 33) + (highs << 64))


def _extreme(chunk: Chunk, key: int, place: int) -> Extreme | None:
    if place < 0:
        return None
    return int(key), chunk.rank_of(int(place), lambda: chunk.values == chunk.values[place])


def _specials(chunk: Chunk, found: np.ndarray) -> Specials:
    if not found[:3].any():
        return Specials()
    tests: tuple[Callable[[], np.ndarray], ...] = (
        lambda: np.isnan(chunk.values),
        lambda: chunk.values == np.inf,
        lambda: chunk.values == -np.inf,
    )
    kinds: list[Special] = [
        (count, chunk.rank_of(place, test)) if count else NONE
        for count, place, test in zip(found[:3].tolist(), found[3:].tolist(), tests)
    ]
    return Specials(*kinds)


def _found(whole: Partial, ranges: Ranges, space: Space) -> Found:
    low, high = whole.low, whole.high
    if low is not None and high is not None:
        shift = 1 << 63 if space == "uint64" else 0
        ranges.lows[0], ranges.highs[-1] = low[0] - shift, high[0] - shift
        if space in ("float32", "float64"):
            ends = values_of(space, np.array([low[0], high[0]], np.int64)).tolist()
            low, high = (ends[0], low[1]), (ends[1], high[1])
    return Found(whole.sums, whole.specials, whole.zeros, low, high, ranges=ranges, space=space)
