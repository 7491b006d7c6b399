"""Reads what ``compare`` tells: pairs, and profiles where pairs do not say everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.core.series.renames import Rename
from ckptgui.core.series.series import Series
from ckptgui.core.series.status import Status
from ckptgui.engine.job import Cancel, Progress
from ckptgui.engine.profile import Profiled, profile
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import Comparing, News, PairTask, ProfileTask, Task
from ckptgui.workspace.renames import propose_all
from ckptgui.workspace.results import Results


@dataclass(frozen=True)
class Read:
    """What was read, and tensors that seem to be the same under another name."""

    found: Compared
    renames: tuple[Rename, ...]


def read_pair(series: Series, cache: bool, report: Callable[[Progress], None]) -> Read:
    """How far the second is from the first, and the norms of tensors that only one of them has in that shape."""
    found = Compared(series)
    with _Reader(found, cache, report) as reader:
        reader.carry_out([PairTask(0, 1)])
        status = found.pair(0, 1).structure
        for member in (0, 1):
            own = status == (Status.REMOVED if member == 0 else Status.ADDED)
            rows = series.matching.rows[own | (status == Status.RESHAPED), member]
            reader.profile(member, rows)
        return Read(found, reader.renames())


def read_steps(series: Series, cache: bool, report: Callable[[Progress], None]) -> Read:
    """The figures of every checkpoint, and how far each is from the one before it."""
    found = Compared(series)
    with _Reader(found, cache, report) as reader:
        reader.carry_out(found.tasks())
        return Read(found, reader.renames())


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

    def _take(self, news: News) -> None:
        self._found.take(news)
        if news.done:
            self._done += self._found.nbytes(news.task)

    def _tell(self, progress: Progress) -> None:
        self._report(Progress(self._done + progress.done, self._total, "Reading values"))
