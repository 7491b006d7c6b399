"""The reading of a whole checkpoint in the background, for as long as nobody wants something more urgent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.engine.gate import Turn, Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.profiled import Profiled
from ckptgui.engine.reading_order import ReadingOrder
from ckptgui.errors import CheckpointError
from ckptgui.gui.jobs import Background
from ckptgui.gui.pass_progress import PassProgress, Phase
from ckptgui.gui.reading import Arrival, Reading
from ckptgui.gui.warm import wait_until_warm

RESTORED_ROWS = 8_192
"""Records from the disk that are handed on at once."""


class ProfilePass(QObject):
    """Reads one checkpoint. ``batch`` hands on what was found, ``changed`` says that ``progress`` is another."""

    batch = Signal(object)
    changed = Signal()

    def __init__(
        self, reading: Reading, background: Background, nbytes: np.ndarray, parent: QObject | None = None
    ) -> None:
        """``nbytes`` is what each row adds to the whole."""
        super().__init__(parent)
        self._reading, self._nbytes = reading, nbytes
        self._gate = background.gate
        self._lane = background.lane(self, patient=True)
        self._order: ReadingOrder | None = None
        self._turn: Turn | None = None
        self._urgency = Urgency.FRONT
        self._began: float | None = None
        self._before = 0.0  # seconds of the stretches before a stop
        self.progress = PassProgress(total=int(nbytes.sum()))

    def begin(self) -> None:
        """Start, or go on after a stop."""
        if self.progress.phase in (Phase.READING, Phase.FINISHED):
            return
        self._began = None
        self._set(replace(self.progress, phase=Phase.READING, changed=False))
        self._lane.stream(self._work, self._take, lambda _: None, self._failed, self._progressed)

    def stop(self) -> None:
        """Give up for now; what was read is kept."""
        if self.progress.phase is Phase.READING:
            self._lane.cancel()
            self._halt()

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
        turn = self._turn
        if turn is not None:
            self._gate.let(turn, urgency)

    def _work(self, cancel: Cancel, report: Report, tell: Callable[[Arrival | PassProgress], None]) -> None:
        """On a thread of its own. The last that is told is a ``PassProgress``."""
        reading = self._reading
        order = self._order
        if order is None:
            order = ReadingOrder(reading.checkpoint, self._nbytes)
            remembered = self._restore(order, cancel, tell)
            self._order = order
            tell(PassProgress(Phase.READING, remembered, order.total, remembered))
        try:
            self._read(order, cancel, report, tell)
            tell(PassProgress(Phase.FINISHED))
            reading.finish()
        finally:
            reading.remembered.write()

    def _restore(self, order: ReadingOrder, cancel: Cancel, tell: Callable[[Arrival], None]) -> int:
        """Hand on what was kept when the file was read before; bytes of it."""
        kept: list[tuple[np.ndarray, np.ndarray]] = []
        before = order.left()

        def hand_on() -> None:
            if kept:
                rows, records = (np.concatenate(column) for column in zip(*kept))
                order.done(rows)
                tell(Arrival(rows, records))
                kept.clear()

        for block in self._reading.remembered.records():
            cancel.check()
            kept.append(block)
            if sum(len(rows) for rows, _ in kept) >= RESTORED_ROWS:
                hand_on()
        hand_on()
        self._reading.restore()
        return before - order.left()

    def _read(
        self, order: ReadingOrder, cancel: Cancel, report: Report, tell: Callable[[Arrival | PassProgress], None]
    ) -> None:
        reading = self._reading

        def take(batch: Profiled) -> None:
            order.done(batch.rows)
            tell(reading.note(batch))

        wait_until_warm(cancel, lambda: tell(PassProgress(Phase.READING, preparing=True)))  # in nobody's way
        with self._gate.turn(cancel, self._urgency) as turn:
            self._turn = turn
            try:
                while rows := order.deal():
                    self._began = self._began or time.monotonic()
                    before = order.total - order.left()

                    def moved(progress: Progress, before: int = before) -> None:
                        report(Progress(before + progress.done, order.total))

                    reading.figures.profile(rows, take, turn, moved)
                    order.done(np.array(rows))  # also those that could not be read
            finally:
                self._turn = None

    def _take(self, news: Arrival | PassProgress) -> None:
        if isinstance(news, Arrival):
            if news.errors:
                self._set(replace(self.progress, failures=self.progress.failures + len(news.errors)))
            self.batch.emit(news)
        elif news.phase is Phase.FINISHED:
            done = replace(self.progress, phase=Phase.FINISHED, done=self.progress.total, seconds=self._seconds())
            self._set(replace(done, preparing=False))
        elif news.preparing:
            self._set(replace(self.progress, preparing=True))
        else:
            self._set(replace(self.progress, done=news.done, total=news.total, remembered=news.remembered))

    def _progressed(self, progress: Progress) -> None:
        if self.progress.phase is Phase.READING:
            done = max(self.progress.done, min(progress.done, progress.total))
            now = replace(self.progress, done=done, total=progress.total, seconds=self._seconds())
            self._set(replace(now, preparing=False))

    def _failed(self, _: CheckpointError) -> None:
        """The file is no longer the one that was opened."""
        self._halt(changed=True)

    def _halt(self, changed: bool = False) -> None:
        self._before = self._seconds()
        stopped = replace(self.progress, phase=Phase.STOPPED, seconds=self._before, changed=changed)
        self._set(replace(stopped, preparing=False))

    def _seconds(self) -> float:
        return self._before + (time.monotonic() - self._began if self._began is not None else 0.0)

    def _set(self, progress: PassProgress) -> None:
        if progress != self.progress:
            self.progress = progress
            self.changed.emit()
