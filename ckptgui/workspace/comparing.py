"""The values of a series, read task by task: the profile of a checkpoint, or how far a pair of them is apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

from ckptgui.analysis.profile import Profile
from ckptgui.core.series.parts import Part
from ckptgui.core.series.series import Series
from ckptgui.core.series.status import Status, statuses
from ckptgui.engine.compare import Compared, compare
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.profile import Profiled, profile
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.results import Results


@dataclass(frozen=True, slots=True)
class ProfileTask:
    """Read the figures of a member's tensors."""

    member: int


@dataclass(frozen=True, slots=True)
class PairTask:
    """Compare member ``b`` with member ``a``."""

    a: int
    b: int


Task = ProfileTask | PairTask


@dataclass(frozen=True)
class News:
    """A part of what a task came to. ``records`` are of ``RECORD`` by row of the member's checkpoint, or of
    ``DIFFERENCE`` by tensor of the matching; ``errors`` by the same numbers. The last of a task is ``done``;
    ``failure`` says then why it could not be carried out to its end, as when a file changed.
    """

    task: Task
    numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    records: np.ndarray | None = None
    errors: dict[int, str] = field(default_factory=dict)
    done: bool = False
    failure: str = ""


class Comparing:
    """Carries out the tasks of one series; for any thread but the GUI's, one after the other."""

    def __init__(
        self,
        series: Series,
        pool: SourcePool,
        results: Results | None,
        profiles: Sequence[Profile | None] = (),
    ) -> None:
        """``profiles`` are what is known already, a member each; who is told of ``News`` fills them, not this."""
        self.series = series
        self._pool, self._results = pool, results
        self._digests = [_digests(part, known) for part, known in zip_longest(series.matching.parts, profiles)]
        self._alone = threading.Lock()

    def carry_out(
        self, tasks: Sequence[Task], take: Callable[[News], None], cancel: Cancel, report: Report = silent
    ) -> None:
        """Do one task after the other and give ``take`` what is found, on this thread. Raises ``Cancelled``."""
        with self._alone:
            for task in tasks:
                cancel.check()
                try:
                    if isinstance(task, ProfileTask):
                        self._profile(task, take, cancel, report)
                    else:
                        self._pair(task, take, cancel, report)
                except CheckpointError as error:
                    take(News(task, done=True, failure=str(error)))
                else:
                    take(News(task, done=True))

    def _profile(self, task: ProfileTask, take: Callable[[News], None], cancel: Cancel, report: Report) -> None:
        part = self.series.matching.parts[task.member]
        if part is None:
            return
        digests = self._digests[task.member]
        left = np.zeros(len(part.checkpoint), bool)
        left[part.rows] = True
        left[digests.known] = False
        kept = self._results.of(part.checkpoint) if self._results is not None else None
        for rows, records in kept.records() if kept is not None else ():
            new = left[rows]
            left[rows] = False
            digests.put(rows[new], records[new])
            take(News(task, rows[new], records[new]))
        batches: list[Profiled] = []

        def taken(batch: Profiled) -> None:
            digests.put(batch.rows, batch.records)
            batches.append(batch)
            take(News(task, batch.rows, batch.records, dict(batch.errors)))

        if left.any():
            profile(part.checkpoint, np.flatnonzero(left), self._pool, taken, cancel, report)
        if kept is not None and batches:
            distributions = {row: s.distribution for batch in batches for row, s in batch.summaries.items()}
            rows = np.concatenate([batch.rows for batch in batches])
            kept.keep(rows, np.concatenate([batch.records for batch in batches]), distributions)

    def _pair(self, task: PairTask, take: Callable[[News], None], cancel: Cancel, report: Report) -> None:
        matching = self.series.matching
        part_a, part_b = matching.parts[task.a], matching.parts[task.b]
        if part_a is None or part_b is None:
            return
        structure = statuses(matching, task.a, task.b)
        wanted = np.flatnonzero((structure == Status.MATCHED) | (structure == Status.RETYPED))

        def taken(batch: Compared) -> None:
            errors = {int(wanted[number]): error for number, error in batch.errors.items()}
            take(News(task, wanted[batch.numbers], batch.records, errors))

        rows = matching.rows[wanted][:, [task.a, task.b]]
        compare(part_a.checkpoint, part_b.checkpoint, rows, self._pool, taken, cancel, report)


@dataclass(frozen=True)
class _Digests:
    """Of a checkpoint's tensors, as far as they were read: equal ones need not be compared."""

    known: np.ndarray  # bool
    digests: np.ndarray  # uint8, n × 16

    def put(self, rows: np.ndarray, records: np.ndarray) -> None:
        """Note some records of ``analysis.profile.RECORD``."""
        self.known[rows] = True
        self.digests[rows] = records["digest"]


def _digests(part: Part | None, profile: Profile | None) -> _Digests:
    if profile is not None:
        return _Digests(profile.known, profile.records["digest"].copy())
    count = len(part.checkpoint) if part is not None else 0
    return _Digests(np.zeros(count, bool), np.zeros((count, 16), np.uint8))
