"""Which tensors of a checkpoint are read next: those that are asked for, then as they lie in the file."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from ckptgui.core.checkpoint import Checkpoint

ALONE = 256 * 2**20
"""Bytes from which a tensor is a portion of its own, so that it is known what is being read."""

PORTION_BYTES = 256 * 2**20
PORTION_ROWS = 16_384
"""What is read before somebody who asked in the meantime has his turn."""


class ReadingOrder:
    """Deals out rows in portions until all are done. For any thread; making it looks at every storage."""

    def __init__(self, checkpoint: Checkpoint, nbytes: np.ndarray) -> None:
        """``nbytes`` is what each row adds to the whole; tensors that cannot be read are left out."""
        self._lock = threading.Lock()
        self._nbytes = nbytes
        self._left = np.ones(len(nbytes), bool)
        self._left[list(checkpoint.tensors.errors)] = False
        self._order = _as_in_file(checkpoint)
        self._at = 0
        self._asked: list[int] = []
        self.current: tuple[int, ...] = ()
        self.total = int(nbytes[self._left].sum())

    def ask(self, rows: Iterable[int]) -> None:
        """These rows go next; whoever asked before and did not get them has lost his place."""
        with self._lock:
            self._asked = list(rows)

    def done(self, rows: np.ndarray) -> None:
        """These rows have been read, by whomever."""
        with self._lock:
            self._left[rows] = False

    def left(self) -> int:
        """Bytes that are not done yet."""
        with self._lock:
            return int(self._nbytes[self._left].sum())

    def deal(self) -> tuple[int, ...]:
        """The next portion, which may have rows of the one before that are not done; empty at the end."""
        with self._lock:
            rows = self._portion(np.array(self._asked, np.int64))
            self._asked = []
            while not rows.size and self._at < len(self._order):
                rows = self._portion(self._order[self._at : self._at + PORTION_ROWS])
                if not rows.size:
                    self._at += PORTION_ROWS
            self.current = tuple(rows.tolist())
            return self.current

    def _portion(self, rows: np.ndarray) -> np.ndarray:
        rows = rows[self._left[rows]]
        sizes = self._nbytes[rows]
        large = np.flatnonzero(sizes >= ALONE)
        stop = int(np.searchsorted(np.cumsum(sizes), PORTION_BYTES, side="right"))
        stop = max(1, min(stop, int(large[0])) if large.size else stop)
        # A tensor's other names, which add no bytes, go with it: it is read once.
        more = np.flatnonzero(sizes[stop:])
        return rows[: stop + int(more[0])] if more.size else rows


def _as_in_file(checkpoint: Checkpoint) -> np.ndarray:
    """All rows by file, and by their place in it; what has no place comes last."""
    table, records = checkpoint.tensors, checkpoint.records
    count = len(table.extents)
    source, offset = np.full(count + 1, len(checkpoint.sources), np.int64), np.zeros(count + 1, np.int64)
    if len(records):
        at = np.flatnonzero(records.storage >= 0)[::-1]  # of a storage in pieces the first one counts
        source[records.storage[at]], offset[records.storage[at]] = records.source[at], records.offset[at]
    else:
        numbers = {each: number for number, each in enumerate(checkpoint.sources)}
        for storage, extent in enumerate(table.extents):
            if extent.segments:
                source[storage] = numbers.get(extent.segments[0].source, 0)
                offset[storage] = extent.segments[0].offset
    return np.lexsort((table.storage_offset, offset[table.storage], source[table.storage]))
