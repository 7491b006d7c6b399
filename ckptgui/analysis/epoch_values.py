"""The values of one tensor or module at one checkpoint, small enough that hundreds can be held at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.profile import PROFILE_QUANTILES
from ckptgui.analysis.spread import Spread


@dataclass(frozen=True, eq=False)
class EpochValues:
    """A ``Distribution`` in the narrowest types that lose nothing, with what is asked of it again and again.

    ``quantiles`` are those of ``PROFILE_QUANTILES``; ``threshold`` is where its symmetric-log axis turns linear.
    ``exact`` says that every span is one value, so that bars over any edges are exact.
    """

    lows: np.ndarray  # float32 or float64
    highs: np.ndarray | None  # None: as the lows
    counts: np.ndarray  # unsigned
    times: int
    total: int  # finite elements
    quantiles: tuple[float, ...]
    threshold: float

    @classmethod
    def of(cls, distribution: Distribution | None, most: int | None = None) -> EpochValues | None:
        """None where no value is finite. Of more than ``most`` bytes, on the coarser grid of ``Spread``."""
        if distribution is None or not distribution.total:
            return None
        found = cls._narrowed(distribution)
        if most is not None and found.nbytes > most:
            spread = Spread.of(distribution)
            assert spread is not None
            coarse = cls._narrowed(spread.distribution())
            return coarse if coarse.nbytes < found.nbytes else found
        return found

    @classmethod
    def _narrowed(cls, distribution: Distribution) -> EpochValues:
        points = bool(np.array_equal(distribution.lows, distribution.highs))
        return cls(
            _narrow_reals(distribution.lows),
            None if points else _narrow_reals(distribution.highs),
            _narrow_counts(distribution.counts),
            distribution.times,
            distribution.total,
            tuple(distribution.quantiles(PROFILE_QUANTILES)),
            distribution.threshold,
        )

    @property
    def exact(self) -> bool:
        """Whether every span is one value."""
        return self.highs is None

    @property
    def low(self) -> float:
        """The least value."""
        return float(self.lows[0])

    @property
    def high(self) -> float:
        """The largest value."""
        return float((self.lows if self.highs is None else self.highs)[-1])

    @cached_property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.lows.nbytes + self.counts.nbytes + (0 if self.highs is None else self.highs.nbytes)

    def distribution(self) -> Distribution:
        """The distribution itself."""
        lows = self.lows.astype(np.float64)
        highs = lows if self.highs is None else self.highs.astype(np.float64)
        return Distribution(lows, highs, self.counts.astype(np.int64), self.times, self.exact)


def _narrow_reals(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    return narrow if bool((narrow == values).all()) else values


def _narrow_counts(counts: np.ndarray) -> np.ndarray:
    most = int(counts.max())
    kind = next(kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if most <= np.iinfo(kind).max)
    return counts.astype(kind)
