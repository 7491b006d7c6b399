"""The readings that a forecast of casts is made of: float types, magnitudes of rows, int8's steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from ckptgui.analysis.precision import FLOATS, FloatTarget
from ckptgui.analysis.reduction import Chunk, Reduction
from ckptgui.analysis.rows import by_rank, runs

P = TypeVar("P")
R = TypeVar("R")
P2 = TypeVar("P2")
R2 = TypeVar("R2")


CHANGED, ZEROED, SUBNORMAL, OVERFLOWED, OVER_FINE, OVER_FAIR, OVER_COARSE = range(7)
"""Columns of ``Measured.counts``; the last three are of relative errors beyond each of ``BANDS``."""

SQUARES, NOISE, RELATIVE = range(3)
"""Columns of ``Measured.sums``: values squared, errors squared, errors relative to their value."""

WORST, FARTHEST, LOST, BEYOND = range(4)
"""Columns of ``Measured.peaks``: the largest relative error of a value that does not become zero, the largest
error, the largest value that becomes zero, the largest one beyond the range."""


@dataclass
class Measured:
    """The totals of some targets over a part of a tensor; a row is a target."""

    counts: np.ndarray
    sums: np.ndarray
    peaks: np.ndarray
    places: np.ndarray  # ranks
    examples: np.ndarray  # values at those ranks
    nan: int = 0
    infinite: int = 0
    size: int = 0

    @classmethod
    def empty(cls, targets: int) -> Measured:
        """Nothing yet."""
        return cls(
            np.zeros((targets, 7), np.int64),
            np.zeros((targets, 3)),
            np.zeros((targets, 4)),
            np.full((targets, 4), -1, np.int64),
            np.zeros((targets, 4)),
        )

    def add(self, other: Measured) -> Measured:
        """The same with a later part."""
        self.counts += other.counts
        self.sums += other.sums
        better = other.peaks > self.peaks
        for mine, theirs in (
            (self.peaks, other.peaks),
            (self.places, other.places),
            (self.examples, other.examples),
        ):
            mine[better] = theirs[better]
        self.nan += other.nan
        self.infinite += other.infinite
        self.size += other.size
        return self

    def place(self, chunk: Chunk, parts: int) -> Measured:
        """Positions in a chunk's values become ranks, and the values there are kept."""
        found = self.places >= 0
        positions = self.places[found]
        self.examples[found] = chunk.values[positions].astype(np.float64)
        self.places[found] = chunk.ranks(positions // parts)
        return self


@dataclass(frozen=True)
class CastPass:
    """Measures float targets. ``parts`` is 2 where each element is a real and an imaginary part."""

    targets: tuple[FloatTarget, ...]
    parts: int = 1

    def of(self, chunk: Chunk) -> Measured:
        """Fold one chunk of float32 or float64."""
        from ckptgui.analysis import precision_kernels as kernels

        values, found = chunk.values, Measured.empty(len(self.targets))
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            bits = values.astype(np.float32, copy=False).view(np.uint32)
        types = [
            (23 - t.digits, t.exponent + 127, int(np.float32(t.largest).view(np.uint32))) for t in self.targets
        ]
        kernels.measure_casts(
            values,
            bits,
            np.array(types, np.int64).reshape(-1, 3),
            np.array([t.quantum for t in self.targets], np.float32),
            np.array([t.least for t in self.targets]),
            found.counts,
            found.sums,
            found.peaks,
            found.places,
        )
        found.nan, found.infinite = (int(n) for n in kernels.count_special(values))
        found.size = values.size
        return found.place(chunk, self.parts)

    def merge(self, left: Measured, right: Measured) -> Measured:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Measured) -> Measured:
        """What was found."""
        return whole


@dataclass
class Peaks:
    """The largest finite magnitude of the rows from ``first`` on."""

    first: int
    values: np.ndarray


@dataclass(frozen=True)
class PeaksPass:
    """Finds the largest finite magnitude of each row; a row is ``width`` neighbours by rank."""

    rows: int
    width: int

    def of(self, chunk: Chunk) -> Peaks:
        """Fold one chunk."""
        from ckptgui.analysis import precision_kernels as kernels

        chunk = by_rank(chunk)
        starts, rows = runs(chunk, self.width)
        found = np.zeros(rows.size, chunk.values.dtype)
        kernels.run_peaks(chunk.values, starts, found)
        first = int(rows.min())
        peaks = np.zeros(int(rows.max()) - first + 1, chunk.values.dtype)
        np.maximum.at(peaks, rows - first, found)
        return Peaks(first, peaks)

    def merge(self, left: Peaks, right: Peaks) -> Peaks:
        """Two neighbours as one; the first of all makes room for every row."""
        if left.values.size != self.rows:
            whole = np.zeros(self.rows, left.values.dtype)
            whole[left.first : left.first + left.values.size] = left.values
            left = Peaks(0, whole)
        part = left.values[right.first : right.first + right.values.size]
        np.maximum(part, right.values, out=part)
        return left

    def finish(self, whole: Peaks) -> np.ndarray:
        """The magnitude of every row."""
        return self.merge(whole, Peaks(0, whole.values[:0])).values


@dataclass(frozen=True)
class StepsPass:
    """Measures int8 with one scale, and, where ``scales`` has one for each row, with those."""

    scale: np.floating
    scales: np.ndarray | None
    width: int

    def of(self, chunk: Chunk) -> Measured:
        """Fold one chunk."""
        from ckptgui.analysis import precision_kernels as kernels

        chunk = by_rank(chunk)
        values = chunk.values
        found = Measured.empty(1 if self.scales is None else 2)
        one = np.array([self.scale], values.dtype)
        ways = [(np.array([0, values.size], np.int64), one)]
        if self.scales is not None:
            starts, rows = runs(chunk, self.width)
            ways.append((starts, self.scales[rows]))
        for way, (starts, scales) in enumerate(ways):
            kernels.measure_steps(
                values, starts, scales, found.counts[way], found.sums[way], found.peaks[way], found.places[way]
            )
        return found.place(chunk, 1)

    def merge(self, left: Measured, right: Measured) -> Measured:
        """Two neighbours as one."""
        return left.add(right)

    def finish(self, whole: Measured) -> Measured:
        """What was found."""
        return whole


@dataclass(frozen=True)
class PairPass(Generic[P, R, P2, R2]):
    """Two folds of the same chunks, so that they are read once."""

    first: Reduction[P, R]
    second: Reduction[P2, R2]

    def of(self, chunk: Chunk) -> tuple[P, P2]:
        """Fold one chunk."""
        return self.first.of(chunk), self.second.of(chunk)

    def merge(self, left: tuple[P, P2], right: tuple[P, P2]) -> tuple[P, P2]:
        """Two neighbours as one."""
        return self.first.merge(left[0], right[0]), self.second.merge(left[1], right[1])

    def finish(self, whole: tuple[P, P2]) -> tuple[R, R2]:
        """Both answers."""
        return self.first.finish(whole[0]), self.second.finish(whole[1])


def step_scale(peaks: np.ndarray) -> np.ndarray:
    """The distance of int8's steps for magnitudes up to ``peaks``, in their own precision."""
    scales: np.ndarray = (peaks / peaks.dtype.type(127)).astype(peaks.dtype)
    return scales


def warm() -> None:
    """Compile or fetch the loops, for both widths that they take."""
    for dtype in (np.float32, np.float64):
        chunk = Chunk(np.ones(4, dtype), (0,), (4,), (1,), in_order=True)
        CastPass(FLOATS).of(chunk)
        peaks = PeaksPass(2, 2).of(chunk).values
        StepsPass(step_scale(peaks)[0], step_scale(peaks), 2).of(chunk)
