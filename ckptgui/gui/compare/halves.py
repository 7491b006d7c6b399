"""The lower part of a run's tab: the comparison, or the checkpoint B in full, with one selection in both."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.half import CompareHalf
from ckptgui.gui.compare.linking import outline_node, tree_node
from ckptgui.gui.compare.words import map_title, member_words
from ckptgui.gui.document import DocumentPage
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.inspector.controls import TabStrip
from ckptgui.gui.numbers import tr
from ckptgui.gui.page import Page
from ckptgui.gui.selection import Selection

TABLE, MAP, EPOCH = range(3)
"""The tabs; where the map has a place of its own, its tab is not shown."""


class Halves(QWidget):
    """``document_made`` carries the page of B when it is first wanted; ``turned``: the other is in front."""

    document_made = Signal(object)
    turned = Signal()

    def __init__(self, comparison: Comparison, share: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._share = share
        self._linking = False
        self._document: DocumentPage | None = None
        self.tabs = TabStrip((tr("Compare"), tr("Layers × epochs"), tr("Epoch")), self, margin=8)
        self.compare = CompareHalf(comparison, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.compare)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self._stack, 1)
        self.tabs.changed.connect(self._turn)
        self.compare.view.rearranged.connect(self._name_tabs)
        self.compare.view.changes.show_asked.connect(self._show_in)
        comparison.ends_changed.connect(self._ends_changed)
        comparison.series_changed.connect(self._ends_changed)
        comparison.selection_changed.connect(self._link)
        self._name_tabs()

    @property
    def document(self) -> DocumentPage | None:
        """The page of B, if it was wanted yet."""
        return self._document

    @property
    def in_front(self) -> Page:
        """The half that is looked at: the comparison, or the page of B."""
        return self._document if self._document is not None and self.tabs.current() == EPOCH else self.compare

    def show_compare(self) -> None:
        """Bring the comparison to the front."""
        if self.tabs.current() == EPOCH:
            self.tabs.open(TABLE)

    def show_epoch(self) -> None:
        """Bring the checkpoint B to the front."""
        self.tabs.open(EPOCH)

    def _show_in(self, member: int, node: int) -> None:
        """Show a tensor in the page of a member, which is B from then on."""
        comparison = self._comparison
        if member != comparison.b:
            comparison.set_ends(comparison.b, member)
        comparison.select(node)
        self.show_epoch()

    def view(self) -> DocumentView | None:
        """What is shown of B, if it was opened yet."""
        return self._document.view if self._document is not None else None

    def share(self) -> float:
        """The share of the tree's width in the page of B."""
        return self._document.share() if self._document is not None else self._share

    def _name_tabs(self) -> None:
        tabbed, series = self.compare.view.arrangement.tabbed, self._comparison.series
        words = member_words(series, self._comparison.b) if series.members else tr("epoch")
        if counter_of(series) != "name":  # a file is called as it is
            words = words[:1].upper() + words[1:]
        names = {TABLE: tr("What changed") if tabbed else tr("Compare"), MAP: map_title(series), EPOCH: words}
        for number, name in names.items():
            self.tabs.tab(number).setText(name)
            self.tabs.tab(number).updateGeometry()
        self.tabs.tab(MAP).setVisible(tabbed)
        if not tabbed and self.tabs.current() == MAP:
            self.tabs.open(TABLE)

    def _turn(self, number: int) -> None:
        if number == EPOCH:
            page = self._made()
            self._stack.setCurrentWidget(page)
            self._open_b()
            self._link()
        else:
            self.compare.view.show_map(number == MAP)
            self._stack.setCurrentWidget(self.compare)
        self._focus_rows()
        self.turned.emit()

    def _focus_rows(self) -> None:
        """Let the keyboard go where one looks, unless it is on the tabs, or a name is being typed."""
        focus = QApplication.focusWidget()
        if focus is None or not (self.tabs.isAncestorOf(focus) or isinstance(focus, QLineEdit)):
            self.in_front.focus_rows()

    def _made(self) -> DocumentPage:
        if self._document is None:
            page = self._document = DocumentPage(self._comparison.background, self._share, self)
            self._stack.addWidget(page)
            page.view.selected.connect(self._selected)
            page.opened.connect(self._b_opened)
            self.document_made.emit(page)
        return self._document

    def _ends_changed(self) -> None:
        self._name_tabs()
        if self.in_front is self._document:
            self._open_b()

    def _open_b(self) -> None:
        members = self._comparison.series.members
        if self._document is not None and members:
            path = members[self._comparison.b].path
            if path != self._document.path:
                self._linking = True  # until it is there: what it selects by itself is nobody's choice
                self._document.open_path(path)

    def _b_opened(self) -> None:
        self._linking = False
        self._link()
        if self.in_front is self._document:
            self._focus_rows()

    # one selection

    def _link(self) -> None:
        """Select in the page of B what is selected in the comparison."""
        view = self.view()
        if view is None or view.opened is None or self._linking or not self._is_b(view):
            return
        node = tree_node(
            self._comparison.matching, self._comparison.selection, self._comparison.b, view.opened.tree
        )
        if node is not None and self._outline_node(view) != self._comparison.selection:
            self._linking = True
            try:
                view.tree.select_node(node)
            finally:
                self._linking = False

    def _selected(self, _: Selection) -> None:
        """Select in the comparison what is selected in the page of B."""
        view = self.view()
        if view is None or self._linking or not self._is_b(view):
            return
        node = self._outline_node(view)
        if node is not None:
            self._linking = True
            try:
                self._comparison.select(node)
            finally:
                self._linking = False

    def _outline_node(self, view: DocumentView) -> int | None:
        """Where the outline has what is selected in the page of B; 0 too where nothing is."""
        selection = view.selection()
        if selection is None or view.opened is None:
            return 0
        return outline_node(self._comparison.matching, view.opened.tree, selection.node, self._comparison.b)

    def _is_b(self, view: DocumentView) -> bool:
        """Whether what is shown is B by now, and as it was when it was matched."""
        part = self._comparison.matching.parts[self._comparison.b] if self._comparison.series.members else None
        opened = view.opened
        return (
            part is not None
            and opened is not None
            and opened.checkpoint.path == part.checkpoint.path
            and len(opened.checkpoint) == len(part.checkpoint)
        )

    def close_document(self) -> None:
        """Give the files of B's page back."""
        if self._document is not None:
            self._document.close_page()
