"""The tree with its filter: shows a checkpoint's rows, keeps the view across epochs, says what is selected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QMenu, QStackedLayout, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import Path
from ckptgui.core.tree import NodeKind, Tree
from ckptgui.core.tree_search import Found, TreeSearch
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import tr
from ckptgui.gui.selection import Selection
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.tree.filter_box import FilterBox
from ckptgui.gui.tree.folding import carried_over, first_expansion
from ckptgui.gui.tree.model import TreeModel
from ckptgui.gui.tree.nothing import NothingFound
from ckptgui.gui.tree.rows import Rows
from ckptgui.gui.tree.subtotals import rows_below
from ckptgui.gui.tree.view import TreeView

SEARCHED_AT_ONCE = 20_000
"""Nodes up to which a filter is answered on the spot; larger trees are searched in the background."""

_SETTLE_MS = 30
_TICK_MS = 40


@dataclass
class _Shown:
    """What is on the screen: a tree, what is open in it, and the filter's answer with its own folding."""

    tree: Tree
    rows: Rows
    summaries: Summaries
    expanded: np.ndarray
    search: TreeSearch | None = None
    found: Found | None = None
    open_found: np.ndarray | None = None

    @property
    def folding(self) -> np.ndarray:
        """What is open now; a filter opens everything at first and keeps its own choice."""
        return self.expanded if self.open_found is None else self.open_found

    def visible(self) -> np.ndarray:
        """The nodes that have a row."""
        visible = self.tree.visible(self.folding)
        return visible if self.found is None else visible[self.found.kept[visible]]


class TreePanel(QWidget):
    """Filter box and tree. ``selected`` comes once a change, whoever made it."""

    selected = Signal(object)  # Selection

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: _Shown | None = None
        self._last: Selection | None = None
        self._lane = background.lane(self)
        self._model = TreeModel(self)
        self.filter_box = FilterBox(self)
        self.view = TreeView(self._model, self)
        self._nothing = NothingFound(self)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._tick = QTimer(self, singleShot=True, interval=_TICK_MS)
        self._arrived: set[int] = set()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._stack = QStackedLayout()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._nothing)
        top = QVBoxLayout()
        top.setContentsMargins(8, 6, 8, 6)
        top.addWidget(self.filter_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(self._stack, 1)
        self.setFocusProxy(self.view)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.view.viewport().backgroundRole())

    def _connect(self) -> None:
        self.filter_box.asked.connect(self._filter)
        self.filter_box.left.connect(self._into_rows)
        self._nothing.cleared.connect(self.clear_filter)
        self.view.toggled.connect(self._toggle)
        self.view.expanded_below.connect(self.expand_below)
        self.view.current_node.connect(self._current_node)
        self.view.menu_asked.connect(self._show_menu)
        self.view.copy_asked.connect(self.copy_path)
        self.view.scrolled.connect(self._settle.start)
        self._settle.timeout.connect(self._want)
        self._tick.timeout.connect(self._refresh)

    def set_document(
        self, checkpoint: Checkpoint, tree: Tree, summaries: Summaries, keep_view: bool = False
    ) -> None:
        """Show a checkpoint. ``keep_view`` keeps folding, filter, scroll and selection, by path."""
        before, chosen = self._shown, self._last
        scroll = self.view.verticalScrollBar().value()
        self._let_go(before)
        keep_view = keep_view and before is not None
        if keep_view and before is not None:
            expanded = carried_over(before.tree, before.expanded, tree)
        else:
            expanded = first_expansion(tree)
            self.filter_box.blockSignals(True)
            self.filter_box.clear()
            self.filter_box.blockSignals(False)
        shown = self._shown = _Shown(tree, Rows(tree, summaries), summaries, expanded)
        summaries.ready.connect(self._summary_arrived)
        summaries.failed.connect(self._summary_arrived)
        self.view.delegate.sparklines.clear()
        self.view.fit(shown.rows)
        self._last = None
        self._show_all(shown)
        if keep_view:
            if self.filter_box.text().strip():
                self._filter(self.filter_box.text().strip())
            if chosen is not None:
                self.select_path(chosen.path)
            self.view.verticalScrollBar().setValue(scroll)
        self._settle.start()

    def clear_document(self) -> None:
        """Show nothing."""
        self._let_go(self._shown)
        self._shown = self._last = None
        self._model.show_tree(None, np.zeros(0, np.int32), np.zeros(0, bool))

    def _let_go(self, shown: _Shown | None) -> None:
        self._lane.cancel()
        self._arrived.clear()
        if shown is not None:
            shown.summaries.ready.disconnect(self._summary_arrived)
            shown.summaries.failed.disconnect(self._summary_arrived)

    def _show_all(self, shown: _Shown) -> None:
        shown.found = shown.open_found = None
        self._model.show_tree(shown.rows, shown.visible(), shown.folding)
        self.filter_box.show_count(None, 0)
        self._stack.setCurrentWidget(self.view)

    def selection(self) -> Selection | None:
        """What is selected, or None."""
        return self._last

    def select_path(self, path: Path) -> bool:
        """Open what leads to a path, select it and scroll to it. A filter that hides it is cleared."""
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
        above = shown.tree.ancestors(node)
        if not shown.folding[above].all():
            shown.folding[above] = True
            self._model.show_rows(shown.visible(), shown.folding)
        far = node not in self.view.visible_nodes()
        hints = QAbstractItemView.ScrollHint
        return self.view.go_to(node, hints.PositionAtCenter if far else hints.EnsureVisible)

    def _current_node(self, node: int) -> None:
        shown = self._shown
        if shown is None:
            return
        tree = shown.tree
        chosen = Selection(NodeKind(int(tree.kind[node])), tree.path(node), node, int(tree.row[node]))
        if chosen != self._last:
            self._last = chosen
            self.selected.emit(chosen)

    def _toggle(self, node: int, opened: bool) -> None:
        self._fold([node], opened)

    def expand_below(self, node: int) -> None:
        """Open a branch and all below it."""
        if self._shown is not None:
            self._fold(range(node, int(self._shown.tree.end[node])), True)

    def collapse_below(self, node: int) -> None:
        """Close a branch and all below it; the file's own row stays open."""
        if self._shown is not None:
            self._fold(range(max(node, 1), int(self._shown.tree.end[node])), False)

    def _fold(self, nodes: Iterable[int], opened: bool) -> None:
        shown = self._shown
        if shown is None:
            return
        chosen = self.view.current()
        shown.folding[list(nodes)] = opened
        self._model.show_rows(shown.visible(), shown.folding)
        while chosen > 0 and self._model.row_of(chosen) < 0:
            chosen = int(shown.tree.parent[chosen])
        if chosen >= 0 and chosen != self.view.current():
            self.view.go_to(chosen)
        self._settle.start()

    def focus_filter(self) -> None:
        """Put the cursor into the filter, all of it selected."""
        self.filter_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_box.selectAll()

    def clear_filter(self) -> None:
        """Show all rows again."""
        self.filter_box.clear()
        self.filter_box.ask_now()

    def _into_rows(self) -> None:
        self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if self.view.current() < 0 and self._model.rowCount():
            self.view.go_to(self._model.node(0))

    def _filter(self, text: str) -> None:
        shown = self._shown
        if shown is None:
            return
        self._lane.cancel()
        if not text:
            chosen = self.view.current()
            self._show_all(shown)
            if chosen >= 0:
                self.select_node(chosen)
            self._settle.start()
        elif len(shown.tree) <= SEARCHED_AT_ONCE:
            self._show_found(*_search(shown.tree, shown.search, text, Cancel()))
        else:
            tree, search = shown.tree, shown.search

            def work(cancel: Cancel, report: Report) -> tuple[TreeSearch, Found]:
                return _search(tree, search, text, cancel)

            self._lane.start(work, lambda answer: self._show_found(*answer))

    def _show_found(self, search: TreeSearch, found: Found) -> None:
        shown = self._shown
        if shown is None:
            return
        chosen = self.view.current()
        shown.search, shown.found = search, found
        shown.open_found = np.ones(len(shown.tree), bool)
        self._model.show_tree(shown.rows, shown.visible(), shown.folding)
        self.filter_box.show_count(found.tensors, len(shown.rows.table))
        nothing = not found.matched.any()
        self._stack.setCurrentWidget(self._nothing if nothing else self.view)
        if chosen >= 0 and found.kept[chosen]:
            self.view.go_to(chosen)
        self._settle.start()

    def _want(self) -> None:
        shown = self._shown
        if shown is None or not self.isVisible():
            return
        tree, nodes = shown.tree, self.view.visible_nodes()
        rows = [int(tree.row[node]) for node in nodes if tree.row[node] >= 0]
        below = [row for node in nodes if shown.rows.subtotal(node) is None for row in rows_below(tree, node)]
        shown.summaries.want(list(dict.fromkeys(rows + below)))

    def _summary_arrived(self, row: int) -> None:
        self._arrived.add(row)
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

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._settle.start()

    def copy_path(self, node: int) -> None:
        """Put a row's path on the clipboard, its keys joined with dots."""
        if self._shown is not None:
            _copy(".".join(self._shown.tree.path(node)) or self._shown.tree.checkpoint.path)

    def _show_menu(self, node: int, place: QPoint) -> None:
        shown = self._shown
        if shown is None:
            return
        menu = self.menu(node)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self, node: int) -> QMenu:
        """What can be done with a row."""
        menu = QMenu(self)
        shown = self._shown
        if shown is None:
            return menu
        menu.addAction(tr("Copy path")).triggered.connect(lambda: self.copy_path(node))
        menu.addAction(tr("Copy name")).triggered.connect(lambda: _copy(shown.tree.labels[node]))
        menu.addAction(tr("Copy value")).triggered.connect(lambda: _copy(shown.rows.value(node)))
        menu.addSeparator()
        branch = shown.tree.is_branch(node)
        for text, act in ((tr("Expand all"), self.expand_below), (tr("Collapse all"), self.collapse_below)):
            action = menu.addAction(text)
            action.setEnabled(branch)
            action.triggered.connect(lambda _checked=False, act=act: act(node))
        return menu


def _copy(text: str) -> None:
    clipboard = QGuiApplication.clipboard()
    clipboard.setText(text)


def _search(tree: Tree, search: TreeSearch | None, text: str, cancel: Cancel) -> tuple[TreeSearch, Found]:
    search = search or TreeSearch(tree, cancel.check)
    return search, search.find(text, cancel.check)
