"""What changed between A and B, a row a tensor or a module; below it what else differs."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedLayout, QVBoxLayout, QWidget

from ckptgui.gui.compare.changes.arranger import Arranger
from ckptgui.gui.compare.changes.columns import Column
from ckptgui.gui.compare.changes.counts import StatusCounts
from ckptgui.gui.compare.changes.menus import column_menu, pop_up
from ckptgui.gui.compare.changes.model import ChangesModel
from ckptgui.gui.compare.changes.other_values import OtherValues
from ckptgui.gui.compare.changes.row_acts import RowActs
from ckptgui.gui.compare.changes.sentences import about, ends_text, epochs_text, nothing_to_compare
from ckptgui.gui.compare.changes.view import ChangesView
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.controls import Ground, Hairline, Splitter, ToggleButton
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ROW
from ckptgui.gui.tree.filter_box import FilterBox
from ckptgui.gui.tree.nothing import NothingFound

EXAMPLES = ("changed", ">0.01", "nan")
HELP = """Words that must all be in a name, in any case; -bias must not be.
*.bias, layers.?.mlp.* and [ab] fit from a dot to the end of a name.
/layers\\.(1|2)\\./ is a regular expression, fitting anywhere.
changed, same, added, removed, reshaped, retyped, nan, unread and failed go by what became of a tensor.
>0.01 and 1e-3..1e-2 behind relative: ask for the relative change;
l2:, cosine:<0.999, max:, changed:>50%, nan:, inf: and numel:>1M ask for other figures."""

CALM = 1.2
"""Seconds after which somebody's hand is off the table."""

MOST_VALUES = 0.4
"""The part of the height that plain values take at most by themselves."""

MOST_VALUES_IN_LOW, _TALL = 0.25, 500
"""And in a panel that is less tall than this, where the rows need the room."""

FEW_VALUES = 6.5
"""And how many of them are shown before anyone makes room: the half one says that there are more."""


class ChangesPanel(Ground):
    """``show_asked`` carries a member and a node that somebody wants to see in the member's own page."""

    show_asked = Signal(int, int)

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        self.model = ChangesModel(self)
        self.view = ChangesView(self.model, self)
        self.arranger = Arranger(comparison, self)
        self.arranger.busy_hand = self._busy_hand
        self.title = PlainLabel(tr("What changed"), self, weight=SEMIBOLD)
        self.ends = ElidedLabel("", self, colour="text2")
        self.counts = StatusCounts(self)
        self.modules = ToggleButton("layers-fold", tr("Totals of modules"), self, side=24)
        self.filtered = ToggleButton("filter", tr("Filter (Ctrl+F)"), self, side=24)
        self.box = FilterBox(self, EXAMPLES, HELP)
        self.said = PlainLabel("", self, wrap=True, selectable=True)
        self.nothing = NothingFound(self)
        self.message = PlainLabel("", self, colour="text2", wrap=True)
        self.values = OtherValues(comparison, self)
        self.acts = RowActs(self.arranger, self.view, comparison, self)
        self.setFocusProxy(self.view)
        QWidget.setTabOrder(self.box, self.view)  # as they stand
        self._lay_out()
        self._connect()
        self._series_changed()
        self._show_rows()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 8, 6)
        head.setSpacing(2)
        head.addWidget(self.title)
        head.addSpacing(8)
        head.addWidget(self.ends, 1)
        for part in (self.counts, self.modules, self.filtered):
            head.addWidget(part)
        search = QHBoxLayout()
        search.setContentsMargins(12, 0, 12, 6)
        search.addWidget(self.box)
        self.search = QWidget(self)
        self.search.setLayout(search)
        self.search.hide()
        self.said.setContentsMargins(12, 0, 12, 6)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setContentsMargins(24, 24, 24, 24)
        above = QWidget(self)
        self.stack = QStackedLayout()
        for page in (self.view, self.nothing, self.message):
            self.stack.addWidget(page)
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.search)
        column.addWidget(self.said)
        column.addWidget(Hairline(above))
        column.addLayout(self.stack, 1)
        self.splitter = Splitter(self)
        self.splitter.setOrientation(Qt.Orientation.Vertical)
        self.splitter.addWidget(above)
        self.splitter.addWidget(self.values)
        self.splitter.setStretchFactor(0, 1)
        self._moved = False
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.splitter)

    def _connect(self) -> None:
        comparison, arranger, view = self.comparison, self.arranger, self.view
        comparison.series_changed.connect(self._series_changed)
        comparison.ends_changed.connect(self._ends_changed)
        comparison.selection_changed.connect(self._follow_selection)
        comparison.hovered_changed.connect(lambda: view.link(comparison.hovered))
        arranger.arranged.connect(self._show_rows)
        arranger.figures_changed.connect(self._figures_changed)
        arranger.problem.connect(self.box.show_problem)
        view.header.sectionClicked.connect(lambda section: self._sort(Column(section)))
        view.header.menu_asked.connect(lambda place: pop_up(column_menu(view, self._choose_column), place))
        view.current_node.connect(comparison.select)
        view.hovered_node.connect(comparison.hover)
        view.toggled.connect(arranger.set_open)
        view.opened_node.connect(lambda node: self.show_asked.emit(comparison.b, node))
        view.menu_asked.connect(self.acts.pop_up_menu)
        view.copy_asked.connect(self.acts.copy_rows)
        self.acts.show_asked.connect(self.show_asked)
        view.filter_asked.connect(self.open_filter)
        self.modules.toggled.connect(arranger.show_tree)
        self.filtered.clicked.connect(lambda on: self.open_filter() if on else self.close_filter())
        self.box.asked.connect(arranger.ask)
        self.box.left.connect(view.setFocus)
        self.nothing.cleared.connect(self.close_filter)
        self.counts.clicked.connect(self._filter_by)
        self.values.filled.connect(self._fit_values)
        self.splitter.splitterMoved.connect(self._splitter_moved)

    # following

    def _series_changed(self) -> None:
        lines, series = self.arranger.lines, self.comparison.series
        self.view.delegate.lines = lines
        last = max(1, len(series.members) - 1)
        self.view.delegate.shares = tuple(member / last for member in lines.members.tolist())
        self.model.epochs = epochs_text(self.comparison)
        self.view.unfit = frozenset({Column.EPOCHS} if len(lines.members) < 2 else ())
        self.view.hide_columns()
        self._ends_changed()

    def _ends_changed(self) -> None:
        comparison, members = self.comparison, self.arranger.lines.members
        self.ends.setText(ends_text(comparison))
        low, high = sorted((comparison.a, comparison.b))
        inside = np.flatnonzero((members >= low) & (members <= high)) if members.size else members
        self.view.delegate.ends = (int(inside[0]), int(inside[-1])) if inside.size else (-1, -1)
        self._figures_changed()

    def _figures_changed(self) -> None:
        if self.model.rows is not self.arranger.rows and self.arranger.rows is not None:
            self.model.rows = self.arranger.rows
        self.view.viewport().update()
        self._tell()

    def _show_rows(self) -> None:
        arranger, view = self.arranger, self.view
        place = self._held_place()
        chosen = view.selected()
        blocked = view.selectionModel().blockSignals(True)
        self.model.show(arranger.rows, arranger.visible, arranger.opened, arranger.tree)
        view.go_to(self.comparison.selection, scroll=False)
        if 1 < len(chosen) <= 1000:
            view.select_nodes(chosen)
        view.selectionModel().blockSignals(blocked)
        self._put_back(place)
        self._tell()

    def _tell(self) -> None:
        """What stands above the table, and which page is shown."""
        arranger, rows = self.arranger, self.arranger.rows
        alone = nothing_to_compare(self.comparison)
        self.message.setText(alone)
        asked = bool(arranger.conditions)
        page = self.message if alone else self.nothing if asked and not arranger.found else self.view
        self.stack.setCurrentWidget(page)
        for part in (self.counts, self.modules, self.filtered):
            part.setVisible(not alone)
        if rows is None:
            return
        room = self.width() - self.title.sizeHint().width() - min(self.ends.sizeHint().width(), 90) - 88
        self.counts.show_counts(rows.totals, arranger.conditions.state, room)
        text, token = ("", "text2") if alone else about(self.comparison, rows)
        self.said.setText(text)
        self.said.set_colour(token)
        self.said.setVisible(bool(text))
        self.nothing.show_so_far(rows.waits)
        if not self.box.problem():
            found = arranger.found if asked else None
            self.box.show_count(found, arranger.present, bool(arranger.conditions.known) and rows.waits)

    def _busy_hand(self) -> bool:
        return time.monotonic() - self.view.touched < CALM or bool(self.view.findChildren(QMenu))

    def _held_place(self) -> tuple[int, int] | None:
        """The selected row if it is in sight, and how far below the edge it stands."""
        row = self.view.currentIndex().row()
        if row not in self.view.rows_in_sight():
            return None
        return self.model.node(row), self.view.rowViewportPosition(row)

    def _put_back(self, place: tuple[int, int] | None) -> None:
        row = self.model.row_of(place[0]) if place is not None else -1
        if place is not None and row >= 0:
            self.view.verticalScrollBar().setValue(row * ROW - place[1])

    def _follow_selection(self) -> None:
        node = self.comparison.selection
        if self.view.current() == node:
            return
        self.arranger.reveal(node)
        blocked = self.view.selectionModel().blockSignals(True)
        self.view.go_to(node)
        self.view.selectionModel().blockSignals(blocked)
        self.view.viewport().update()

    # asking

    def open_filter(self) -> None:
        """Show the field of the filter and type into it."""
        self.filtered.setChecked(True)
        self.search.show()
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.box.selectAll()

    def close_filter(self) -> None:
        """Show all rows again."""
        self.filtered.setChecked(False)
        self.search.hide()
        self.box.clear()
        self.box.ask_now()
        self.view.setFocus()

    def _filter_by(self, word: str) -> None:
        if self.arranger.conditions.state == word:
            self.close_filter()
            return
        self.filtered.setChecked(True)
        self.search.show()
        self.box.setText(word)
        self.box.ask_now()

    def _sort(self, column: Column) -> None:
        self.arranger.sort_by(column)
        self.view.header.show_sorting(self.arranger.column, self.arranger.backwards)
        if self.view.currentIndex().row() not in self.view.rows_in_sight():
            self.view.scrollToTop()

    def _choose_column(self, column: Column, on: bool) -> None:
        chosen = self.view.chosen_columns
        self.view.choose_columns(chosen | {column} if on else chosen - {column})

    # room

    def _splitter_moved(self) -> None:
        self._moved = True

    def _fit_values(self) -> None:
        """Give the plain values what they need, as long as nobody has moved the splitter."""
        self.values.setVisible(not nothing_to_compare(self.comparison))
        if not self._moved:
            share = MOST_VALUES if self.height() >= _TALL else MOST_VALUES_IN_LOW
            wanted = min(self.values.wanted_height(FEW_VALUES), int(self.height() * share))
            self.splitter.setSizes([self.height() - wanted, wanted])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        QTimer.singleShot(0, self._fit_values)
        self._tell()
