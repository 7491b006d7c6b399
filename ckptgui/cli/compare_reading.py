"""Reads what ``compare`` tells: pairs, and profiles where pairs do not say everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.breakage.history import history_of
from ckptgui.core.series.renames import Rename
from ckptgui.core.series.series import Series
from ckptgui.core.series.status import Status
from ckptgui.engine.job import Cancel, Progress
from ckptgui.engine.profile import Profiled, profile
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.answer.run_facts import facts_words, run_facts
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing, News, PairTask, ProfileTask, Task
from ckptgui.workspace.renames import propose_all
from ckptgui.workspace.report.gathering import gather
from ckptgui.workspace.report.page import Reported
from ckptgui.workspace.results import Results


@dataclass(frozen=True)
class Read:
    """What was read, tensors that seem to be the same under another name, and the report if one is wanted."""

    found: Compared
    renames: tuple[Rename, ...]
    reported: Reported | None


@dataclass(frozen=True, slots=True)
class Wish:
    """Whether results may be kept for the next time, and whether there is to be a report."""

    cache: bool
    report: bool


def read_pair(series: Series, wish: Wish, bar: Callable[[Progress], None]) -> Read:
    """How far the second is from the first, and the norms of tensors that only one of them has in that shape."""
    if wish.report:
        return read_steps(series, wish, bar)
    found = Compared(series)
    with _Reader(found, wish.cache, bar) as reader:
        reader.carry_out([PairTask(0, 1)])
        status = found.pair(0, 1).structure
        for member in (0, 1):
            own = status == (Status.REMOVED if member == 0 else Status.ADDED)
            rows = series.matching.rows[own | (status == Status.RESHAPED), member]
            reader.profile(member, rows)
        return Read(found, reader.renames(), None)


def read_steps(series: Series, wish: Wish, bar: Callable[[Progress], None]) -> Read:
    """The figures of every checkpoint, and how far each is from the one before it; for a report the last from
    the first, too.
    """
    found = Compared(series)
    ends = (series.whole[0], series.whole[-1]) if wish.report else (-1, -1)
    with _Reader(found, wish.cache, bar) as reader:
        reader.carry_out(found.tasks(*ends))
        return Read(found, reader.renames(), reader.gather(*ends) if wish.report else None)


class _Reader:
    """Use it in ``with``: it has files open. The bar counts what is left of all tasks."""

    def __init__(self, found: Compared, cache: bool, report: Callable[[Progress], None]) -> None:
        self._found, self._report = found, report
        self._pool, self._cancel = SourcePool(), Cancel()
        self._results = Results() if cache else None
        self._done, self._total = 0, 0

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._cancel.cancel()
        self._pool.close()

    def carry_out(self, tasks: Sequence[Task]) -> None:
        """Do some tasks; what goes wrong is noted beside what was found."""
        self._done, self._total = 0, sum(map(self._found.nbytes, tasks))
        comparing = Comparing(self._found.series, self._pool, self._results, self._found.profiles)
        comparing.carry_out(tasks, self._take, self._cancel, self._tell)

    def profile(self, member: int, rows: np.ndarray) -> None:
        """Read the figures of some rows of a member."""
        part, known = self._found.matching.parts[member], self._found.profiles[member]
        if part is None or known is None or not rows.size:
            return
        task = ProfileTask(member)
        kept = self._results.of(part.checkpoint) if self._results is not None else None
        for kept_rows, records in kept.records() if kept is not None else ():
            known.put(kept_rows, records)

        def taken(batch: Profiled) -> None:
            self._found.take(News(task, batch.rows, batch.records, dict(batch.errors)))

        self._done, self._total = 0, int(part.checkpoint.tensors.nbytes[rows].sum())
        left = rows[known.records["known"][rows] == 0]
        try:
            profile(part.checkpoint, left, self._pool, taken, self._cancel, self._tell)
        except CheckpointError as error:
            self._found.failures[task] = str(error)

    def renames(self) -> tuple[Rename, ...]:
        """Those that are proposed; none where the files are no longer those that were opened."""
        found = self._found
        self._done, self._total = 0, 0
        try:
            return propose_all(found.series, self._pool, self._cancel, profiles=found.profiles)
        except CheckpointError:
            return ()

    def gather(self, a: int, b: int) -> Reported:
        """What the report of members ``a`` to ``b`` tells."""
        first, last = (self._found.series.members[number].name for number in (a, b))
        self._done, self._total = 0, 0
        known = self._found
        facts = facts_words(run_facts(history_of(known.series, known.profiles, known.pairs)))
        return gather(known, a, b, f"{first} to {last}", list(facts), self._pool, self._results, self._cancel)

    def _take(self, news: News) -> None:
        self._found.take(news)
        if news.done:
            self._done += self._found.nbytes(news.task)

    def _tell(self, progress: Progress) -> None:
        self._report(Progress(self._done + progress.done, self._total, "Reading values"))
