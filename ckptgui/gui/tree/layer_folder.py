"""Which equal layers are one row: all or none by one wish that outlasts a file, and each run by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.core.tree.folds import Folds
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.folding import same_rows
from ckptgui.gui.tree.shown import Shown


class LayerFolder(QObject):
    """``changed``: what the button says is another; ``refolded``: the rows are."""

    wish_changed = Signal(bool)
    changed = Signal()
    refolded = Signal()

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._shown: Shown | None = None
        self.wanted = False

    def begin(self, before: Shown | None, shown: Shown) -> None:
        """Fold what is folded in another epoch, or all that is wanted, before a tree is shown."""
        self._lane.cancel()
        if not shown.small:
            return
        folds = shown.folds = Folds(shown.prepared.repeats())
        folds.folded[:] = self.wanted
        if before is None or before.folds is None or not same_rows(before.tree, shown.tree):
            return
        if np.array_equal(before.folds.repeats.head, folds.repeats.head):
            folds.folded[:] = before.folds.folded

    def follow(self, shown: Shown | None) -> None:
        """Serve this tree from now on; a large one's layers are looked for in the background."""
        self._lane.cancel()
        self._shown = shown
        self.changed.emit()
        if shown is None or shown.folds is not None:
            return

        def found(folds: Folds) -> None:
            folds.folded[:] = self.wanted
            shown.folds = folds
            if self.wanted:
                self.refolded.emit()
            self.changed.emit()

        self._lane.start(lambda cancel, _: Folds(shown.prepared.repeats(cancel.check)), found)

    def fold_all(self, folded: bool) -> None:
        """Make equal layers one row, or show each, here and in what is opened next."""
        if folded != self.wanted:
            self.wanted = folded
            self.wish_changed.emit(folded)
        shown = self._shown
        if shown is not None and shown.folds is not None:
            self.fold(range(len(shown.folds.folded)), folded)
        self.changed.emit()

    def toggle_run(self, node: int) -> None:
        """Show the layers of a folded row one by one, or fold the run that a row belongs to."""
        shown = self._shown
        if shown is None or shown.active_folds is None:
            return
        folds = shown.active_folds
        run = next(iter(folds.repeats.around(node)), None)
        if run is not None:
            self.fold([run], not folds.folded[run])

    def fold(self, runs: Sequence[int], folded: bool) -> None:
        """Fold some runs, or show their layers."""
        shown = self._shown
        if shown is not None and shown.folds is not None:
            shown.folds.folded[np.asarray(runs, np.int64)] = folded
            self.refolded.emit()
            self.changed.emit()
