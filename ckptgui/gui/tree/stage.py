"""What is on the screen: the tree that is shown, its rows in the view, and what was selected last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QObject

from ckptgui.gui.selection import Selection
from ckptgui.gui.tree.held_place import held_place, put_back
from ckptgui.gui.tree.late import LateColumns
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.shown import Shown
from ckptgui.gui.tree.view import TreeView


class Stage(QObject):
    """Shared by those who change which rows there are; ``shown`` says which, ``show`` puts them into the view."""

    def __init__(self, view: TreeView, model: TreeModel, late: LateColumns, parent: QObject) -> None:
        super().__init__(parent)
        self.view, self.model, self.late = view, model, late
        self.shown: Shown | None = None
        self.last: Selection | None = None

    def show(self) -> None:
        """Show the rows anew."""
        shown = self.shown
        if shown is None:
            return
        shown.rows.show_folds(shown.active_folds)
        self.late.branches.refold()
        place = None if shown.arrangement is None else shown.arrangement.place
        self.model.show_tree(shown.rows, shown.visible(), shown.folding, place)
        self.late.settle()

    def chosen(self) -> int:
        """The selected node, also where a filter has taken its row away; or -1."""
        return self.last.node if self.last is not None else self.view.current()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Change rows meanwhile: what is selected stays so, and nothing jumps away under the mouse."""
        chosen, place = self.chosen(), held_place(self.view, self.model)
        yield
        if chosen >= 0:
            self.view.go_to(chosen)
        put_back(self.view, self.model, place)
