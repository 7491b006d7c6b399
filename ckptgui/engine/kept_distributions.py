"""Distributions of large tensors as few bytes each, so that looking at one again need not read it again."""

from __future__ import annotations

import threading

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.packed import packed, unpacked

BUDGET = 24 * 2**20
"""Bytes of them in memory: some thousand tensors."""


class KeptDistributions:
    """Of the tensors of one checkpoint. Short of room the smallest tensors go: they are read again the soonest.

    For any thread; packing one takes half a millisecond.
    """

    def __init__(self, numel: np.ndarray, budget: int = BUDGET) -> None:
        """``numel`` is the number of elements of each row."""
        self._numel = numel
        self._budget = budget
        self._lock = threading.Lock()
        self._packed: dict[int, bytes] = {}
        self._nbytes = 0

    def put(self, row: int, distribution: Distribution) -> None:
        """Keep one, in the place of an elder one."""
        data = packed(distribution)
        with self._lock:
            self._nbytes += len(data) - len(self._packed.get(row, b""))
            self._packed[row] = data
            while self._nbytes > self._budget:
                smallest = min(self._packed, key=self._numel.__getitem__)
                self._nbytes -= len(self._packed.pop(smallest))

    def get(self, row: int) -> Distribution | None:
        """The very distribution that was kept, if it still is."""
        with self._lock:
            data = self._packed.get(row)
        return None if data is None else unpacked(data, int(self._numel[row]))
