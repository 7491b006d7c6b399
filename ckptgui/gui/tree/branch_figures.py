"""Keeps up what the tensors of branches come to: at once for small trees, in the background for large ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.core.tree.figures import Figures, figures_of, waiting_rows
from ckptgui.core.tree.folds import Folds
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.shown import Shown


class BranchFigures(QObject):
    """``changed``: the rows have newer figures; ``complete`` says whether no more will come.

    A job reads the profile while the GUI thread fills it: a tensor that is just written may be seen half, until
    the next round, which its arrival asks for.
    """

    changed = Signal()

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._shown: Shown | None = None
        self._failed: set[int] = set()
        self.complete = False

    def follow(self, shown: Shown | None) -> None:
        """Serve this tree from now on."""
        self._lane.cancel()
        self._failed.clear()
        self.complete = False
        self._shown = shown

    def fail(self, row: int) -> None:
        """A tensor is not waited for any longer."""
        self._failed.add(row)

    def finish(self) -> None:
        """There is nothing left to read: nothing is waited for."""
        self.complete = True
        self._lane.cancel()
        self.update()

    def waiting(self) -> Callable[[], np.ndarray]:
        """What works out, on any thread, which tensors are still to be read (bool a tensor)."""
        shown, failed, complete = self._shown, list(self._failed), self.complete
        assert shown is not None
        table, profile = shown.rows.table, shown.summaries.profile

        def waiting() -> np.ndarray:
            return np.zeros(len(table), bool) if complete else waiting_rows(table, profile, failed)

        return waiting

    @property
    def busy(self) -> bool:
        """Whether it is working in the background."""
        return self._lane.busy

    def update(self) -> None:
        """Sum up what is known now."""
        shown = self._shown
        if shown is None:
            return
        folds, waiting = _folds_of(shown), self.waiting()
        profile, tree = shown.summaries.profile, shown.tree

        def work(cancel: Cancel, report: Report) -> _Summed:
            figures = figures_of(tree, profile, waiting())
            return _Summed(figures, folds, figures if folds is None else figures.folded(tree, folds))

        if shown.small:
            self._take(shown, work(Cancel(), lambda _: None))
        else:
            self._lane.start(work, lambda found: self._take(shown, found))

    def refold(self) -> None:
        """Other layers are folded now."""
        shown = self._shown
        if shown is None or shown.figures is None:
            return
        folds = _folds_of(shown)
        if folds is None:
            shown.rows.figures.merged = shown.figures
        elif shown.small:
            shown.rows.figures.merged = shown.figures.folded(shown.tree, folds)
        else:
            shown.rows.figures.merged = None  # rather nothing for a moment than what belongs to other rows
            self.update()

    def _take(self, shown: Shown, found: _Summed) -> None:
        shown.figures = found.figures
        if _are_alike(found.folds, _folds_of(shown)):
            shown.rows.figures.merged = found.merged
        else:  # somebody folded other layers meanwhile
            self.refold()
        self.changed.emit()


class _Summed(NamedTuple):
    """The figures of all nodes, and those with layers folded as they were asked for."""

    figures: Figures
    folds: Folds | None
    merged: Figures


def _folds_of(shown: Shown) -> Folds | None:
    """The folds that rows stand for now; None where each stands for itself."""
    folds = shown.active_folds
    return None if folds is None or not folds.folded.any() else folds.copy()


def _are_alike(one: Folds | None, other: Folds | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one.folded, other.folded)
