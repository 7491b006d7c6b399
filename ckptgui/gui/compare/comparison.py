"""What all views of a comparison share: the series, what is known of it, its ends A and B, and one selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.difference import Differences
from ckptgui.analysis.profile import Profile
from ckptgui.core.dtypes import DType
from ckptgui.core.series.matching import Matching
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.series import Series
from ckptgui.engine.gate import Turn, Urgency
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.gui.compare.once import Once
from ckptgui.gui.jobs import Background
from ckptgui.gui.warm import fetch_pair_loops, warm_for_pairs
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing, Elsewhere, News, PairTask, ProfileTask, Task


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
        self.elsewhere: Elsewhere | None = None  # who compares what lies on a device
        self.known = Compared()
        self.a = self.b = 0
        self.selection = 0  # the root: the run itself
        self.hovered = -1
        self.progress = ComparisonProgress()
        self._to_first = False
        self._comparing: Once[Comparing] | None = None
        self._turn: Turn | None = None
        self._urgency = Urgency.FRONT
        self._lane = background.lane(self, patient=True)

    # the series

    def show_series(self, series: Series) -> None:
        """Compare these from now on. What is known of members that stay is kept, and so are ends and selection."""
        self.show_known(self.known.with_series(series))

    def show_known(self, known: Compared, *, to_newest: bool = False) -> None:
        """The same, where ``known.with_series`` was already called, off the GUI thread for instance.

        With ``to_newest`` B is the last member, and A the one before it.
        """
        path = self.outline.path(self.selection)
        stay = self.series.members if not to_newest else ()
        old_a, old_b = (stay[m] if m < len(stay) else None for m in (self.a, self.b))
        self._lane.cancel()
        self.known = known
        profiles, pairs, results = tuple(known.profiles), known.pairs, self.background.results
        # Made by the first job that wants it: to look through what is known takes a while.
        self._comparing = Once(
            lambda: Comparing(known.series, self.pool, results, profiles, pairs, self.elsewhere)
        )
        whole = known.series.whole
        places = {(member.path, member.section): number for number, member in enumerate(known.series.members)}
        last = whole[-1] if whole else 0
        self.b = places.get((old_b.path, old_b.section), last) if old_b is not None else last
        earlier = [number for number in whole if number < self.b]
        self.a = places.get((old_a.path, old_a.section), -1) if old_a is not None else -1
        if self.a < 0:
            self.a = earlier[-1] if earlier else last
        self.selection = (self.outline.find(path) or 0) if path else 0  # to find a name costs a table of all
        self.hovered = -1
        self.series_changed.emit()
        self.begin()

    @property
    def series(self) -> Series:
        """What is compared."""
        return self.known.series

    @property
    def matching(self) -> Matching:
        """Which tensor of one member is which of another."""
        return self.known.matching

    @property
    def outline(self) -> Outline:
        """The module tree over the tensors."""
        return self.known.outline

    @property
    def errors(self) -> dict[Task, dict[int, str]]:
        """Why single tensors could not be read, by row of the member or by tensor."""
        return self.known.errors

    @property
    def failures(self) -> dict[Task, str]:
        """Why a task could not be carried out to its end."""
        return self.known.failures

    # what is looked at

    def set_ends(self, a: int, b: int) -> None:
        """Compare B with A; the pair is read next if it is not known yet."""
        if (a, b) != (self.a, self.b):
            self.a, self.b = a, b
            self.known.forget_pairs(a, b)
            self.ends_changed.emit()
            if self.known.missing([PairTask(a, b)]):
                self.begin()

    def choose(self, member: int, *, as_a: bool = False) -> None:
        """Make a readable member B, or A; the other end makes room where it would stand on the wrong side."""
        whole = self.series.whole
        if member not in whole:
            return
        at = whole.index(member)
        if as_a:
            b = self.b if self.b > member else whole[at + 1] if at + 1 < len(whole) else self.b
            self.set_ends(member, b if b != member else whole[at - 1])
        else:
            a = self.a if self.a < member else whole[at - 1] if at else self.a
            self.set_ends(a if a != member else whole[min(1, len(whole) - 1)], member)

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
        return self.known.profile(member)

    def pair(self, a: int, b: int) -> Differences:
        """How far every tensor of member ``b`` is from that of ``a``, as far as it is known."""
        return self.known.pair(a, b)

    @property
    def difference(self) -> Differences:
        """The pair A and B."""
        return self.known.pair(self.a, self.b)

    def previous(self, member: int) -> int:
        """The readable member before one; -1 for the first."""
        return self.known.previous(member)

    def figures(self, name: str) -> np.ndarray:
        """float64, tensors × members, NaN for unknown: a field of a profile's record, or ``inf``."""
        return self.known.figures(name)

    def pairwise(self, name: str, *, to_first: bool = False) -> np.ndarray:
        """float64, tensors × members: see ``Compared.pairwise``."""
        return self.known.pairwise(name, to_first=to_first)

    # reading

    def begin(self) -> None:
        """Read what is missing, the pair of A and B first; what is being read is begun anew."""
        known = self.known
        tasks = known.missing(known.tasks(self.a, self.b, to_first=self._to_first))
        self._lane.cancel()
        if not tasks:
            self._settle(ComparisonProgress(False, len(known.done), len(known.done)))
            self.finished.emit()
            return
        comparing, gate = self._comparing, self.background.gate
        assert comparing is not None

        def work(cancel: Cancel, report: Report, tell: Callable[[News], None]) -> None:
            dtypes = _dtypes(known.series)
            pairs = [task for task in tasks[:1] if isinstance(task, PairTask)]
            for fetch, some in ((fetch_pair_loops, pairs), (warm_for_pairs, tasks[len(pairs) :])):
                if not some:
                    continue
                fetch(cancel, dtypes)
                with gate.turn(cancel, self._urgency) as turn:
                    self._turn = turn
                    try:
                        comparing().carry_out(some, tell, turn, report)
                    finally:
                        self._turn = None

        total = sum(map(known.nbytes, tasks))
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
        return task in self.known.done

    def _take(self, news: News) -> None:
        task, now = news.task, self.progress
        self.known.take(news)
        if news.done:
            done_bytes = now.done_bytes + self.known.nbytes(task)
            self._settle(ComparisonProgress(True, now.done + 1, now.total, done_bytes, now.total_bytes))
        if isinstance(task, ProfileTask):
            self.profiled.emit(task.member)
        else:
            self.compared.emit(task.a, task.b)

    def _progressed(self, _: Progress) -> None:
        self.progress_changed.emit()

    def _ended(self) -> None:
        self._settle(ComparisonProgress(False, self.progress.done, self.progress.total))
        self.finished.emit()

    def _settle(self, progress: ComparisonProgress) -> None:
        self.progress = progress
        self.progress_changed.emit()


def _dtypes(series: Series) -> list[DType]:
    """Those of all members' tensors."""
    parts = [part for part in series.matching.parts if part is not None]
    return list(dict.fromkeys(dtype for part in parts for dtype in part.checkpoint.tensors.dtypes))
