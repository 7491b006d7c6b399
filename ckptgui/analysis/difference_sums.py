"""What comparing pairs of tensors adds up to, a row each; parts of a pair are merged, then made into records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.difference import DIFFERENCE, FIGURES

CHANGED, NAN_A, NAN_B, INF_A, INF_B, INF_BOTH = range(6)
"""Columns of ``counts``."""

WHOLE_A, WHOLE_B, BOTH_A, BOTH_B, DOT, DELTA = range(6)
"""Columns of ``sums``: squares over the finite values of each, and over the places where both are finite squares
of each, their products and the squares of their differences.
"""


@dataclass(frozen=True, eq=False)
class PairSums:
    """Of some pairs. A sum is ``sums * 2**powers``; ``places`` of the largest differences, -1 if none moved."""

    counts: np.ndarray  # int64, pairs × 6
    sums: np.ndarray  # float64, pairs × 6
    powers: np.ndarray  # int64, pairs × 6
    peaks: np.ndarray  # float64
    places: np.ndarray  # int64

    @classmethod
    def nothing(cls, pairs: int) -> PairSums:
        """Of pairs without elements."""
        counts, powers = np.zeros((pairs, 6), np.int64), np.zeros((pairs, 6), np.int64)
        return cls(counts, np.zeros((pairs, 6)), powers, np.zeros(pairs), np.full(pairs, -1, np.int64))

    @property
    def columns(self) -> tuple[np.ndarray, ...]:
        """All arrays, in the order in which the compiled loops fill them."""
        return self.counts, self.sums, self.powers, self.peaks, self.places

    def add(self, other: PairSums) -> None:
        """Take in other parts of the same pairs; of equally large differences the first place counts."""
        self.counts[...] += other.counts
        top = np.where(self.sums == 0, other.powers, self.powers)
        top = np.where(other.sums == 0, top, np.maximum(top, other.powers))
        self.sums[...] = _raised(self.sums, self.powers - top) + _raised(other.sums, other.powers - top)
        self.powers[...] = top
        further = (other.peaks > self.peaks) | (
            (other.peaks == self.peaks) & (other.places >= 0) & (other.places < self.places)
        )
        self.places[further] = other.places[further]
        self.peaks[further] = other.peaks[further]

    def records(self, count: np.ndarray, times: int = 1) -> np.ndarray:
        """``DIFFERENCE`` of each; ``count`` elements, of which each that was read stands ``times`` times."""
        found = np.zeros(len(count), DIFFERENCE)
        found["known"], found["count"] = FIGURES, count
        for column, name in enumerate(("changed", "nan_a", "nan_b", "inf_a", "inf_b", "inf_both")):
            found[name] = self.counts[:, column] * times
        squares = self.sums * times
        roots, halves = np.sqrt(np.maximum(squares, 0)), self.powers // 2  # those of squares are even
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for column, name in ((WHOLE_A, "l2_a"), (WHOLE_B, "l2_b"), (DELTA, "delta_l2")):
                found[name] = _raised(roots[:, column], halves[:, column])
            some_a, some_b = squares[:, BOTH_A] > 0, squares[:, BOTH_B] > 0
            share = _raised(roots[:, DELTA] / roots[:, BOTH_A], halves[:, DELTA] - halves[:, BOTH_A])
            found["relative"] = np.where(some_a, share, np.nan)
            turn = squares[:, DOT] / roots[:, BOTH_A] / roots[:, BOTH_B]
            turn = _raised(turn, self.powers[:, DOT] - halves[:, BOTH_A] - halves[:, BOTH_B])
            found["cosine"] = np.where(some_a & some_b, np.clip(turn, -1.0, 1.0), np.nan)
        found["max_abs"], found["argmax"] = self.peaks, self.places
        return found


def _raised(values: np.ndarray, powers: np.ndarray) -> np.ndarray:
    """``values * 2**powers``; not everywhere does numpy take wider integers for it."""
    found: np.ndarray = np.ldexp(values, powers.astype(np.int32))
    return found
