"""Decides what the table shows: figures as they come in, a filter, an order, and when rows may change places."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.analysis.branch_differences import Branches, MovedFigures, module_figures, tensor_figures
from ckptgui.analysis.difference import Differences
from ckptgui.core.series.status import Status
from ckptgui.core.sharing import sharing
from ckptgui.core.tree.order import levels
from ckptgui.core.tree.pattern_syntax import PatternError
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.changes import order
from ckptgui.gui.compare.changes.columns import Column
from ckptgui.gui.compare.changes.conditions import Conditions, NameText, conditions_of
from ckptgui.gui.compare.changes.lines import EpochLines
from ckptgui.gui.compare.changes.rows import Ends, Rows
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.words import member_words
from ckptgui.workspace.comparing import PairTask

TICK_MS = 33
"""Between two looks at what came in."""

SLICE = 0.004
"""Seconds of adding modules up at a time."""

SORT_APART = 0.25
"""Seconds between two sortings while figures come in."""

OPEN_AT_FIRST = 60
"""Rows of modules below which a level is open from the beginning."""


class Arranger(QObject):
    """``figures_changed``: the rows say other things. ``arranged``: other rows, or in another order.

    ``problem`` carries why a filter cannot be used. Nobody's row is moved while ``busy_hand`` says that it would
    be felt; what is late is then put in order as soon as it is not.
    """

    figures_changed = Signal()
    arranged = Signal()
    problem = Signal(str)

    def __init__(self, comparison: Comparison, parent: QObject) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self.column, self.backwards, self.tree = Column.RELATIVE, False, False
        self.rows: Rows | None = None
        self.visible = np.zeros(0, np.int64)
        self.opened = np.zeros(0, bool)
        self._folded: np.ndarray | None = None  # ``opened`` as it was before there was a filter
        self.conditions = Conditions()
        self.found = self.present = 0  # tensors that fit the filter, and all
        self._matching: object = None
        self._named: np.ndarray | None = None  # bool a tensor: its name fits
        self._text: NameText | None = None
        self._stale_figures = self._stale_order = self._modules_wanted = False
        self._sorted_at = 0.0
        self.busy_hand: Callable[[], bool] = lambda: False
        self._timer = QTimer(self, singleShot=True, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._names_lane = comparison.background.lane(self)
        self._modules_lane = comparison.background.lane(self)
        self.branches = Branches(comparison.outline)
        self._levels: list[np.ndarray] = []
        self._tied: tuple[object, np.ndarray] = (None, np.zeros(0, bool))
        self.lines = EpochLines(comparison, self.branches)
        comparison.series_changed.connect(self.begin)
        comparison.ends_changed.connect(self._ends_changed)
        comparison.compared.connect(self._compared)
        comparison.finished.connect(self._finished)
        self.begin()

    # what is asked

    def begin(self) -> None:
        """Show the series as it is now."""
        comparison = self._comparison
        if self._matching is not comparison.matching:
            self._matching, self._text, self._named = comparison.matching, None, None
            self.branches = Branches(comparison.outline)
            self._levels = levels(comparison.outline.depth)
            self.opened, self._folded = self._opened_at_first(), None
        self.lines = EpochLines(comparison, self.branches)
        self._ends_changed()
        if self.conditions.names:
            self._find_names(self.conditions)

    def sort_by(self, column: Column) -> None:
        """Sort by a column; by the same one again the other way round."""
        self.backwards = not self.backwards if column is self.column else False
        self.column = column
        self.arrange()

    def show_tree(self, tree: bool) -> None:
        """Give modules rows of their own, or list the tensors alone."""
        self.tree = tree
        self._add_modules_up()
        self.arrange()

    def set_open(self, node: int, opened: bool) -> None:
        """Fold or unfold a module."""
        self.opened[node] = opened
        self.arrange()

    def ask(self, text: str) -> None:
        """Filter by a text; one that makes no sense changes nothing."""
        try:
            asked = conditions_of(text)
        except PatternError as error:
            self.problem.emit(str(error))
            return
        if asked.names:
            self._find_names(asked)
        else:
            self._names_lane.cancel()
            self._take_names(asked, None)

    def _find_names(self, asked: Conditions) -> None:
        names, known = self._comparison.matching.names, self._text

        def work(cancel: Cancel, report: Report) -> tuple[NameText, np.ndarray]:
            text = known or NameText(names)
            return text, text.fit(asked.names, cancel)

        def take(found: tuple[NameText, np.ndarray]) -> None:
            self._text = found[0]
            self._take_names(asked, found[1])

        self._names_lane.start(work, take, lambda error: self.problem.emit(str(error)))

    def _take_names(self, asked: Conditions, named: np.ndarray | None) -> None:
        if asked and self._folded is None:
            self._folded = self.opened
        if asked:
            self.opened = np.ones_like(self.opened)  # what was asked for is seen
        elif self._folded is not None:
            self.opened, self._folded = self._folded, None
        self.conditions, self._named = asked, named
        self.arrange()

    # what comes in

    def _compared(self, a: int, b: int) -> None:
        if (a, b) == (self._comparison.a, self._comparison.b):
            self._stale_figures = True
        self.lines.outdate(b)
        self._look()

    def _finished(self) -> None:
        self._stale_figures = True  # what failed is told last
        self._look()

    def _look(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _tick(self) -> None:
        began = time.perf_counter()
        if self._stale_figures:
            self._refresh()
        more = self.tree and not self.lines.add_up(SLICE)
        if self._stale_order and time.monotonic() - self._sorted_at > SORT_APART and not self.busy_hand():
            self.arrange()
        else:
            self.figures_changed.emit()
        cost = time.perf_counter() - began
        self._timer.setInterval(max(TICK_MS, int(3000 * cost)))  # a quarter of the time is for what is large
        if more or self._stale_order:
            self._look()

    def _ends_changed(self) -> None:
        self.rows = None
        self._refresh()
        self.arrange()
        self._look()

    def _find_tied(self) -> np.ndarray:
        """bool a tensor: B has another name for the very same elements."""
        matching, b = self._comparison.matching, self._comparison.b
        part = matching.parts[b] if matching.parts else None
        if part is None:
            return np.zeros(len(matching), bool)
        if self._tied[0] is not part:
            rows = matching.rows[:, b]
            self._tied = part, (rows >= 0) & sharing(part.checkpoint).tied[rows]
        return self._tied[1]

    def _refresh(self) -> None:
        """Take the figures as they are known now."""
        self._stale_figures, self._stale_order = False, True
        comparison = self._comparison
        nothing = not comparison.series.whole
        differences = Differences.unread(np.zeros(0, np.uint8)) if nothing else comparison.difference
        self._make_rows(tensor_figures(differences), self.rows.modules if self.rows is not None else None)
        self._add_modules_up()

    def _make_rows(self, tensors: MovedFigures, modules: MovedFigures | None) -> None:
        comparison = self._comparison
        a, b, series = comparison.a, comparison.b, comparison.series
        words = [member_words(series, each) if series.members else "" for each in (a, b)]
        errors = comparison.errors.get(PairTask(a, b), {})
        ends = Ends(comparison.matching, a, b, *words)
        self.rows = Rows(ends, self.branches, tensors, modules, errors, self._find_tied())

    def _add_modules_up(self) -> None:
        self._modules_wanted = self._modules_lane.busy
        if not self.tree or self._modules_lane.busy or not self._comparison.series.whole:
            return
        known, branches = self._comparison.difference, self.branches

        def work(cancel: Cancel, report: Report) -> MovedFigures:
            return module_figures(branches, known)  # what comes in meanwhile is added up once more

        def take(modules: MovedFigures) -> None:
            rows = self.rows
            if rows is not None and known is self._comparison.difference and branches is self.branches:
                self._make_rows(rows.tensors, modules)
                self._stale_order = True
                self._look()
            if self._modules_wanted:
                self._add_modules_up()

        self._modules_lane.start(work, take)

    # what is shown

    def arrange(self) -> None:
        """Put the rows in order now."""
        rows = self.rows
        if rows is None:
            return
        self._sorted_at, self._stale_order = time.monotonic(), False
        figures = rows.tensors
        present = figures.status != Status.ABSENT
        fits = present & self.conditions.fit(figures, list(rows.errors))
        if self._named is not None:
            fits &= self._named
        self.present, self.found = int(present.sum()), int(fits.sum())
        by_epochs = self.column is Column.EPOCHS
        peaks = self.lines.tensor_peaks() if by_epochs else None
        key = order.keys(figures, self.column, self.backwards, peaks)
        names_backwards = self.backwards and self.column is Column.NAME
        if self.tree:
            self.visible = self._tree_rows(rows, fits, key, names_backwards)
        else:
            self.visible = order.tensor_order(rows.outline, fits, key, names_backwards)
        self.arranged.emit()

    def _tree_rows(self, rows: Rows, fits: np.ndarray, key: np.ndarray, names_backwards: bool) -> np.ndarray:
        branches, outline = self.branches, rows.outline
        if rows.modules is not None:
            peaks = self.lines.module_peaks() if self.column is Column.EPOCHS else None
            own = order.keys(rows.modules, self.column, self.backwards, peaks)
        else:
            own = np.full(len(branches.modules), np.nan)
        kept = branches.nodes(fits, branches.over(np.add, fits.astype(np.int64)) > 0)
        keys = branches.nodes(key, own)
        return order.tree_order(outline, self._levels, kept, self.opened, keys, names_backwards)

    def reveal(self, node: int) -> bool:
        """Unfold what is above a node; whether anything was folded."""
        outline, folded = self._comparison.outline, False
        above = int(outline.parent[node])
        while self.tree and above >= 0:
            folded |= not self.opened[above]
            self.opened[above] = True
            above = int(outline.parent[above])
        if folded:
            self.arrange()
        return folded

    def _opened_at_first(self) -> np.ndarray:
        """bool a node: levels from the top down, as long as few rows come of it."""
        depth = self._comparison.outline.depth
        down_to = np.cumsum(np.bincount(depth))
        opened: np.ndarray = depth < max(1, int((down_to <= OPEN_AT_FIRST).sum()) - 1)
        return opened
