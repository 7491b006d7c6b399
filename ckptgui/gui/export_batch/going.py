"""A batch that goes on: its lines, how far all of them are, and what is said of that."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.core.display import display
from ckptgui.export.batch import Batch, Standing, State
from ckptgui.gui.export_batch.model import BatchModel
from ckptgui.gui.export_batch.wish import BatchWish
from ckptgui.gui.export_batch.words import checkpoints, state_words
from ckptgui.gui.numbers import integer, size_text, tr

_INTERVAL = 50
"""Milliseconds between two times that how far all are is told of: small files end in less."""


class Going(QObject):
    """``changed``: some line is further, told now and then. Outlives the dialogue that shows it."""

    changed = Signal()

    def __init__(self, wish: BatchWish, batch: Batch[Any], parent: QObject) -> None:
        super().__init__(parent)
        self.batch, self.folder, self.running = batch, wish.folder, True
        self.model = BatchModel([replace(line, standing=Standing()) for line in wish.lines], self)
        self._telling = QTimer(self, interval=_INTERVAL, singleShot=True)
        self._telling.timeout.connect(self.changed)
        self._began, self.seconds = time.monotonic(), 0.0
        self._sizes = [line.prospect.nbytes if line.goes and line.prospect else 0 for line in self.model.lines]

    def show_standing(self, row: int, standing: Standing[Any]) -> None:
        """One of them is further."""
        self.model.show_standing(row, standing)
        if not self._telling.isActive():
            self._telling.start()

    def end(self) -> None:
        """Nothing more comes."""
        self._telling.stop()
        self.running, self.seconds = False, time.monotonic() - self._began
        for row, standing in enumerate(self.batch.standings):
            self.model.show_standing(row, standing if standing.state.ended else Standing(State.CANCELLED))
        self.changed.emit()

    @property
    def standings(self) -> list[Standing[Any]]:
        """How far each is, as it is shown."""
        return [line.standing or Standing() for line in self.model.lines]

    def amount(self) -> tuple[int, int]:
        """Bytes that are written and read back, and all that will be."""
        done = 0.0
        for nbytes, standing in zip(self._sizes, self.standings):
            share = standing.done / standing.total if standing.total else 0.0
            done += nbytes * (1.0 if standing.state.ended else share)
        return int(done), sum(self._sizes)

    def at(self) -> int:
        """The line that is worked on, or comes next; the last one when nothing does."""
        rows = (row for row, standing in enumerate(self.standings) if not standing.state.ended)
        return next(rows, len(self.model.lines) - 1)

    def now(self) -> str:
        """``3 of 8: epoch_2.pt, writing``"""
        ended = sum(standing.state.ended for standing in self.standings)
        place = min(ended + 1, len(self.model.lines))
        text = tr("{n} of {all}").format(n=integer(place), all=integer(len(self.model.lines)))
        line = self.model.lines[self.at()]
        if line.standing is None or line.standing.state is State.WAITING or line.standing.state.ended:
            return text
        return f"{text}: {display(line.title, 40)}, {state_words(line.standing).lower()}"

    def sentence(self) -> str:
        """How far all of them are, with sizes; at the end how many were written."""
        if self.running:
            done, total = self.amount()
            return tr("{now} · {done} of {total}").format(
                now=self.now(), done=size_text(done), total=size_text(total)
            )
        done = sum(standing.state is State.DONE for standing in self.standings)
        return tr("{done} of {all} exported").format(done=integer(done), all=checkpoints(len(self.model.lines)))
