"""The tree with its filter: shows a checkpoint's rows, keeps the view across epochs, says what is selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path
from ckptgui.core.tree.build import NodeKind, Tree
from ckptgui.core.tree.offers import Vocabulary
from ckptgui.core.tree.sort import Arrangement, SortKey
from ckptgui.engine.job import Cancel
from ckptgui.engine.memory import give_memory_back
from ckptgui.gui.jobs import Background
from ckptgui.gui.selection import Selection
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.tree.column_choice import ColumnChoice
from ckptgui.gui.tree.filter_box import FilterBox
from ckptgui.gui.tree.filter_view import FilterView
from ckptgui.gui.tree.folding import carried_over, first_expansion
from ckptgui.gui.tree.found_below import RowFinding
from ckptgui.gui.tree.late import LateColumns
from ckptgui.gui.tree.layer_folder import LayerFolder
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.open_branches import OpenBranches
from ckptgui.gui.tree.places import Places
from ckptgui.gui.tree.prepared import Prepared
from ckptgui.gui.tree.row_menu import RowActs, copy_text, row_menu
from ckptgui.gui.tree.rows import Rows
from ckptgui.gui.tree.shown import Shown
from ckptgui.gui.tree.sorter import Sorter
from ckptgui.gui.tree.stage import Stage
from ckptgui.gui.tree.tools import TreeTools
from ckptgui.gui.tree.view import TreeView


class TreePanel(QWidget):
    """Filter box, tools and tree. ``selected`` comes once a change, whoever made it."""

    selected = Signal(object)  # Selection
    fold_changed = Signal(bool)
    export_asked = Signal(int)  # node
    menu_asked = Signal(object, int)  # a menu about to be shown, and its node: more can be added
    columns_changed = Signal(object)  # a tuple of their keys

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prepare_lane = background.lane(self)
        self._model = TreeModel(self)
        self._folder = LayerFolder(background, self)
        self.filter_box = FilterBox(self)
        self.tools = TreeTools(self)
        self.view = TreeView(self._model, self)
        self.columns = ColumnChoice(self.view, self.tools, self)
        self._branches = OpenBranches(self.view, self._model, self)
        self._late = LateColumns(self.view, self._model, background, self)
        self._sorter = Sorter(background, lambda: self.view.delegate.hovered >= 0, self)
        self._stage = Stage(self.view, self._model, self._late, self)
        self._filter = FilterView(background, self.filter_box, self._stage, self)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(8, 6, 8, 6)
        top.setSpacing(6)
        top.addWidget(self.filter_box, 1)
        top.addWidget(self.tools)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(self._filter.stack, 1)
        self.setFocusProxy(self.view)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.view.viewport().backgroundRole())

    def _connect(self) -> None:
        self._filter.cleared.connect(self._after_filter)
        self.tools.sort_asked.connect(self.sort_by)
        self.tools.fold_asked.connect(self.fold_layers)
        self.view.header.sectionClicked.connect(self._sorter.caption_clicked)
        self._sorter.changed.connect(self._show_order)
        self._sorter.arranged.connect(self._arrange)
        self._sorter.rearranged.connect(self._rearrange)
        self._late.updated.connect(self._figures_changed)
        self.columns.changed.connect(self.columns_changed)
        self._folder.wish_changed.connect(self.fold_changed)
        self._folder.changed.connect(self._show_folding)
        self._folder.refolded.connect(self._show_folds)
        self.view.toggled.connect(self._branches.toggle)
        self.view.expanded_below.connect(self.expand_below)
        self._branches.moved.connect(self._late.settle)
        self.view.run_toggled.connect(self.toggle_run)
        self.view.current_node.connect(self._current_node)
        self.view.menu_asked.connect(self._show_menu)
        self.view.copy_asked.connect(self.copy_path)

    def set_document(
        self, checkpoint: Checkpoint, tree: Tree, summaries: Summaries, keep_view: bool = False
    ) -> None:
        """Show a checkpoint. ``keep_view`` keeps folding, filter, scroll and selection, by path."""
        before, chosen = self._shown, self._stage.last
        scroll = self.view.verticalScrollBar().value()
        self._cancel()
        shown = Shown(tree, Rows(tree, summaries), summaries, np.zeros(0, bool), Prepared(tree))
        kept = before if keep_view else None
        if kept is None:
            self._filter.forget()
        self._folder.begin(kept, shown)
        if kept is not None:
            shown.expanded = carried_over(kept.tree, kept.expanded, tree)
        else:
            shown.expanded = first_expansion(tree, None if shown.folds is None else shown.folds.hidden())
        self._stage.shown = shown
        self._branches.follow(shown)
        self._late.follow(shown)
        self.view.delegate.sparklines.clear()
        self.view.fit(shown.rows)
        self._filter.filterer.follow(shown)
        self.filter_box.set_vocabulary(Vocabulary(checkpoint))
        self._stage.last = None
        self._filter.show_all()
        self._sorter.follow(shown)
        if kept is not None:
            if self.filter_box.text().strip():
                self._filter.ask(self.filter_box.text().strip())
            if chosen is not None:
                self.select_path(chosen.path)
            self.view.verticalScrollBar().setValue(scroll)
        self._late.settle()
        self._folder.follow(shown)
        if not shown.small:  # the first key of a filter is to be answered as fast as the next
            self._prepare_lane.start(lambda cancel, _: _make_ready(shown, cancel), lambda _: None)

    @property
    def _shown(self) -> Shown | None:
        return self._stage.shown

    @property
    def prepared(self) -> Prepared | None:
        """What searching the tree needs; None while nothing is shown."""
        return None if self._shown is None else self._shown.prepared

    def clear_document(self) -> None:
        """Show nothing."""
        self._cancel()
        self._branches.follow(None)
        self._late.follow(None)
        self._sorter.follow(None)
        self._filter.filterer.follow(None)
        self.filter_box.set_vocabulary(None)
        self._folder.follow(None)
        self._stage.shown = self._stage.last = None
        self._model.show_tree(None, np.zeros(0, np.int32), np.zeros(0, bool))

    def _cancel(self) -> None:
        self._prepare_lane.cancel()
        self._filter.filterer.stop()

    # selecting

    def selection(self) -> Selection | None:
        """What is selected, or None."""
        return self._stage.last

    def select_path(self, path: Path) -> bool:
        """Open what leads to a path, select it and scroll to it. A filter or a fold that hides it gives way."""
        shown = self._shown
        node = None if shown is None else shown.tree.node_of_path(path)
        if shown is None or node is None:
            return False
        return self.select_node(node)

    def select_row(self, row: int) -> bool:
        """The same for a tensor by its row in the table."""
        shown = self._shown
        if shown is None or not 0 <= row < len(shown.rows.table):
            return False
        return self.select_node(shown.tree.node_of_row(row))

    def select_node(self, node: int) -> bool:
        """The same for a node."""
        shown = self._shown
        if shown is None:
            return False
        if shown.found is not None and not shown.found.kept[node]:
            self.clear_filter()
        if shown.active_folds is not None and (runs := shown.active_folds.over(node)):
            self._folder.fold(runs, False)
        return self._branches.go_to(node)

    def _after_filter(self, chosen: int) -> None:
        if chosen >= 0:
            self.select_node(chosen)

    def _current_node(self, node: int) -> None:
        shown = self._shown
        if shown is None:
            return
        tree = shown.tree
        chosen = Selection(NodeKind(int(tree.kind[node])), tree.path(node), node, int(tree.row[node]))
        if chosen != self._stage.last:
            self._stage.last = chosen
            self.selected.emit(chosen)

    def expand_below(self, node: int) -> None:
        """Open a branch and all below it."""
        self._branches.expand_below(node)

    def collapse_below(self, node: int) -> None:
        """Close a branch and all below it; the file's own row stays open."""
        self._branches.collapse_below(node)

    # equal layers

    @property
    def folds_layers(self) -> bool:
        """Whether equal layers are to be one row."""
        return self._folder.wanted

    def fold_layers(self, folded: bool) -> None:
        """Make equal layers one row, or show each."""
        self._folder.fold_all(folded)

    def toggle_run(self, node: int) -> None:
        """Show the layers of a folded row one by one, or fold the run that a row belongs to."""
        self._folder.toggle_run(node)

    def _show_folds(self) -> None:
        """Other layers are folded now: show it, and keep the selection at its like."""
        shown, chosen = self._shown, self.view.current()
        if shown is None or shown.folds is None or shown.found is not None:  # seen when the filter is cleared
            return
        shown.rows.show_folds(shown.folds)
        self._late.branches.refold()
        self._model.show_rows(shown.visible(), shown.folding)
        self._model.rows_changed(self.view.visible_rows())
        self._branches.stay_at(shown.folds.shown_for(chosen) if chosen >= 0 else chosen)
        self._sorter.sort_again()

    def _show_folding(self) -> None:
        folds = None if self._shown is None else self._shown.folds
        self.tools.show_folding(self._folder.wanted, folds is None or len(folds.folded) > 0)

    # order

    def sort_by(self, key: SortKey | None, descending: bool) -> None:
        """Put siblings in order; None: as they were saved."""
        self._sorter.sort_by(key, descending)

    def _show_order(self) -> None:
        sorter = self._sorter
        self.view.header.show_sorting(sorter.column(), sorter.descending)
        self.tools.show_sorting(sorter.key, sorter.descending)

    def _arrange(self, arrangement: Arrangement | None) -> None:
        shown = self._shown
        if shown is None or (arrangement is None and shown.arrangement is None):
            return
        chosen = self.view.current()
        shown.arrangement = arrangement
        self._stage.show()
        if chosen >= 0:
            self.view.go_to(chosen, QAbstractItemView.ScrollHint.PositionAtCenter)

    def _rearrange(self, arrangement: Arrangement) -> None:
        """The same order with newer figures: nothing is scrolled to, nothing jumps away."""
        shown = self._shown
        if shown is not None and not np.array_equal(_order(shown.arrangement), arrangement.order):
            with self._stage.held():
                shown.arrangement = arrangement
                self._stage.show()

    def _figures_changed(self) -> None:
        complete = self._late.branches.complete
        self._sorter.figures_changed(complete)
        self._filter.filterer.figures_changed(complete)

    def set_findings(self, findings: Callable[[], Mapping[int, Sequence[RowFinding]]]) -> None:
        """Show badges for what somebody found out about tensors, by row of the table; asked on another thread."""
        self._late.set_findings(findings)

    def set_places(self, places: Places) -> None:
        """Say from now on that tensors are where these say."""
        if self._shown is not None:
            self._shown.rows.places = places
            self.view.fit_places(self._shown.rows)
            self._model.rows_changed(self.view.visible_rows())

    def held_below(self, node: int) -> int:
        """Tensors of a node and below that lie on a device."""
        return 0 if self._shown is None else self._shown.rows.places.held(node)

    def show_columns(self, keys: Iterable[str]) -> None:
        """Show these of the columns that can be chosen, as far as there is room."""
        self.columns.show(keys)

    # filtering

    def focus_filter(self) -> None:
        """Put the cursor into the filter, all of it selected."""
        self.filter_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_box.selectAll()

    def clear_filter(self) -> None:
        """Show all rows again."""
        self._filter.clear()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._late.settle()

    # what can be done with a row

    def copy_path(self, node: int) -> None:
        """Put a row's path on the clipboard, its keys joined with dots."""
        if self._shown is not None:
            copy_text(".".join(self._shown.tree.path(node)) or self._shown.tree.checkpoint.path)

    def _show_menu(self, node: int, place: QPoint) -> None:
        if self._shown is None:
            return
        menu = self.menu(node)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self, node: int) -> QMenu:
        """What can be done with a row."""
        shown = self._shown
        if shown is None:
            return QMenu(self)
        acts = RowActs(
            self.copy_path,
            self.expand_below,
            self.collapse_below,
            self.toggle_run,
            self.export_asked.emit,
            self.menu_asked.emit,
        )
        return row_menu(shown, node, acts, self)


def _order(arrangement: Arrangement | None) -> np.ndarray:
    return np.zeros(0, np.int32) if arrangement is None else arrangement.order


def _make_ready(shown: Shown, cancel: Cancel) -> None:
    shown.rows.make_ready()
    shown.prepared.search(cancel.check)
    give_memory_back()
