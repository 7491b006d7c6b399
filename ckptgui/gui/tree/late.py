"""Fills the late columns: asks for the rows on the screen, and says once a tick which of them have arrived."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from ckptgui.core.tree.build import Tree
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.shown import Shown
from ckptgui.gui.tree.subtotals import rows_below
from ckptgui.gui.tree.view import TreeView

_SETTLE_MS = 30
_TICK_MS = 40


class LateColumns(QObject):
    """Serves one view. ``settle`` after every change of what is on the screen."""

    def __init__(self, view: TreeView, model: TreeModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view, self._model = view, model
        self._shown: Shown | None = None
        self._arrived: set[int] = set()
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._tick = QTimer(self, singleShot=True, interval=_TICK_MS)
        self._settle.timeout.connect(self._want)
        self._tick.timeout.connect(self._refresh)
        view.scrolled.connect(self.settle)

    def follow(self, shown: Shown | None) -> None:
        """Serve another tree from now on."""
        if self._shown is not None:
            self._shown.summaries.ready.disconnect(self._summary_arrived)
            self._shown.summaries.failed.disconnect(self._summary_arrived)
        self._arrived.clear()
        self._shown = shown
        if shown is not None:
            shown.summaries.ready.connect(self._summary_arrived)
            shown.summaries.failed.connect(self._summary_arrived)

    def settle(self) -> None:
        """The screen changes: ask for its rows when it has come to rest."""
        self._settle.start()

    def _want(self) -> None:
        shown = self._shown
        if shown is None or not self._view.isVisible():
            return
        tree = shown.tree
        nodes = [node for node in self._view.visible_nodes() if shown.rows.copies(node) == 1]
        rows = [int(tree.row[node]) for node in nodes if tree.row[node] >= 0]
        below = [row for node in nodes if shown.rows.subtotal(node) is None for row in rows_below(tree, node)]
        shown.summaries.want(list(dict.fromkeys(rows + below)))

    def _summary_arrived(self, row: int) -> None:
        self._arrived.add(row)
        if self._shown is not None:
            self._shown.rows.take_alarm(row)
        if not self._tick.isActive():
            self._tick.start()

    def _refresh(self) -> None:
        """One notice a tick for all rows that arrived, and only if any of them has a place."""
        shown, arrived = self._shown, self._arrived
        if shown is None or not arrived:
            return
        rows = {self._nearest_row(shown.tree, shown.tree.node_of_row(row)) for row in arrived}
        arrived.clear()
        self._model.rows_changed(sorted(row for row in rows if row >= 0))

    def _nearest_row(self, tree: Tree, node: int) -> int:
        """The row of a node, or of the closed branch that it is in."""
        while node >= 0 and (row := self._model.row_of(node)) < 0:
            node = int(tree.parent[node])
        return row if node >= 0 else -1
