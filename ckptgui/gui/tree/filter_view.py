"""What the filter does to the tree on the screen: it keeps rows, counts them, or says that nothing fits."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QStackedLayout

from ckptgui.core.tree.facets import mistaken_property, terms_of
from ckptgui.core.tree.search import Found
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.filter_box import FilterBox
from ckptgui.gui.tree.filterer import Filterer
from ckptgui.gui.tree.nothing import NothingFound
from ckptgui.gui.tree.stage import Stage


class FilterView(QObject):
    """``cleared`` carries the node that was selected before, or -1, when all rows are back."""

    cleared = Signal(int)

    def __init__(self, background: Background, box: FilterBox, stage: Stage, parent: QObject) -> None:
        super().__init__(parent)
        self._box, self._stage, self._view = box, stage, stage.view
        self.nothing = NothingFound()
        self.stack = QStackedLayout()
        self.stack.addWidget(self._view)
        self.stack.addWidget(self.nothing)
        self.filterer = Filterer(background, stage.late.branches, self)
        self.filterer.found.connect(self._show_found)
        self.filterer.problem.connect(box.show_problem)
        self.nothing.cleared.connect(self.clear)
        box.asked.connect(self.ask)
        box.left.connect(self._into_rows)

    def forget(self) -> None:
        """Empty the field without asking anything."""
        self._box.blockSignals(True)
        self._box.clear()
        self._box.blockSignals(False)

    def clear(self) -> None:
        """Show all rows again."""
        self._box.clear()
        self._box.ask_now()

    def show_all(self) -> None:
        """Show every row of another tree."""
        shown = self._stage.shown
        if shown is not None:
            shown.found = shown.open_found = None
            self._stage.show()
            self._box.show_count(None, 0)
            self.stack.setCurrentWidget(self._view)

    def ask(self, text: str) -> None:
        """Keep what fits; as long as nothing is asked for, and ``dtype:`` alone asks for nothing, all."""
        if next(terms_of(text), None) is None:
            self.filterer.stop()
            chosen = self._stage.chosen()
            self.show_all()
            self.cleared.emit(chosen)
        else:
            self.filterer.ask(text)

    def _show_found(self, found: Found, again: bool) -> None:
        """Show what a filter keeps; ``again``: the same filter, of which more is known now."""
        shown, chosen = self._stage.shown, self._stage.chosen()
        if shown is None:
            return
        if again:
            with self._stage.held():
                shown.found = found
                self._stage.show()
        else:
            shown.found, shown.open_found = found, np.ones(len(shown.tree), bool)
            self._stage.show()
            if chosen >= 0 and found.kept[chosen]:
                self._view.go_to(chosen)
        self._tell(found, len(shown.rows.table))

    def _tell(self, found: Found, total: int) -> None:
        self._box.show_count(found.tensors, total, bool(found.open))
        nothing = not found.matched.any()
        if nothing and (doubt := mistaken_property(self._box.text())):
            self._box.show_problem(doubt)
        self.nothing.show_so_far(bool(found.open))
        self.stack.setCurrentWidget(self.nothing if nothing else self._view)

    def _into_rows(self) -> None:
        """Go on with the keys in the rows, on the first that fits."""
        shown, visible = self._stage.shown, self._stage.model.visible
        if shown is not None and self._view.current() < 0 and len(visible):
            hits = visible if shown.found is None else visible[shown.found.matched[visible]]
            self._view.go_to(int(hits[0] if len(hits) else visible[0]))
        self._view.setFocus(Qt.FocusReason.ShortcutFocusReason)  # last: with no row chosen Qt takes the first
