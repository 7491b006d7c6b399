"""Statistics of tensors as they become known: the selected tensor first, visible rows, then the whole file."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.profile import RECORD, Profile, record_of
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.spreads import Spreads
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.core.tree.build import Tree
from ckptgui.engine.branch_spreads import BranchSpreads
from ckptgui.engine.gate import Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.profile import Profiled
from ckptgui.engine.summarise import summarise
from ckptgui.errors import CheckpointError
from ckptgui.gui.jobs import Background
from ckptgui.gui.profile_pass import PassProgress, Phase, ProfilePass
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
    """The statistics of one checkpoint's tensors; answers at once with what is known, and says when more is.

    ``profile`` has the figures of every tensor that was read, ``get`` the whole distribution of those that were
    looked at or are large. ``ready`` says that ``get`` has more of a row, ``arrived`` (an int64 array) of which
    rows the figures came in, ``failed`` that a row has none, ``finished`` that there is nothing left to read.
    """

    ready = Signal(int)
    failed = Signal(int)
    arrived = Signal(object)
    finished = Signal()
    reading_changed = Signal()
    progress_changed = Signal()

    def __init__(
        self,
        checkpoint: Checkpoint,
        pool: SourcePool,
        background: Background,
        parent: QObject | None = None,
        tree: Tree | None = None,
    ) -> None:
        """Without a ``tree`` there are no branches to tell the spread of."""
        super().__init__(parent)
        self._checkpoint = checkpoint
        self._pool = pool
        self._gate = background.gate
        self._spreads = BranchSpreads(tree) if tree is not None else None
        self.profile = Profile(len(checkpoint.tensors), checkpoint.tensors.shape)
        nbytes = _shown_bytes(tree) if tree is not None else checkpoint.tensors.nbytes
        self._pass = ProfilePass(checkpoint, pool, background, self._spreads, nbytes, self)
        self._pass.batch.connect(self._take)
        self._pass.changed.connect(self._pass_changed)
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

    @property
    def progress(self) -> PassProgress:
        """How far the reading of the whole file is."""
        return self._pass.progress

    def begin(self) -> None:
        """Read the whole file, or go on reading it, whenever nothing more urgent is wanted."""
        self._pass.begin()

    def stop_pass(self) -> None:
        """Read only what is looked at from now on."""
        self._pass.stop()

    def spread(self, node: int) -> Spread | None:
        """How the values below a node of the tree are spread, as far as they were read; None where none were."""
        return self._spreads.of(node) if self._spreads is not None else None

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
        known = self.profile.records["known"]
        return [row for row in rows if not known[row] and row not in self._errors]

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
        info, gate = self._checkpoint.info(row), self._gate

        def work(cancel: Cancel, report: Report) -> _Batch:
            with gate.turn(cancel, Urgency.SELECTED) as turn:
                return _summarise_rows([info], self._pool, turn, report, exact)

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
        self._pass.stop()
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
        infos, gate = [self._checkpoint.info(row) for row in self._running], self._gate

        def work(cancel: Cancel, report: Report) -> _Batch:
            with gate.turn(cancel, Urgency.VISIBLE) as turn:
                return _summarise_rows(infos, self._pool, turn, report)

        self._visible.start(work, self._batch_done, on_progress=self._progressed)

    def _batch_done(self, batch: _Batch) -> None:
        self._keep(batch)
        self._next_batch()

    def _keep(self, batch: _Batch) -> None:
        self._set_reading(None)
        rows = np.fromiter(batch.summaries, np.int64, len(batch.summaries))
        records = np.zeros(len(rows), RECORD)
        for number, (row, summary) in enumerate(batch.summaries.items()):
            records[number] = record_of(summary, self._checkpoint.tensors.shape(row))
        spreads = [Spread.of(summary.distribution) for summary in batch.summaries.values()]
        if self._spreads is not None:
            self._spreads.add(rows, spreads)
        self._take(Profiled(rows, records, Spreads.of(spreads), batch.summaries, batch.errors))

    def _take(self, batch: Profiled) -> None:
        """What was read, on the GUI thread."""
        self.profile.put(batch.rows, batch.records)
        self._pass.has(batch.rows)
        for row, summary in batch.summaries.items():
            elder = self._known.pop(row, None)
            self._kept_bytes += summary.nbytes - (elder.nbytes if elder else 0)
            self._known[row] = summary
        if batch.rows.size:
            self.arrived.emit(batch.rows)
        for row in batch.summaries:
            self.ready.emit(row)
        while self._kept_bytes > MAX_KEPT_BYTES and len(self._known) > 64:
            _, oldest = self._known.popitem(last=False)
            self._kept_bytes -= oldest.nbytes
        for row, reason in batch.errors.items():
            self._errors[row] = reason
            self.failed.emit(row)

    def _pass_changed(self) -> None:
        self.progress_changed.emit()
        if self.progress.phase is Phase.FINISHED:
            self.finished.emit()


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


def _shown_bytes(tree: Tree) -> np.ndarray:
    """int64, what each row adds to the file: nothing where an earlier name stands for the same bytes."""
    nodes = tree.nodes
    return np.where(tree.row[nodes] == np.arange(len(nodes)), tree.nbytes[nodes], 0)
