"""First reading of floats of four bits, two of them in a byte: the counts of all bytes tell all but the places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.found import Extreme, Found, Specials, higher, lower
from ckptgui.analysis.reduction import Chunk
from ckptgui.analysis.sums import sums_of

_SIZES = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
E2M1 = np.array([*_SIZES, *(-size for size in _SIZES)])
"""The values of a sign, two bits of exponent and one of mantissa (OCP Microscaling Formats 1.0, 5.3.3)."""


@dataclass(slots=True)
class Halves:
    """Counts of the 16 patterns, and the extremes with the numbers of the elements that have them first."""

    counts: np.ndarray
    low: Extreme
    high: Extreme


@dataclass(frozen=True)
class FourBitsPass:
    """Reads bytes, the first element in the low half of each, of ``count`` elements in row-major order."""

    count: int

    def of(self, chunk: Chunk) -> Halves:
        """Fold one chunk of bytes."""
        from ckptgui.analysis import kernels

        table = np.zeros((4, 256), np.uint32)
        kernels.count_codes(chunk.values, table)
        pairs = table.sum(axis=0, dtype=np.int64).reshape(16, 16)  # by high and by low half
        counts = pairs.sum(axis=0) + pairs.sum(axis=1)
        begin = 2 * chunk.place
        elements = np.empty(2 * chunk.values.size, np.uint8)
        elements[::2], elements[1::2] = chunk.values & 15, chunk.values >> 4
        if begin + elements.size > self.count:  # the last half is no element
            counts[elements[-1]] -= 1
            elements = elements[:-1]
        present = E2M1[counts > 0]
        low, high = float(present.min()), float(present.max())
        return Halves(counts, (low, begin + _first(elements, low)), (high, begin + _first(elements, high)))

    def merge(self, left: Halves, right: Halves) -> Halves:
        """Two neighbours as one."""
        low, high = lower(left.low, right.low), higher(left.high, right.high)
        assert low is not None and high is not None
        return Halves(left.counts + right.counts, low, high)

    def finish(self, whole: Halves) -> Found:
        """What was found."""
        points, inverse = np.unique(E2M1, return_inverse=True)  # both zeros are one
        counts = np.bincount(inverse, whole.counts).astype(np.int64)
        points, counts = points[counts > 0], counts[counts > 0]
        zeros = int(counts[points == 0].sum())
        return Found(
            sums_of(points, counts),
            Specials(),
            zeros,
            (whole.low[0] + 0.0, whole.low[1]),
            (whole.high[0] + 0.0, whole.high[1]),
            points=(points, counts),
        )


def _first(elements: np.ndarray, value: float) -> int:
    return int(np.argmax(np.equal(E2M1, value)[elements]))
