"""Answers the filter: at once for small trees, else in the background, and again as more tensors are read.

A filter that asks for figures keeps what is known to fit. Once a second at most, and when all is read, it is
answered anew.
"""

from __future__ import annotations

import time
from functools import partial

from PySide6.QtCore import QObject, Signal

from ckptgui.core.tree.search import Found, PatternError
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.branch_figures import BranchFigures
from ckptgui.gui.tree.shown import Shown

CALM = 1.0
"""Seconds between two answers to a filter whose figures are still coming in."""


class Filterer(QObject):
    """``found`` carries what a filter keeps, and whether it is the one before; ``problem`` a sentence."""

    found = Signal(object, bool)
    problem = Signal(str)

    def __init__(self, background: Background, branches: BranchFigures, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._branches = branches
        self._shown: Shown | None = None
        self._text = ""
        self._open = False
        self._answered_at = 0.0

    def follow(self, shown: Shown | None) -> None:
        """Filter this tree from now on."""
        self.stop()
        self._shown = shown

    def stop(self) -> None:
        """Nothing is asked any more."""
        self._lane.cancel()
        self._text, self._open = "", False

    def ask(self, text: str) -> None:
        """Find what fits."""
        self._text, self._open = text, False
        self._answer(again=False)

    def figures_changed(self, last: bool) -> None:
        """More tensors were read; ``last``: no more will be."""
        if not self._open or (self._lane.busy and not last):
            return
        if last or time.monotonic() - self._answered_at >= CALM:
            self._answer(again=True)

    def _answer(self, again: bool) -> None:
        shown, text = self._shown, self._text
        if shown is None or not text:
            return
        waiting, profile = self._branches.waiting(), shown.summaries.profile

        def work(cancel: Cancel, report: Report) -> Found:
            search = shown.prepared.search(cancel.check)
            return search.find(text, cancel.check, profile, waiting())

        self._lane.cancel()
        if shown.small:
            try:
                self._take(again, work(Cancel(), lambda _: None))
            except PatternError as error:
                self.problem.emit(str(error))
        else:
            self._lane.start(work, partial(self._take, again), lambda error: self.problem.emit(str(error)))

    def _take(self, again: bool, found: Found) -> None:
        self._open = found.open > 0
        self._answered_at = time.monotonic()
        self.found.emit(found, again)
