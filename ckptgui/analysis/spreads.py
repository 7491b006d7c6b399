"""The distributions of many tensors end to end in a few arrays, so that a hundred thousand cost no object each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from ckptgui.analysis.spread import Spread
from ckptgui.core.columns import ragged


@dataclass(frozen=True)
class Spreads(Sequence[Spread | None]):
    """Spread i has ``places`` and ``counts`` from ``starts[i]`` to ``starts[i + 1]``; none of either: None.

    ``lows`` and ``highs`` are the extreme values, NaN where there are none.
    """

    places: np.ndarray  # uint16
    counts: np.ndarray  # int64
    starts: np.ndarray  # int64, one more than spreads
    lows: np.ndarray  # float64
    highs: np.ndarray  # float64

    @classmethod
    def of(cls, spreads: Sequence[Spread | None]) -> Spreads:
        """Some spreads, end to end."""
        some = [spread for spread in spreads if spread is not None]
        sizes = [0 if spread is None else spread.places.size for spread in spreads]
        return cls(
            np.concatenate([np.zeros(0, np.uint16), *(spread.places for spread in some)]),
            np.concatenate([np.zeros(0, np.int64), *(spread.counts for spread in some)]),
            np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)]),
            np.array([np.nan if spread is None else spread.low for spread in spreads], np.float64),
            np.array([np.nan if spread is None else spread.high for spread in spreads], np.float64),
        )

    @classmethod
    def joined(cls, parts: Sequence[Spreads]) -> Spreads:
        """Those of all parts, one after the other."""
        if len(parts) == 1:
            return parts[0]
        sizes = [np.diff(part.starts) for part in parts]
        return cls(
            np.concatenate([np.zeros(0, np.uint16), *(part.places for part in parts)]),
            np.concatenate([np.zeros(0, np.int64), *(part.counts for part in parts)]),
            np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *sizes]))]).astype(np.int64),
            np.concatenate([np.zeros(0), *(part.lows for part in parts)]),
            np.concatenate([np.zeros(0), *(part.highs for part in parts)]),
        )

    def taken(self, numbers: np.ndarray) -> Spreads:
        """Those with these numbers, in this order; one may be taken twice."""
        sizes = np.diff(self.starts)[numbers]
        at = ragged(self.starts[:-1][numbers], sizes)
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return Spreads(self.places[at], self.counts[at], starts, self.lows[numbers], self.highs[numbers])

    def __len__(self) -> int:
        return len(self.lows)

    @overload
    def __getitem__(self, index: int) -> Spread | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[Spread | None]: ...
    def __getitem__(self, index: int | slice) -> Spread | list[Spread | None] | None:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        number = range(len(self))[index]
        here = slice(self.starts.item(number), self.starts.item(number + 1))
        if here.start == here.stop:
            return None
        return Spread(self.places[here], self.counts[here], self.lows.item(number), self.highs.item(number))

    def add_into(self, dense: np.ndarray, start: int = 0, stop: int | None = None) -> None:
        """Add the counts of spreads ``start`` to ``stop`` to a count for every place (int64, ``PLACES``)."""
        here = slice(self.starts.item(start), self.starts.item(len(self) if stop is None else stop))
        np.add.at(dense, self.places[here], self.counts[here])


NO_SPREADS = Spreads.of([])
