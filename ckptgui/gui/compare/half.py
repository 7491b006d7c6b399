"""The half of a run's tab that compares, and what it answers while it is in front."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.tensors import Path
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.history import History
from ckptgui.gui.compare.page_words import facts_of, outcome_of, so_far
from ckptgui.gui.compare.stopwatch import Stopwatch
from ckptgui.gui.compare.view import CompareView
from ckptgui.gui.goto import Finder, find_names
from ckptgui.gui.milestones import PaintWatch
from ckptgui.gui.notices import NoticeArea
from ckptgui.gui.numbers import tr
from ckptgui.gui.page import Activity, Link, Page


class CompareHalf(Page):
    """Notices, and the views of the comparison below them. ``path`` is the run's."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._facts: tuple[str, ...] = ()
        self._stopwatch = Stopwatch(comparison)
        self.history = History(comparison, self)
        self.notices = NoticeArea(self)
        self.view = CompareView(comparison, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self.view, 1)
        comparison.series_changed.connect(self._series_changed)
        comparison.selection_changed.connect(self.changed)
        comparison.progress_changed.connect(self.moved)
        comparison.compared.connect(self._compared)
        self.view.run.watch.changed.connect(self.changed)

    def _series_changed(self) -> None:
        self._facts = facts_of(self._comparison.series)

    def _compared(self, a: int, b: int) -> None:
        comparison = self._comparison
        if (a, b) == (comparison.a, comparison.b) and comparison.difference.known.all():
            PaintWatch(self.view.changes).painted.connect(self.histogram_painted)
            self.view.changes.update()

    @property
    def ready(self) -> bool:
        """Whether there is something to compare."""
        return bool(self._comparison.series.members)

    def activity(self) -> Activity | None:
        """Comparing, once that takes long enough to be told."""
        progress = self._comparison.progress
        if not progress.running or not self._stopwatch.noticeable:
            return None
        detail = so_far(progress)
        return Activity(tr("Comparing"), progress.done_bytes, progress.total_bytes, detail, self._comparison.stop)

    def outcome(self) -> str:
        """What comparing came to."""
        comparison = self._comparison
        failures = len({tensor for errors in comparison.errors.values() for tensor in errors})
        return outcome_of(comparison.series, comparison.progress, self._stopwatch.seconds, failures)

    def link(self) -> Link | None:
        """To go on where that was stopped."""
        progress = self._comparison.progress
        stopped = not progress.running and progress.done < progress.total
        return Link(tr("Go on"), self._comparison.begin) if stopped else None

    def facts(self) -> tuple[str, ...]:
        """How many tensors the members have in common."""
        return self._facts

    def able(self, ability: str) -> str:
        """Why not (see ``Page``)."""
        if ability == "back":
            return "" if self.history.can_step(-1) else tr("Nothing was selected before this.")
        if ability == "forward":
            return "" if self.history.can_step(1) else tr("Nothing was selected after this.")
        if ability in ("export", "resave"):
            return tr("Turn to one epoch to export it.")
        if ability in ("move", "move back", "free"):
            return tr("Turn to one epoch to move its tensors.")
        if ability == "finding":
            account = self.view.run.watch.account
            return "" if account is not None and account.breakages else tr("Nothing was found to be wrong.")
        return ""

    def finder(self) -> Finder | None:
        """Finds tensors that are compared."""
        names = self._comparison.matching.names
        return Finder(names, lambda text, cancel: find_names(names, text, cancel)) if names else None

    def go_to(self, path: Path) -> None:
        """Select a tensor or module by its name; with ``()`` the run."""
        self._select(path)
        self.focus_rows()

    def select_joined(self, text: str) -> Path | None:
        """Select a tensor by its path in B, or by the name under which it is compared."""
        return self._select(tuple(text.split("/"))) or self._select((text,))

    def _select(self, path: Path) -> Path | None:
        comparison = self._comparison
        part = comparison.matching.parts[comparison.b] if self.ready else None
        row = part.checkpoint.row(path) if part is not None else None
        if row is not None:
            tensors = (comparison.matching.rows[:, comparison.b] == row).nonzero()[0]
            node = int(comparison.outline.node_of[tensors[0]]) if tensors.size else None
        else:
            node = comparison.outline.find(".".join(path))
        if node is not None:
            comparison.select(node)
        return path if node is not None else None

    def focus_filter(self) -> None:
        """Bring the keyboard to the filter of the table."""
        self.view.changes.open_filter()

    def focus_rows(self) -> None:
        """Bring the keyboard to the table."""
        self.view.changes.view.setFocus()

    def next_finding(self) -> None:
        """Select what broke, at the step at which it did."""
        self.view.run.next_finding()

    def step_selection(self, step: int) -> None:
        """Go back or forward among what was selected."""
        self.history.step(step)

    def copy_path(self) -> None:
        """The name of what is selected; of the run its folder."""
        comparison = self._comparison
        text = comparison.outline.path(comparison.selection) or self.path
        QGuiApplication.clipboard().setText(display(text, MAX_DETAIL))
