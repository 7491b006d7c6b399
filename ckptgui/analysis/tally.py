"""Tables of counts that the threads of one pass take in turn, so that not every chunk has one of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_FULL = 1 << 31
"""Values after which a table is emptied: no count of 32 bits has overflowed by then."""


class Tally:
    """Adding commutes, so it does not matter which table a chunk was counted in."""

    def __init__(self, size: int, copies: int = 1) -> None:
        """``size`` counts; with several ``copies`` of each a loop can count neighbours apart."""
        self._shape = (copies, size)
        self._free: deque[tuple[np.ndarray, int]] = deque()
        self._full: deque[np.ndarray] = deque()

    @contextmanager
    def table(self, values: int) -> Iterator[np.ndarray]:
        """A table (copies, size) of uint32 for a chunk of so many values."""
        try:
            counts, used = self._free.pop()
        except IndexError:
            counts, used = np.zeros(self._shape, np.uint32), 0
        yield counts
        if used + values > _FULL - (1 << 24):
            self._full.append(counts.sum(axis=0, dtype=np.int64))
            counts[:] = 0
            used = -values
        self._free.append((counts, used + values))

    def total(self) -> np.ndarray:
        """int64 counts of everything so far."""
        parts = [copy for counts, _ in self._free for copy in counts]
        if sum(used for _, used in self._free) < _FULL:  # then no sum needs more than 32 bits, and half the time
            total = np.zeros(self._shape[1], np.uint32)
            for part in parts:
                total += part
            return sum(self._full, start=total.astype(np.int64))
        return sum(
            (part.astype(np.int64) for part in [*parts, *self._full]), start=np.zeros(self._shape[1], np.int64)
        )
