"""Fills the late columns: asks for the rows on the screen, and repaints once a tick when values have arrived."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.core.tree.build import Tree
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.branch_figures import BranchFigures
from ckptgui.gui.tree.branch_pictures import BranchPictures
from ckptgui.gui.tree.found_below import FoundBelow, RowFinding
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.shown import Shown
from ckptgui.gui.tree.view import TreeView

_SETTLE_MS = 30
_SOON_MS = 15
_TICK_MS = 100
"""Values that arrive after a pause are shown soon; a stream of them ten times a second."""

MOST_TENSORS = 32
MOST_BYTES = 64 * 2**20
"""A branch up to this size is read for its row; larger ones wait until the whole file is."""


class LateColumns(QObject):
    """Serves one view. ``settle`` after every change of what is on the screen.

    ``updated``: branches have newer figures, for whoever sorts and filters by them.
    """

    updated = Signal()

    def __init__(self, view: TreeView, model: TreeModel, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._model = view, model
        self._shown: Shown | None = None
        self.branches = BranchFigures(background, self)
        self.pictures = BranchPictures(background, self)
        self._findings_lane = background.lane(self)
        self._ticked_at = 0.0
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._tick = QTimer(self, singleShot=True)
        self._settle.timeout.connect(self._want)
        self._tick.timeout.connect(self._refresh)
        self.branches.changed.connect(self._branches_changed)
        self.pictures.changed.connect(self._pictures_changed)
        view.scrolled.connect(self.settle)

    def follow(self, shown: Shown | None) -> None:
        """Serve another tree from now on."""
        if self._shown is not None:
            self._listen(self._shown, False)
        self._tick.stop()
        self._findings_lane.cancel()
        self._shown = shown
        self.branches.follow(shown)
        self.pictures.follow(shown)
        if shown is not None:
            self._listen(shown, True)
            if shown.summaries.profile.known.any():  # another view, or the disk, knew them already
                self._arrived(np.zeros(0, np.int64))

    def _listen(self, shown: Shown, on: bool) -> None:
        summaries = shown.summaries
        for signal, slot in (
            (summaries.arrived, self._arrived),
            (summaries.failed, self._failed),
            (summaries.finished, self._finished),
        ):
            signal.connect(slot) if on else signal.disconnect(slot)

    def set_findings(self, findings: Callable[[], Mapping[int, Sequence[RowFinding]]]) -> None:
        """Show badges for what somebody found out about tensors, by row of the table.

        There may be one for each of a million: they are asked for, and added up, on another thread.
        """
        shown = self._shown
        if shown is None:
            return

        def take(found: FoundBelow) -> None:
            shown.rows.set_findings(found)
            self._repaint()

        self._findings_lane.start(lambda cancel, _: FoundBelow(shown.tree, findings()), take)

    def settle(self) -> None:
        """The screen changes: ask for its rows when it has come to rest."""
        self._settle.start()

    def _want(self) -> None:
        shown = self._shown
        if shown is None or not self._view.isVisible():
            return
        tree, waiting = shown.tree, []
        for node in self._view.visible_nodes():
            if shown.rows.copies(node) == 1:
                waiting += [int(tree.row[node])] if tree.row[node] >= 0 else rows_below(tree, node)
        shown.summaries.want(list(dict.fromkeys(waiting)))
        self.pictures.want(self._view.visible_nodes())

    def _arrived(self, _rows: np.ndarray) -> None:
        if not self._tick.isActive():
            since = 1000 * (time.monotonic() - self._ticked_at)
            self._tick.start(max(_SOON_MS, round(_TICK_MS - since)))

    def _failed(self, row: int) -> None:
        self.branches.fail(row)
        self._arrived(np.array([row]))

    def _finished(self) -> None:
        self._tick.stop()
        self.branches.finish()

    def _refresh(self) -> None:
        """One notice a tick for all that arrived."""
        self._ticked_at = time.monotonic()
        if self._shown is not None and not self._shown.small:
            self._repaint()  # tensors at once, branches when they are summed up
        if self.branches.busy:
            self._tick.start(_TICK_MS)
        else:
            self.branches.update()

    def _branches_changed(self) -> None:
        self._repaint()
        self.pictures.want(self._view.visible_nodes())
        self.updated.emit()

    def _pictures_changed(self) -> None:
        self._repaint()
        self.pictures.want(self._view.visible_nodes())  # of rows that came into view meanwhile

    def _repaint(self) -> None:
        self._model.rows_changed(self._view.visible_rows())


def rows_below(tree: Tree, node: int) -> list[int]:
    """The tensors of a branch that is small enough to be read for its row; none for larger ones."""
    if tree.row[node] >= 0 or not 0 < tree.tensors[node] <= MOST_TENSORS or tree.nbytes[node] > MOST_BYTES:
        return []
    rows = tree.row[node : tree.end[node]]
    return [row for row in rows[rows >= 0].tolist() if not tree.repeated[row]]
