"""The one bridge from background jobs into Qt: outcomes arrive on the GUI thread, newest wins, weakly held."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from ckptgui.engine.gate import Gate, Urgency
from ckptgui.engine.job import Cancel, Job, Jobs, Progress, Report, State, Work
from ckptgui.errors import CheckpointError
from ckptgui.gui.warm import wait_until_warm
from ckptgui.workspace.results import Results

B = TypeVar("B")
R = TypeVar("R")

Stream = Callable[[Cancel, Report, Callable[[B], None]], R]
"""A ``Work`` that is also given whom to tell of each batch."""

MOST_PATIENT = 64
"""Threads for work that may wait for long; they are made when they are needed."""

PROGRESS_INTERVAL = 0.05
"""Seconds between two progress reports of a job: as fast as an eye can use."""


class _Courier(QObject):
    """Lives on the GUI thread; its queued signals carry a job's news there."""

    ended = Signal(object, object, object)
    progressed = Signal(object, object, object)
    told = Signal(object, object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.ended.connect(self._deliver_end, Qt.ConnectionType.QueuedConnection)
        self.progressed.connect(self._deliver_progress, Qt.ConnectionType.QueuedConnection)
        self.told.connect(self._deliver_batch, Qt.ConnectionType.QueuedConnection)

    def _deliver_end(self, lane: QtLane[Any], turn: object, job: Job[Any]) -> None:
        lane.deliver_end(turn, job)

    def _deliver_progress(self, lane: QtLane[Any], turn: object, progress: Progress) -> None:
        lane.deliver_progress(turn, progress)

    def _deliver_batch(self, lane: QtLane[Any], turn: object, batch: object) -> None:
        lane.deliver_batch(turn, batch)


class Background(QObject):
    """What all documents share: the job threads, the gate between them, and the results of earlier times.

    ``shutdown`` refuses new work, cancels, and waits briefly.
    """

    def __init__(self, parent: QObject | None = None, threads: int = 4, results: Results | None = None) -> None:
        """Without ``results`` nothing is looked up there, and nothing is kept."""
        super().__init__(parent)
        self.results = results
        self._jobs = Jobs(threads)
        self._patient = Jobs(MOST_PATIENT)
        self._courier = _Courier(self)
        self.gate = Gate()
        self._ends: list[Callable[[], None]] = []

    def at_end(self, act: Callable[[], None]) -> None:
        """Do this at the shut-down, after all jobs."""
        self._ends.append(act)

    def lane(
        self, owner: QObject, *, patient: bool = False, urgent: bool = False, pictures: bool = False
    ) -> QtLane[Any]:
        """A lane for one panel: answers are dropped once ``owner`` is gone.

        ``patient`` work may wait for long, at the gate or for the kernels, and takes none of the others' threads.
        While ``urgent`` work runs, which reads what somebody looks at, no file is read for other reasons.
        ``pictures`` are urgent, and wait for their kernels first.
        """
        jobs = self._patient if patient or pictures else self._jobs
        gate = self.gate if urgent or pictures else None
        return QtLane(jobs, self._courier, owner, gate, pictures)

    @property
    def idle(self) -> bool:
        """Whether nothing is being worked on."""
        return self._jobs.idle and self._patient.idle

    def shutdown(self, timeout: float = 2.0) -> bool:
        """Cancel all jobs and wait up to ``timeout`` seconds; True when none is left."""
        ended = all([jobs.shutdown(timeout) for jobs in (self._patient, self._jobs)])
        for act in self._ends:
            act()
        return ended


class QtLane(Generic[R]):
    """Starts work off the GUI thread and calls back on it. Starting again cancels what ran before."""

    def __init__(
        self, jobs: Jobs, courier: _Courier, owner: QObject, gate: Gate | None = None, pictures: bool = False
    ) -> None:
        self._jobs = jobs
        self._pictures = pictures
        self._gate = gate
        self._courier = courier
        self._owner = owner
        self._job: Job[R] | None = None
        self._turn: object = None  # a new object for each start: what is late bears an elder's
        self._callbacks: _Callbacks[R] | None = None

    @property
    def busy(self) -> bool:
        """Whether a job of this lane has not ended yet."""
        return self._job is not None

    def start(
        self,
        work: Work[R],
        on_result: Callable[[R], None],
        on_error: Callable[[CheckpointError], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_cancelled: Callable[[], None] | None = None,
    ) -> Job[R]:
        """Run ``work``. An expected failure goes to ``on_error``; anything else is a bug, for the excepthook."""
        self.cancel()
        return self._begin(object(), work, _Callbacks(on_result, on_error, on_progress, on_cancelled))

    def stream(
        self,
        work: Stream[B, R],
        on_batch: Callable[[B], None],
        on_result: Callable[[R], None],
        on_error: Callable[[CheckpointError], None] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_cancelled: Callable[[], None] | None = None,
    ) -> Job[R]:
        """Run ``work``, which hands on what it has found so far, again and again, to ``on_batch``."""
        self.cancel()
        turn = object()

        def tell(batch: B) -> None:
            self._send(self._courier.told, turn, batch)

        def whole(cancel: Cancel, report: Report) -> R:
            return work(cancel, report, tell)

        callbacks = _Callbacks(on_result, on_error, on_progress, on_cancelled, on_batch)
        return self._begin(turn, whole, callbacks)

    def _begin(self, turn: object, work: Work[R], callbacks: _Callbacks[R]) -> Job[R]:
        self._turn, self._callbacks = turn, callbacks
        last = 0.0

        def report(progress: Progress) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= PROGRESS_INTERVAL or progress.done >= progress.total > 0:
                last = now
                self._send(self._courier.progressed, turn, progress)

        def done(job: Job[R]) -> None:
            self._send(self._courier.ended, turn, job)

        gate, pictures = self._gate, self._pictures

        def before_others(cancel: Cancel, report: Report) -> R:
            assert gate is not None
            if pictures:
                wait_until_warm(cancel, pictures=True)
            with gate.turn(cancel, Urgency.SELECTED):
                return work(cancel, report)

        job = self._job = self._jobs.start(work if gate is None else before_others, done, report)
        return job

    def _send(self, signal: Any, *news: object) -> None:
        if shiboken6.isValid(self._courier):
            signal.emit(self, *news)

    def cancel(self) -> None:
        """Cancel what runs and tell its ``on_cancelled`` now; its late answer will be dropped."""
        job, self._job, self._turn = self._job, None, None
        if job is None:
            return
        job.cancel()
        callbacks, self._callbacks = self._callbacks, None
        if callbacks and callbacks.cancelled and shiboken6.isValid(self._owner):
            callbacks.cancelled()

    def deliver_progress(self, turn: object, progress: Progress) -> None:
        """Hand progress on, if it is still wanted. Called on the GUI thread."""
        if turn is self._turn and self._callbacks and self._callbacks.progress and shiboken6.isValid(self._owner):
            self._callbacks.progress(progress)

    def deliver_batch(self, turn: object, batch: object) -> None:
        """Hand a part of the outcome on, if it is still wanted. Called on the GUI thread."""
        if turn is self._turn and self._callbacks and self._callbacks.batch and shiboken6.isValid(self._owner):
            self._callbacks.batch(batch)

    def deliver_end(self, turn: object, job: Job[R]) -> None:
        """Hand the outcome on, if it is still wanted. Called on the GUI thread."""
        if job.state is State.ERROR and not isinstance(job.error, CheckpointError):
            error = job.error
            if error is not None:
                sys.excepthook(type(error), error, error.__traceback__)
        if turn is not self._turn:
            return
        self._job, self._turn = None, None
        callbacks, self._callbacks = self._callbacks, None
        if callbacks is None or not shiboken6.isValid(self._owner):
            return
        if job.state is State.SUCCESS:
            callbacks.result(job.result)  # type: ignore[arg-type]
        elif job.state is State.CANCELLED and callbacks.cancelled:
            callbacks.cancelled()
        elif isinstance(job.error, CheckpointError) and callbacks.error:
            callbacks.error(job.error)


class _Callbacks(Generic[R]):
    """Who wants to hear of a job."""

    __slots__ = ("batch", "cancelled", "error", "progress", "result")

    def __init__(
        self,
        result: Callable[[R], None],
        error: Callable[[CheckpointError], None] | None,
        progress: Callable[[Progress], None] | None,
        cancelled: Callable[[], None] | None,
        batch: Callable[[Any], None] | None = None,
    ) -> None:
        self.result = result
        self.error = error
        self.progress = progress
        self.cancelled = cancelled
        self.batch = batch
