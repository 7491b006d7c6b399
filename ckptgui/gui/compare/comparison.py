"""What all views of a comparison share: the series, what is known of it, its ends A and B, and one selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.difference import Differences
from ckptgui.analysis.profile import Profile
from ckptgui.core.series.matching import Matching
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.series import Series, series_of
from ckptgui.core.series.status import statuses
from ckptgui.engine.gate import Turn, Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.gui.compare.carried_over import carried_over
from ckptgui.gui.jobs import Background
from ckptgui.gui.warm import wait_until_warm
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.comparing import Comparing, News, PairTask, ProfileTask, Task


@dataclass(frozen=True, slots=True)
class ComparisonProgress:
    """``done`` of ``total`` tasks and bytes; ``running`` is False before, after, and when it was stopped."""

    running: bool = False
    done: int = 0
    total: int = 0
    done_bytes: int = 0
    total_bytes: int = 0


class Comparison(QObject):
    """Answers at once with what is known, and says when more is. Members, tensors and nodes go by number.

    ``series_changed``: everything is another. ``profiled(member)`` and ``compared(a, b)``: more figures are known.
    ``ends_changed``: A or B is another. ``selection_changed``, ``hovered_changed``: another node of the outline.
    """

    series_changed = Signal()
    profiled = Signal(int)
    compared = Signal(int, int)
    ends_changed = Signal()
    selection_changed = Signal()
    hovered_changed = Signal()
    progress_changed = Signal()
    finished = Signal()

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.background = background
        self.pool = SourcePool()
        self.series: Series = series_of(())
        self.a = self.b = 0
        self.selection = 0  # the root: the run itself
        self.hovered = -1
        self.progress = ComparisonProgress()
        self.errors: dict[Task, dict[int, str]] = {}
        self.failures: dict[Task, str] = {}
        self._profiles: list[Profile | None] = []
        self._pairs: dict[tuple[int, int], Differences] = {}
        self._done: set[Task] = set()
        self._to_first = False
        self._columns: dict[str, tuple[np.ndarray, set[int]]] = {}  # a figure's matrix, and what is new in it
        self._comparing: Comparing | None = None
        self._turn: Turn | None = None
        self._urgency = Urgency.FRONT
        self._lane = background.lane(self, patient=True)

    # the series

    def show_series(self, series: Series) -> None:
        """Compare these from now on. What is known of members that stay is kept, and so are ends and selection."""
        before, path = self.series, self.outline.path(self.selection)
        old_a, old_b = (before.members[m] if m < len(before.members) else None for m in (self.a, self.b))
        profiles, pairs, done = carried_over(before, series, self._profiles, self._pairs, self._done)
        self._lane.cancel()
        self.series = series
        self._profiles, self._pairs, self._done = profiles, pairs, done
        self._columns.clear()
        self.errors.clear()
        self.failures.clear()
        self._comparing = Comparing(series, self.pool, self.background.results, profiles)
        whole = series.whole
        places = {member.path: number for number, member in enumerate(series.members)}
        last = whole[-1] if whole else 0
        self.b = places.get(old_b.path, last) if old_b is not None else last
        earlier = [number for number in whole if number < self.b]
        self.a = places.get(old_a.path, -1) if old_a is not None else -1
        if self.a < 0:
            self.a = earlier[-1] if earlier else last
        self.selection = self.outline.find(path) or 0
        self.hovered = -1
        self.series_changed.emit()
        self.begin()

    @property
    def matching(self) -> Matching:
        """Which tensor of one member is which of another."""
        return self.series.matching

    @property
    def outline(self) -> Outline:
        """The module tree over the tensors."""
        return self.series.matching.outline

    # what is looked at

    def set_ends(self, a: int, b: int) -> None:
        """Compare B with A; the pair is read next if it is not known yet."""
        if (a, b) != (self.a, self.b):
            self.a, self.b = a, b
            self.ends_changed.emit()
            if self._missing([PairTask(a, b)]):
                self.begin()

    def select(self, node: int) -> None:
        """Select a tensor or a module; 0 is the run itself."""
        if node != self.selection:
            self.selection = node
            self.selection_changed.emit()

    def hover(self, node: int) -> None:
        """The mouse is over a node, or over none (-1)."""
        if node != self.hovered:
            self.hovered = node
            self.hovered_changed.emit()

    @property
    def selected_tensor(self) -> int:
        """The selected tensor, -1 where a module or the run is selected."""
        return int(self.outline.tensor[self.selection])

    @property
    def selected_tensors(self) -> range:
        """The tensors at or below the selected node."""
        return range(int(self.outline.start[self.selection]), int(self.outline.stop[self.selection]))

    def compare_with_first(self) -> None:
        """From now on every member is compared with the first too."""
        if not self._to_first:
            self._to_first = True
            self.begin()

    # what is known

    def profile(self, member: int) -> Profile | None:
        """The figures of a member's tensors by row of its checkpoint; None for one that cannot be read."""
        return self._profiles[member]

    def pair(self, a: int, b: int) -> Differences:
        """How far every tensor of member ``b`` is from that of ``a``, as far as it is known."""
        known = self._pairs.get((a, b))
        if known is None:
            known = self._pairs[a, b] = Differences.unread(statuses(self.matching, a, b))
        return known

    @property
    def difference(self) -> Differences:
        """The pair A and B."""
        return self.pair(self.a, self.b)

    def previous(self, member: int) -> int:
        """The readable member before one; -1 for the first."""
        return next((number for number in reversed(self.series.whole) if number < member), -1)

    def figures(self, name: str) -> np.ndarray:
        """float64, tensors × members, NaN for unknown: a field of a profile's record, or ``inf``."""

        def column(member: int) -> np.ndarray:
            found = self._profiles[member]
            rows = self.matching.rows[:, member]
            return np.where(rows >= 0, found.column(name)[rows], np.nan) if found is not None else _nothing(rows)

        return self._matrix(name, column)

    def pairwise(self, name: str, *, to_first: bool = False) -> np.ndarray:
        """float64, tensors × members, NaN for unknown: a figure of each member against the one before it.

        ``name`` is one of ``analysis.difference.PAIRWISE`` or a field of the record. The first has none. With
        ``to_first`` against the first readable member.
        """

        def column(member: int) -> np.ndarray:
            base = self._base(member, to_first)
            rows = self.matching.rows[:, member]
            return self.pair(base, member).column(name) if base >= 0 else _nothing(rows)

        return self._matrix(f"{'first' if to_first else 'previous'} {name}", column)

    def _matrix(self, key: str, column: Callable[[int], np.ndarray]) -> np.ndarray:
        members = len(self.series.members)
        matrix, fresh = self._columns.setdefault(
            key, (np.full((len(self.matching), members), np.nan), set(range(members)))
        )
        for member in fresh:
            matrix[:, member] = column(member)
        fresh.clear()
        return matrix

    def _base(self, member: int, to_first: bool) -> int:
        if not to_first:
            return self.previous(member) if member in self.series.whole else -1
        return self.series.whole[0] if member in self.series.whole[1:] else -1

    # reading

    def begin(self) -> None:
        """Read what is missing, the pair of A and B first; what is being read is begun anew."""
        tasks = self._missing(self._wanted())
        self._lane.cancel()
        if not tasks:
            self._settle(ComparisonProgress(False, len(self._done), len(self._done)))
            self.finished.emit()
            return
        comparing, gate = self._comparing, self.background.gate
        assert comparing is not None

        def work(cancel: Cancel, report: Report, tell: Callable[[News], None]) -> None:
            wait_until_warm(cancel)
            with gate.turn(cancel, self._urgency) as turn:
                self._turn = turn
                try:
                    comparing.carry_out(tasks, tell, turn, report)
                finally:
                    self._turn = None

        total = sum(map(self._bytes, tasks))
        self._settle(ComparisonProgress(True, 0, len(tasks), 0, total))
        self._lane.stream(work, self._take, lambda _: self._ended(), on_progress=self._progressed)

    def stop(self) -> None:
        """Read nothing more for now; what was read is kept."""
        self._lane.cancel()
        if self.progress.running:
            self._settle(ComparisonProgress(False, self.progress.done, self.progress.total))

    def set_front(self, front: bool) -> None:
        """Whether this is looked at; else it waits for what is."""
        self._urgency = Urgency.FRONT if front else Urgency.BEHIND
        if self._turn is not None:
            self.background.gate.let(self._turn, self._urgency)

    def release(self) -> None:
        """Stop, and give the files back."""
        self._lane.cancel()
        self.pool.close()

    def is_done(self, task: Task) -> bool:
        """Whether there is nothing more to come of a task."""
        return task in self._done

    def _wanted(self) -> list[Task]:
        """Everything, in the order in which it is of use."""
        whole = self.series.whole
        if not whole:
            return []
        first: list[Task] = [ProfileTask(self.b), ProfileTask(self.a)]
        if self.a != self.b:
            first.append(PairTask(self.a, self.b))
        rest: list[Task] = []
        for before, member in zip((-1, *whole), whole):
            rest.append(ProfileTask(member))
            if before >= 0:
                rest.append(PairTask(before, member))
        if self._to_first:
            rest += [PairTask(whole[0], member) for member in whole[1:]]
        return list(dict.fromkeys([*first, *rest]))

    def _missing(self, tasks: list[Task]) -> list[Task]:
        return [task for task in tasks if task not in self._done]

    def _bytes(self, task: Task) -> int:
        members = (task.member,) if isinstance(task, ProfileTask) else (task.a, task.b)
        parts = [self.matching.parts[member] for member in members]
        return sum(int(p.checkpoint.tensors.nbytes[p.rows].sum()) for p in parts if p is not None)

    def _take(self, news: News) -> None:
        task = news.task
        if news.errors:
            self.errors.setdefault(task, {}).update(news.errors)
        if isinstance(task, ProfileTask):
            known = self._profiles[task.member]
            if known is not None and news.records is not None and news.numbers.size:
                known.put(news.numbers, news.records)
            self._freshen(task.member)
        else:
            if news.records is not None and news.numbers.size:
                self.pair(task.a, task.b).records[news.numbers] = news.records
            self._freshen(task.b)
        if news.done:
            self._done.add(task)
            if news.failure:
                self.failures[task] = news.failure
            self._settle(
                ComparisonProgress(
                    True,
                    self.progress.done + 1,
                    self.progress.total,
                    self.progress.done_bytes + self._bytes(task),
                    self.progress.total_bytes,
                )
            )
        if isinstance(task, ProfileTask):
            self.profiled.emit(task.member)
        else:
            self.compared.emit(task.a, task.b)

    def _freshen(self, member: int) -> None:
        for _, fresh in self._columns.values():
            fresh.add(member)

    def _progressed(self, _: Progress) -> None:
        self.progress_changed.emit()

    def _ended(self) -> None:
        self._settle(ComparisonProgress(False, self.progress.done, self.progress.total))
        self.finished.emit()

    def _settle(self, progress: ComparisonProgress) -> None:
        self.progress = progress
        self.progress_changed.emit()


def _nothing(rows: np.ndarray) -> np.ndarray:
    return np.full(len(rows), np.nan)
