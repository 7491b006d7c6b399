"""Statistics of tensors as they become known: visible rows in small batches, the selected tensor first."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.summarise import summarise
from ckptgui.errors import CheckpointError
from ckptgui.gui.jobs import Background
from ckptgui.sources.locate import SourcePool

BATCH_SECONDS = 0.05
"""A batch of visible rows reports at least this often, so rows fill as they are known."""

LARGE = 256 * 2**20
"""Bytes of a tensor whose reading is given up for a smaller one that came into view, and begun again later."""

MAX_KEPT_BYTES = 64 * 2**20
"""Distributions kept in memory; the ones that were looked at longest ago are computed again."""


@dataclass
class _Batch:
    """What a batch of rows came to."""

    summaries: dict[int, Summary] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)


class Summaries(QObject):
    """The statistics of one checkpoint's tensors; answers at once with what is known, and says when more is."""

    ready = Signal(int)
    failed = Signal(int)
    reading_changed = Signal()

    def __init__(
        self, checkpoint: Checkpoint, pool: SourcePool, background: Background, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._checkpoint = checkpoint
        self._pool = pool
        self._known: OrderedDict[int, Summary] = OrderedDict()
        self._kept_bytes = 0
        self._errors: dict[int, str] = dict(checkpoint.tensors.errors)
        self._waiting: list[int] = []
        self._running: list[int] = []
        self.reading: Progress | None = None  # of the tensor that is being read, its name as the note
        self._visible = background.lane(self)
        self._first = background.lane(self)

    def get(self, row: int) -> Summary | None:
        """What is known of a row, at once."""
        return self._known.get(row)

    def error(self, row: int) -> str | None:
        """Why a row has no statistics, in a sentence."""
        return self._errors.get(row)

    def want(self, rows: Sequence[int]) -> None:
        """These rows are on the screen; rows that were asked for before and are not among them may wait.

        Small tensors go first, so that one of many gigabytes does not keep a screenful of rows empty.
        """
        self._waiting = sorted(self._unknown(rows), key=self._checkpoint.tensors.nbytes.__getitem__)
        if self._visible.busy and self._is_outdated(self._running):
            self._visible.cancel()
        if not self._visible.busy:
            self._next_batch()

    def _unknown(self, rows: Sequence[int]) -> list[int]:
        return [row for row in rows if row not in self._known and row not in self._errors]

    def _is_outdated(self, running: list[int]) -> bool:
        """Whether what is being read is no longer on the screen, or large while something small waits."""
        nbytes = self._checkpoint.tensors.nbytes
        seen = set(self._waiting)
        left = [row for row in running if row in seen]
        if not left or not self._waiting:
            return not left
        return bool(nbytes[left[-1]] > LARGE and self._waiting[0] not in left)

    def want_first(self, row: int, exact: bool = False) -> None:
        """This row is looked at: it goes before all others, and an elder wish of this kind is dropped."""
        if row in self._errors or self._is_enough(self._known.get(row), exact):
            self._first.cancel()
            return
        self._visible.cancel()  # both cores for what the person waits for
        info = self._checkpoint.info(row)

        def work(cancel: Cancel, report: Report) -> _Batch:
            return _summarise_rows([info], self._pool, cancel, report, exact)

        self._first.start(work, self._first_done, on_progress=self._progressed)

    @staticmethod
    def _is_enough(known: Summary | None, exact: bool) -> bool:
        if known is None:
            return False
        return not exact or known.distribution is None or known.distribution.exact

    def stop(self) -> None:
        """Drop all wishes: the document closes, or somebody had enough of waiting."""
        self._waiting = []
        self._visible.cancel()
        self._first.cancel()
        self._set_reading(None)

    def _progressed(self, progress: Progress) -> None:
        self._set_reading(progress)

    def _set_reading(self, progress: Progress | None) -> None:
        if progress != self.reading:
            self.reading = progress
            self.reading_changed.emit()

    def _first_done(self, batch: _Batch) -> None:
        self._keep(batch)
        self._next_batch()

    def _next_batch(self) -> None:
        self._waiting = self._unknown(self._waiting)
        if not self._waiting or self._first.busy:
            return
        self._running = self._waiting[:64]
        infos = [self._checkpoint.info(row) for row in self._running]

        def work(cancel: Cancel, report: Report) -> _Batch:
            return _summarise_rows(infos, self._pool, cancel, report)

        self._visible.start(work, self._batch_done, on_progress=self._progressed)

    def _batch_done(self, batch: _Batch) -> None:
        self._keep(batch)
        self._next_batch()

    def _keep(self, batch: _Batch) -> None:
        self._set_reading(None)
        for row, summary in batch.summaries.items():
            elder = self._known.pop(row, None)
            self._kept_bytes += summary.nbytes - (elder.nbytes if elder else 0)
            self._known[row] = summary
            self.ready.emit(row)
        while self._kept_bytes > MAX_KEPT_BYTES and len(self._known) > 64:
            _, oldest = self._known.popitem(last=False)
            self._kept_bytes -= oldest.nbytes
        for row, reason in batch.errors.items():
            self._errors[row] = reason
            self.failed.emit(row)


def _summarise_rows(
    infos: Sequence[TensorInfo], pool: SourcePool, cancel: Cancel, report: Report, exact: bool = False
) -> _Batch:
    """Summarise rows until the batch's time is up or a large one comes; at least one is done."""
    batch = _Batch()
    stop = time.monotonic() + BATCH_SECONDS
    for number, info in enumerate(infos):
        if number and (info.nbytes > LARGE or time.monotonic() > stop):
            break
        cancel.check()

        def named(progress: Progress, name: str = info.name) -> None:
            report(Progress(progress.done, progress.total, name))

        try:
            batch.summaries[info.index] = summarise(info, pool, cancel, named, exact=exact)
        except CheckpointError as error:
            batch.errors[info.index] = str(error)
    return batch
