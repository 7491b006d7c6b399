"""What was kept of a checkpoint when it was open before, and what is kept now for the next time. Qt-free."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.branch_spreads import BranchSpreads
from ckptgui.engine.profile import Profiled
from ckptgui.workspace.results import Kept, Results

KEEP_EVERY = 2.0
"""Seconds between two writes while a file is read."""

MOST_HELD = 8 * 2**20
"""Bytes of distributions that wait to be written."""

WORTH_KEEPING = 4 * 2**20
"""Bytes of a tensor whose distribution is kept; a smaller one is read again in some milliseconds."""

_BRANCHES = "branches"


class Remembered:
    """One checkpoint's part of the results on the disk. Nothing of it is for the GUI thread; any other will do."""

    def __init__(self, checkpoint: Checkpoint, results: Results | None) -> None:
        self._checkpoint, self._results = checkpoint, results
        self._lock = threading.Lock()
        self._kept: Kept | None = None
        self._batches: list[tuple[np.ndarray, np.ndarray]] = []
        self._distributions: dict[int, Distribution | None] = {}
        self._held = 0
        self._last = time.monotonic()

    def _part(self) -> Kept | None:
        with self._lock:
            if self._kept is None and self._results is not None:
                self._kept = self._results.of(self._checkpoint)
            return self._kept

    def records(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows with their records, as they were kept. It notes the file's state, so ask before reading."""
        part = self._part()
        if part is not None:
            yield from part.records()

    def distribution(self, row: int) -> Distribution | None:
        """The whole distribution of a tensor, if it was kept."""
        part = self._part()
        return part.distribution(row) if part is not None else None

    def restore(self, spreads: BranchSpreads) -> None:
        """Let the branches know what they came to."""
        part = self._part()
        if part is not None:
            spreads.restore(part.blobs(_BRANCHES, 0).get(0, b""))

    def add(self, batch: Profiled) -> None:
        """Something was read; it is written when there is enough of it."""
        if self._results is None:
            return
        nbytes = self._checkpoint.tensors.nbytes
        worth = {row: each for row, each in batch.summaries.items() if nbytes[row] >= WORTH_KEEPING}
        with self._lock:
            self._batches.append((batch.rows, batch.records))
            self._distributions.update({row: each.distribution for row, each in worth.items()})
            self._held += sum(each.nbytes for each in worth.values())
            due = self._held > MOST_HELD or time.monotonic() - self._last > KEEP_EVERY
        if due:
            self.write()

    def write(self) -> None:
        """Write what waits for it."""
        part = self._part()
        with self._lock:
            batches, self._batches = self._batches, []
            distributions, self._distributions = self._distributions, {}
            self._held, self._last = 0, time.monotonic()
        if part is not None and batches:
            rows, records = (np.concatenate(column) for column in zip(*batches))
            part.keep(rows, records, distributions)

    def write_branches(self, spreads: BranchSpreads) -> None:
        """Write what the branches came to, once all is read."""
        part = self._part()
        if part is not None:
            part.keep_blobs(_BRANCHES, {0: spreads.packed()})
