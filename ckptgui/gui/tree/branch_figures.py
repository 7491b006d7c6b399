"""Keeps up what the tensors of branches come to: at once for small trees, in the background for large ones."""

from __future__ import annotations

from collections.abc import Callable

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
        folds = None if shown.active_folds is None else shown.active_folds.copy()
        waiting, profile, tree = self.waiting(), shown.summaries.profile, shown.tree

        def work(cancel: Cancel, report: Report) -> tuple[Figures, Figures]:
            figures = figures_of(tree, profile, waiting())
            return figures, _as_shown(shown, figures, folds)

        if shown.small:
            figures = figures_of(tree, profile, waiting())
            self._take(shown, (figures, _as_shown(shown, figures, folds)))
        else:
            self._lane.start(work, lambda found: self._take(shown, found))

    def refold(self) -> None:
        """Other layers are folded now."""
        shown = self._shown
        if shown is None or shown.figures is None:
            return
        figures, folds = shown.figures, None if shown.active_folds is None else shown.active_folds.copy()
        if folds is None or not folds.folded.any():
            shown.rows.figures.merged = figures
        elif shown.small:
            shown.rows.figures.merged = _as_shown(shown, figures, folds)
        else:
            shown.rows.figures.merged = None  # rather nothing for a moment than what belongs to other rows
            self.update()

    def _take(self, shown: Shown, found: tuple[Figures, Figures]) -> None:
        shown.figures, shown.rows.figures.merged = found
        self.changed.emit()


def _as_shown(shown: Shown, figures: Figures, folds: Folds | None) -> Figures:
    return figures if folds is None or not folds.folded.any() else figures.folded(shown.tree, folds)
