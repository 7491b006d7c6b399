"""Opens and closes branches of what is shown, and keeps what is selected in sight of its row."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QAbstractItemView

from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.shown import Shown
from ckptgui.gui.tree.view import TreeView


class OpenBranches(QObject):
    """``moved``: other rows are on the screen."""

    moved = Signal()

    def __init__(self, view: TreeView, model: TreeModel, parent: QObject) -> None:
        super().__init__(parent)
        self._view, self._model = view, model
        self._shown: Shown | None = None

    def follow(self, shown: Shown | None) -> None:
        """Serve this tree from now on."""
        self._shown = shown

    def toggle(self, node: int, opened: bool) -> None:
        """Open or close one branch."""
        self._open(slice(node, node + 1), opened)

    def expand_below(self, node: int) -> None:
        """Open a branch and all below it."""
        if self._shown is not None:
            self._open(slice(node, int(self._shown.tree.end[node])), True)

    def collapse_below(self, node: int) -> None:
        """Close a branch and all below it; the file's own row stays open."""
        if self._shown is not None:
            self._open(slice(max(node, 1), int(self._shown.tree.end[node])), False)

    def _open(self, nodes: slice, opened: bool) -> None:
        shown = self._shown
        if shown is not None:
            chosen = self._view.current()
            shown.folding[nodes] = opened
            self._model.show_rows(shown.visible(), shown.folding)
            self.stay_at(chosen)

    def go_to(self, node: int) -> bool:
        """Open what leads to a node, select it, and scroll to it; a far one comes to the middle."""
        shown = self._shown
        if shown is None:
            return False
        above = shown.tree.ancestors(node)
        if not shown.folding[above].all():
            shown.folding[above] = True
            self._model.show_rows(shown.visible(), shown.folding)
        far = node not in self._view.visible_nodes()
        hints = QAbstractItemView.ScrollHint
        return self._view.go_to(node, hints.PositionAtCenter if far else hints.EnsureVisible)

    def stay_at(self, chosen: int) -> None:
        """Keep a node selected, or what its row went into."""
        while self._shown is not None and chosen > 0 and self._model.row_of(chosen) < 0:
            chosen = int(self._shown.tree.parent[chosen])
        if chosen >= 0 and chosen != self._view.current():
            self._view.go_to(chosen)
        self.moved.emit()
