"""Tables of counts that the threads of one pass take in turn, so that not every chunk has one of its own."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np

_FULL = 1 << 31
"""Values after which a table is emptied: no count of 32 bits has overflowed by then."""

_KEPT = 4
"""Emptied tables of one shape that are kept for the next tensor: new memory costs more than to empty it."""

_spare: defaultdict[tuple[int, int], deque[np.ndarray]] = defaultdict(partial(deque, maxlen=_KEPT))
_local = threading.local()


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
            counts, used = _empty(self._shape), 0
        yield counts
        if used + values > _FULL - (1 << 24):
            self._full.append(counts.sum(axis=0, dtype=np.int64))
            counts[:] = 0
            used = -values
        self._free.append((counts, used + values))

    def total(self) -> np.ndarray:
        """int64 counts of everything, at the end: the tables are given away. Valid until this thread's next."""
        total, narrow = _scratch(self._shape[1])
        few = sum(used for _, used in self._free) < _FULL  # then no sum needs more than 32 bits, and half the time
        whole = narrow if few else total
        whole[:] = 0
        while self._free:
            counts, _ = self._free.pop()
            for part in counts:
                whole += part
            counts[:] = 0
            _spare[self._shape].append(counts)
        if few:
            total[:] = narrow
        for part in self._full:
            total += part
        return total


def _empty(shape: tuple[int, int]) -> np.ndarray:
    try:
        return _spare[shape].pop()
    except IndexError:
        return np.zeros(shape, np.uint32)


def _scratch(size: int) -> tuple[np.ndarray, np.ndarray]:
    """int64 and uint32 of this thread's own, kept for next time."""
    kept: dict[int, tuple[np.ndarray, np.ndarray]] = _local.__dict__.setdefault("kept", {})
    if size not in kept:
        kept[size] = np.empty(size, np.int64), np.empty(size, np.uint32)
    return kept[size]
