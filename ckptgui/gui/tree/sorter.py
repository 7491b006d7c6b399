"""In which order rows stand: kept across files, worked out at once or in the background."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ckptgui.core.tree.sort import Arrangement, SortKey, arranged
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.columns import SORTED_BY, Column
from ckptgui.gui.tree.shown import Shown


class Sorter(QObject):
    """``changed`` comes when another order is asked for, ``arranged`` when it is there (None: as saved)."""

    changed = Signal()
    arranged = Signal(object)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._shown: Shown | None = None
        self.key: SortKey | None = None
        self.descending = False

    def follow(self, shown: Shown | None) -> None:
        """Sort this tree from now on, the way the one before was."""
        self._lane.cancel()
        self._shown = shown
        self.sort_again()

    def column(self) -> Column | None:
        """The column whose caption says so."""
        return next((column for column, key in SORTED_BY.items() if key is self.key), None)

    def caption_clicked(self, section: int) -> None:
        """Sort by a column: first the way that is looked for, then the other, then as saved."""
        key = SORTED_BY.get(Column(section))
        if key is None:
            return
        first = key in (SortKey.SIZE, SortKey.ELEMENTS)  # the largest are looked for, names are read from A
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

    def sort_again(self) -> None:
        """The same order for what is folded otherwise now."""
        shown, key, descending = self._shown, self.key, self.descending
        if shown is None or key is None:
            return
        folds = None if shown.active_folds is None else shown.active_folds.copy()
        if shown.small:
            self.arranged.emit(arranged(shown.tree, key, descending, folds))
            return

        def work(cancel: Cancel, report: Report) -> Arrangement:
            return arranged(shown.tree, key, descending, folds)

        self._lane.start(work, self.arranged.emit)
