"""In which order rows stand: kept across files, worked out at once or in the background.

An order by figures is that of the click. While more tensors are read it is taken anew once a second at most, and
not while the mouse is over the rows, where somebody is about to click one; at the end it is taken in any case. The
row under the mouse, or else the selected one, stays where it is on the screen meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from ckptgui.core.tree.sort import Arrangement, SortKey, arranged
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.columns import CAPTION_OF, SORTED_BY, Column
from ckptgui.gui.tree.shown import Shown

CALM = 1.0
"""Seconds between two orders of rows whose figures are still coming in."""


class Sorter(QObject):
    """``changed`` comes when another order is asked for, ``arranged`` when it is there (None: as saved).

    ``rearranged`` carries the same order with newer figures. ``disturbs`` says whether somebody is pointing at
    the rows now.
    """

    changed = Signal()
    arranged = Signal(object)
    rearranged = Signal(object)

    def __init__(self, background: Background, disturbs: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._disturbs = disturbs
        self._shown: Shown | None = None
        self._sorted_at = 0.0
        self.key: SortKey | None = None
        self.descending = False

    def follow(self, shown: Shown | None) -> None:
        """Sort this tree from now on, the way the one before was."""
        self._lane.cancel()
        self._shown = shown
        self.sort_again()

    def column(self) -> Column | None:
        """The column whose caption says so."""
        return None if self.key is None else CAPTION_OF.get(self.key)

    def caption_clicked(self, section: int) -> None:
        """Sort by a column: first the way that is looked for, then the other, then as saved."""
        key = SORTED_BY.get(Column(section))
        if key is None:
            return
        first = key not in (SortKey.NAME, SortKey.TYPE)  # the largest are looked for, names are read from A
        if self.key is not key:
            self.sort_by(key, first)
        elif self.descending is first:
            self.sort_by(key, not first)
        else:
            self.sort_by(None, False)

    def sort_by(self, key: SortKey | None, descending: bool) -> None:
        """Put siblings in order; None: as they were saved."""
        self.key, self.descending = key, descending
        self.changed.emit()
        self._lane.cancel()
        if key is None:
            self.arranged.emit(None)
        else:
            self.sort_again()

    def figures_changed(self, last: bool) -> None:
        """More tensors were read; ``last``: no more will be."""
        if self.key is None or not self.key.is_late:
            return
        if last or (not self._lane.busy and time.monotonic() - self._sorted_at >= CALM and not self._disturbs()):
            self._sort(self.rearranged.emit)

    def sort_again(self) -> None:
        """The same order for what is folded otherwise now."""
        self._sort(self.arranged.emit)

    def _sort(self, take: Callable[[Arrangement], None]) -> None:
        shown, key, descending = self._shown, self.key, self.descending
        if shown is None or key is None:
            return
        folds = None if shown.active_folds is None else shown.active_folds.copy()
        figures = shown.figures
        self._sorted_at = time.monotonic() if figures is not None else 0.0

        def work(cancel: Cancel, report: Report) -> Arrangement:
            whole = figures
            if key.is_late and figures is not None and folds is not None:
                whole = figures.folded(shown.tree, folds)
            return arranged(shown.tree, key, descending, folds, whole)

        if shown.small:
            take(work(Cancel(), lambda _: None))
        else:
            self._lane.start(work, take)
