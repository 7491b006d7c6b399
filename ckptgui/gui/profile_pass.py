"""The reading of a whole checkpoint in the background, for as long as nobody wants something more urgent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.branch_spreads import BranchSpreads
from ckptgui.engine.gate import Turn, Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.profile import Profiled, profile
from ckptgui.engine.reading_order import ReadingOrder
from ckptgui.gui.jobs import Background
from ckptgui.sources.locate import SourcePool


class Phase(Enum):
    """How far the reading of the whole file is."""

    WAITING = "waiting"  # it has not begun
    READING = "reading"
    STOPPED = "stopped"  # somebody had enough; it can go on
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class PassProgress:
    """``done`` of ``total`` bytes in ``seconds``; ``failures`` counts tensors that could not be read."""

    phase: Phase = Phase.WAITING
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    failures: int = 0

    @property
    def rate(self) -> float:
        """Bytes a second, 0 where it is not known yet."""
        return self.done / self.seconds if self.seconds > 0 else 0.0


class ProfilePass(QObject):
    """Reads one checkpoint. ``batch`` hands on what was found, ``changed`` says that ``progress`` is another."""

    batch = Signal(object)
    changed = Signal()

    def __init__(
        self,
        checkpoint: Checkpoint,
        pool: SourcePool,
        background: Background,
        spreads: BranchSpreads | None,
        nbytes: np.ndarray,
        parent: QObject | None = None,
    ) -> None:
        """``nbytes`` is what each row adds to the whole."""
        super().__init__(parent)
        self._checkpoint, self._pool, self._spreads = checkpoint, pool, spreads
        self._nbytes = nbytes
        self._gate = background.gate
        self._lane = background.lane(self, patient=True)
        self._order: ReadingOrder | None = None
        self._turn: Turn | None = None
        self._urgency = Urgency.FRONT
        self._began = 0.0
        self._before = 0.0  # seconds of the stretches before a stop
        self.progress = PassProgress(total=int(nbytes.sum()))

    def begin(self) -> None:
        """Start, or go on after a stop."""
        if self.progress.phase in (Phase.READING, Phase.FINISHED):
            return
        self._began = time.monotonic()
        self._set(replace(self.progress, phase=Phase.READING))
        self._lane.stream(self._work, self._take, self._done, on_progress=self._progressed)

    def stop(self) -> None:
        """Give up for now; what was read is kept."""
        if self.progress.phase is Phase.READING:
            self._lane.cancel()
            self._before = self.progress.seconds
            self._set(replace(self.progress, phase=Phase.STOPPED))

    @property
    def current(self) -> tuple[int, ...]:
        """The rows that are being read."""
        reading = self._order is not None and self.progress.phase is Phase.READING
        return self._order.current if self._order is not None and reading else ()

    def ask(self, rows: Iterable[int]) -> None:
        """These rows go next."""
        if self._order is not None:
            self._order.ask(rows)

    def has(self, rows: np.ndarray) -> None:
        """These rows were read by somebody else."""
        if self._order is not None:
            self._order.done(rows)

    def let(self, urgency: Urgency) -> None:
        """Go before or after others from now on."""
        self._urgency = urgency
        if self._turn is not None:
            self._gate.let(self._turn, urgency)

    def _work(self, cancel: Cancel, report: Report, tell: Callable[[Profiled], None]) -> None:
        """On a thread of its own."""
        if self._order is None:
            self._order = ReadingOrder(self._checkpoint, self._nbytes)
        order = self._order

        def take(batch: Profiled) -> None:
            order.done(batch.rows)
            if self._spreads is not None:
                self._spreads.add(batch.rows, batch.spreads)
            tell(batch)

        with self._gate.turn(cancel, self._urgency) as turn:
            self._turn = turn
            try:
                while rows := order.deal():
                    before = order.total - order.left()

                    def moved(progress: Progress, before: int = before) -> None:
                        report(Progress(before + progress.done, order.total))

                    profile(self._checkpoint, rows, self._pool, take, turn, moved)
                    order.done(np.array(rows))  # also those that could not be read
            finally:
                self._turn = None

    def _take(self, batch: Profiled) -> None:
        if batch.errors:
            self._set(replace(self.progress, failures=self.progress.failures + len(batch.errors)))
        self.batch.emit(batch)

    def _progressed(self, progress: Progress) -> None:
        done = max(self.progress.done, min(progress.done, progress.total))
        self._set(replace(self.progress, done=done, total=progress.total, seconds=self._seconds()))

    def _done(self, _: None) -> None:
        total = self.progress.total
        self._set(replace(self.progress, phase=Phase.FINISHED, done=total, seconds=self._seconds()))

    def _seconds(self) -> float:
        return self._before + time.monotonic() - self._began

    def _set(self, progress: PassProgress) -> None:
        if progress != self.progress:
            self.progress = progress
            self.changed.emit()
