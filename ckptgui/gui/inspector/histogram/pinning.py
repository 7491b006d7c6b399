"""Pins tensors that are not the one looked at: what is not known of them yet is read, one after the other."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.gate import Urgency
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.histogram.notes import nothing_text
from ckptgui.gui.inspector.histogram.series import Pins, series_of
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import tr
from ckptgui.gui.summaries import Summaries
from ckptgui.sources.locate import SourcePool


class Pinning(QObject):
    """``refused`` says why a tensor was not pinned."""

    refused = Signal(str)

    def __init__(self, background: Background, pins: Pins, parent: QObject) -> None:
        super().__init__(parent)
        self._background, self._pins = background, pins
        self._lane = background.lane(self)
        self._document: tuple[Checkpoint, SourcePool, Summaries] | None = None
        self._waiting: list[int] = []

    def set_document(self, checkpoint: Checkpoint, pool: SourcePool, summaries: Summaries) -> None:
        """Rows are those of another checkpoint from now on."""
        self._lane.cancel()
        self._waiting.clear()
        self._document = checkpoint, pool, summaries

    def ask(self, row: int) -> None:
        """Pin a tensor, or take its pin away."""
        if self._document is None:
            return
        checkpoint, _, summaries = self._document
        key = checkpoint.path, checkpoint.tensors.path(row)
        pin = next((pin for pin in self._pins if pin.series.key == key), None)
        if pin is not None:
            self._pins.remove(pin.series)
        elif self._pins.full:
            self.refused.emit(tr("{0} are pinned; take one away first.").format(len(self._pins)))
        elif (known := summaries.get(row)) is not None:
            self._pin(row, known)
        elif row not in self._waiting:
            self._waiting.append(row)
            self._next()

    def _next(self) -> None:
        if self._lane.busy or not self._waiting or self._document is None:
            return
        row = self._waiting.pop(0)
        figures, gate = self._document[2].figures, self._background.gate

        def work(cancel: Cancel, report: Report) -> Summary:
            with gate.turn(cancel, Urgency.SELECTED) as turn:
                return figures.summarise(row, turn, report)

        def done(summary: Summary) -> None:
            self._pin(row, summary)
            self._next()

        def failed(error: CheckpointError) -> None:
            self.refused.emit(str(error))
            self._next()

        self._lane.start(work, done, failed)

    def _pin(self, row: int, summary: Summary) -> None:
        if self._document is None:
            return
        checkpoint, pool, summaries = self._document
        figures = summaries.figures
        series = series_of(checkpoint, figures.info(row), summary, pool, figures)
        if series is None:
            self.refused.emit(nothing_text(summary.statistics))
        elif not self._pins.holds(series):
            self._pins.toggle(series)
