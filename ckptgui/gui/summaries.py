"""Statistics of tensors as they become known: the selected tensor first, visible rows, then the whole file."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.profile import RECORD, UNKNOWN, Profile
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tree.build import Tree
from ckptgui.engine.gate import Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.profiled import Profiled
from ckptgui.engine.reading_order import ALONE
from ckptgui.errors import CheckpointError
from ckptgui.gui.figures import Figures
from ckptgui.gui.jobs import Background
from ckptgui.gui.pass_progress import PassProgress, Phase
from ckptgui.gui.profile_pass import ProfilePass
from ckptgui.gui.reading import Arrival, Reading
from ckptgui.gui.remembered import Remembered
from ckptgui.gui.warm import wait_until_warm
from ckptgui.sources.locate import SourcePool

LARGE = ALONE
"""Bytes of a tensor that is not read for a row on the screen while smaller ones wait, and that the reading of the
whole file is not interrupted for once it is at it."""

MOST_ROWS, MOST_BYTES = 2048, 64 * 2**20
"""What is read of the visible rows before it is asked whether they still are on the screen."""

MOST_SUMMARIES = 128
"""Tensors whose distribution is at hand unpacked: those that were looked at last."""


_NOTHING_NEW = Arrival(np.zeros(0, np.int64), np.zeros(0, RECORD))


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
        self._gate = background.gate
        self.profile = Profile(len(checkpoint.tensors), checkpoint.tensors.shape)
        remembered = Remembered(checkpoint, background.results)
        self._source = Reading(checkpoint, pool, self._gate, self.profile, remembered, tree)
        nbytes = _shown_bytes(tree) if tree is not None else checkpoint.tensors.nbytes
        self._pass = ProfilePass(self._source, background, nbytes, self)
        self._pass.batch.connect(self._take)
        self._pass.changed.connect(self._pass_changed)
        self._looked_at: OrderedDict[int, Summary] = OrderedDict()
        self._errors: dict[int, str] = dict(checkpoint.tensors.errors)
        self._waiting: list[int] = []
        self._running: list[int] = []
        self._hurried: int | None = None  # a large tensor that the pass is at, and that is looked at
        self._urgency = Urgency.FRONT
        self.reading: Progress | None = None  # of the tensor that is looked at, its name as the note
        self._visible = background.lane(self, patient=True)
        self._first = background.lane(self, patient=True)

    @property
    def figures(self) -> Figures:
        """Who works them out: this program, or the device that holds a tensor."""
        return self._source.figures

    def try_again(self, rows: Iterable[int]) -> None:
        """These can be read elsewhere now, whatever kept them from being read in the file."""
        for row in rows:
            if row not in self._checkpoint.tensors.errors:
                self._errors.pop(row, None)

    # what is known

    def get(self, row: int) -> Summary | None:
        """The whole distribution of a tensor with its figures, at once; None where it has to be read (again)."""
        known = self._looked_at.get(row)
        if known is not None:
            return known
        distribution = self._source.distribution(row)
        statistics = self.profile.statistics(row)
        if distribution is None or statistics is None:
            return None
        known = Summary(statistics, distribution, self._digest(row))
        self._look_at(row, known)
        return known

    def _digest(self, row: int) -> bytes | None:
        digest = self.profile.records["digest"][row]
        return digest.tobytes() if digest.any() else None

    def error(self, row: int) -> str | None:
        """Why a row has no statistics, in a sentence."""
        return self._errors.get(row)

    @property
    def failures(self) -> int:
        """How many tensors have no statistics because they cannot be read."""
        return len(self._errors)

    def spread(self, node: int, cancel: Cancel | None = None) -> Spread | None:
        """How the values below a node of the tree are spread, weighted by elements, as far as they were read.

        For any thread but the GUI's: small tensors may be read again for it. None where nothing was read, or too
        much would have to be. Raises ``CheckpointError``, and ``Cancelled``.
        """
        return self._source.spread(node, cancel or Cancel())

    # the whole file

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

    def set_front(self, front: bool) -> None:
        """Whether the checkpoint is looked at; the reading of one that is not waits for those that are."""
        self._urgency = Urgency.FRONT if front else Urgency.BEHIND
        self._pass.let(self._urgency)

    # what is on the screen

    def want(self, rows: Sequence[int]) -> None:
        """These rows are on the screen; rows that were asked for before and are not among them may wait.

        Small tensors go first, so that one of many gigabytes does not keep a screenful of rows empty. Large ones
        are left to the reading of the whole file, where there is one.
        """
        nbytes = self._checkpoint.tensors.nbytes
        wanted = sorted(self._unknown(rows), key=nbytes.__getitem__)
        if self._pass.progress.phase is Phase.READING:
            self._pass.ask([row for row in wanted if nbytes[row] >= LARGE])
            wanted = [row for row in wanted if nbytes[row] < LARGE]
        self._waiting = wanted
        if self._visible.busy and self._is_outdated(self._running):
            self._visible.cancel()
        if not self._visible.busy:
            self._next_batch()

    def _unknown(self, rows: Sequence[int]) -> list[int]:
        known = self.profile.records["known"]
        return [row for row in rows if known[row] == UNKNOWN and row not in self._errors]

    def _is_outdated(self, running: list[int]) -> bool:
        """Whether what is being read is no longer on the screen, or large while something small waits."""
        nbytes = self._checkpoint.tensors.nbytes
        seen = set(self._waiting)
        left = [row for row in running if row in seen]
        if not left or not self._waiting:
            return not left
        return bool(nbytes[left[-1]] >= LARGE and self._waiting[0] not in left)

    def _next_batch(self) -> None:
        self._waiting = self._unknown(self._waiting)
        if not self._waiting or self._first.busy:
            return
        sizes = np.cumsum(self._checkpoint.tensors.nbytes[self._waiting[:MOST_ROWS]])
        count = max(1, int(np.searchsorted(sizes, MOST_BYTES, side="right")))
        rows = self._running = self._waiting[:count]
        source, gate = self._source, self._gate

        def work(cancel: Cancel, report: Report, tell: Callable[[Arrival], None]) -> None:
            def take(batch: Profiled) -> None:
                tell(source.note(batch))

            wait_until_warm(cancel)
            with gate.turn(cancel, Urgency.VISIBLE) as turn:
                source.figures.profile(rows, take, turn, report)

        # An error is that the file changed; the reading of the whole file says so too.
        self._visible.stream(work, self._take, lambda _: self._next_batch(), lambda _: None)

    # what is looked at

    def want_first(self, row: int, exact: bool = False) -> None:
        """This row is looked at: it goes before all others, and an elder wish of this kind is dropped."""
        self._hurry(None)
        if row in self._errors or self._is_enough(self.get(row), exact):
            self._first.cancel()
            self._set_reading(None)
            return
        info, source, gate = self._checkpoint.info(row), self._source, self._gate
        if not exact and row in self._pass.current and info.nbytes >= LARGE:
            self._first.cancel()
            self._hurry(row)
            return
        self._visible.cancel()  # both cores for what the person waits for
        known = self.profile.statistics(row)
        digest = self._digest(row)

        def work(cancel: Cancel, report: Report) -> tuple[Arrival, Summary | None]:
            kept = source.distribution_from_disk(row) if known is not None and not exact else None
            if kept is not None and known is not None:
                return _NOTHING_NEW, Summary(known, kept, digest)

            def named(progress: Progress) -> None:
                report(Progress(progress.done, progress.total, info.name))

            wait_until_warm(cancel)
            try:
                with gate.turn(cancel, Urgency.SELECTED) as turn:
                    summary = source.figures.summarise(row, turn, named, exact=exact)
            except CheckpointError as error:
                return replace(_NOTHING_NEW, errors={row: str(error)}), None
            return source.one(row, summary, worth_noting=not exact), summary

        self._first.start(work, lambda found: self._first_done(row, found), on_progress=self._set_reading)

    @staticmethod
    def _is_enough(known: Summary | None, exact: bool) -> bool:
        if known is None:
            return False
        return not exact or known.distribution is None or known.distribution.exact

    def _hurry(self, row: int | None) -> None:
        """Let the pass go before everything else while it is at a row that is looked at."""
        if row != self._hurried:
            self._hurried = row
            self._pass.let(self._urgency if row is None else Urgency.SELECTED)

    def _first_done(self, row: int, found: tuple[Arrival, Summary | None]) -> None:
        arrival, summary = found
        self._set_reading(None)
        if summary is not None:
            self._look_at(row, summary)
        self._take(replace(arrival, whole=(row,) if summary is not None else ()))
        self._next_batch()

    def _look_at(self, row: int, summary: Summary) -> None:
        self._looked_at[row] = summary
        self._looked_at.move_to_end(row)
        if len(self._looked_at) > MOST_SUMMARIES:
            self._looked_at.popitem(last=False)

    def stop_waiting(self) -> None:
        """Somebody had enough of waiting for the tensor that is looked at."""
        self._first.cancel()
        self._set_reading(None)

    def stop(self) -> None:
        """Drop all wishes: the document closes."""
        self._waiting = []
        self._visible.cancel()
        self._pass.stop()
        self.stop_waiting()

    def _set_reading(self, progress: Progress | None) -> None:
        if progress != self.reading:
            self.reading = progress
            self.reading_changed.emit()

    # what arrives

    def _take(self, batch: Arrival) -> None:
        """What was read, by whomever."""
        if batch.rows.size:
            self.profile.put(batch.rows, batch.records)
            self._pass.has(batch.rows)
            self.arrived.emit(batch.rows)
        for row in batch.whole:
            if row == self._hurried:
                self._hurry(None)
            self.ready.emit(row)
        for row, reason in batch.errors.items():
            self._errors[row] = reason
            self.failed.emit(row)

    def _pass_changed(self) -> None:
        self.progress_changed.emit()
        if self.progress.phase is Phase.FINISHED:
            self.finished.emit()


def _shown_bytes(tree: Tree) -> np.ndarray:
    """int64, what each row adds to the file: nothing where an earlier name stands for the same bytes."""
    nodes = tree.nodes
    return np.where(tree.row[nodes] == np.arange(len(nodes)), tree.nbytes[nodes], 0)
