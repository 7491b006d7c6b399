"""The values of a series, read task by task: the profile of a checkpoint, or how far a pair of them is apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import zip_longest

import numpy as np

from ckptgui.analysis.difference import UNKNOWN, Differences
from ckptgui.analysis.profile import RECORD, Profile
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.series.parts import Part
from ckptgui.core.series.series import Series
from ckptgui.core.series.status import Status, statuses
from ckptgui.engine.compare import Compared, compare
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.profile import Profiled, profile
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.equal_pairs import KnownFigures, equal_pairs
from ckptgui.workspace.kept_pairs import KeptPair
from ckptgui.workspace.results import Kept, Results
from ckptgui.workspace.tasks import News as News
from ckptgui.workspace.tasks import PairTask as PairTask
from ckptgui.workspace.tasks import ProfileTask as ProfileTask
from ckptgui.workspace.tasks import Task as Task
from ckptgui.workspace.told import Told

Elsewhere = Callable[[Checkpoint, Checkpoint, np.ndarray, Callable[[Compared], None], Cancel], np.ndarray]
"""Somebody who compares some pairs of rows without their files, tells of them, and returns their places."""


class Comparing:
    """Carries out the tasks of one series; for any thread but the GUI's, one after the other.

    A task that was cancelled goes on where it stood when it is asked for again: what was told of it, and may not
    have been heard, is told once more.
    """

    def __init__(
        self,
        series: Series,
        pool: SourcePool,
        results: Results | None,
        profiles: Sequence[Profile | None] = (),
        pairs: Mapping[tuple[int, int], Differences] | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """``profiles`` and ``pairs`` are what is known already; who is told of ``News`` fills them, not this.
        ``elsewhere`` is asked before files are read.

        A pair that is taken out of ``pairs`` again is read again when it is asked for.
        """
        self.series = series
        self._pool, self._results, self._elsewhere = pool, results, elsewhere
        self._profiles, self._pairs = profiles, pairs or {}
        self._known: list[KnownFigures] = []
        self._profiled: list[np.ndarray] = []  # bool a row: it was known before
        self._told = Told()
        self._kept: dict[int, Kept] = {}
        self._alone = threading.Lock()

    def carry_out(
        self, tasks: Sequence[Task], take: Callable[[News], None], cancel: Cancel, report: Report = silent
    ) -> None:
        """Do one task after the other and give ``take`` what is found, on this thread. Raises ``Cancelled``."""
        with self._alone:
            if not self._known:
                self._look_around()
            for task in tasks:
                cancel.check()
                telling = self._told.again(task, take)
                try:
                    if isinstance(task, ProfileTask):
                        self._profile(task, telling, cancel, report)
                    else:
                        self._pair(task, telling, cancel, report)
                except CheckpointError as error:
                    take(News(task, done=True, failure=str(error)))
                else:
                    take(News(task, done=True))

    def _look_around(self) -> None:
        """Note what is known already: not when this is made, as it takes a while, and before anything is told."""
        parts = self.series.matching.parts
        self._known = [_known(part, profile) for part, profile in zip_longest(parts, self._profiles)]
        self._profiled = [known.known for known in self._known]

    def _kept_of(self, member: int) -> Kept | None:
        """What is kept of a member; it notes the state of its files when it is first asked for."""
        part = self.series.matching.parts[member]
        if self._results is None or part is None:
            return None
        if member not in self._kept:
            self._kept[member] = self._results.of(part.checkpoint)
        return self._kept[member]

    def _profile(self, task: ProfileTask, tell: Callable[[News], None], cancel: Cancel, report: Report) -> None:
        part = self.series.matching.parts[task.member]
        if part is None:
            return
        known, kept = self._known[task.member], self._kept_of(task.member)
        wanted = np.zeros(len(part.checkpoint), bool)
        wanted[part.rows] = True
        wanted &= self._told.left(task, self._profiled[task.member])
        for rows, records in kept.records() if kept is not None and wanted.any() else ():
            known.put(rows, records)
            new = wanted[rows]
            wanted[rows] = False
            tell(News(task, rows[new], records[new]))
        batches: list[Profiled] = []

        def taken(batch: Profiled) -> None:
            known.put(batch.rows, batch.records)
            batches.append(batch)
            tell(News(task, batch.rows, batch.records, dict(batch.errors)))

        try:
            if wanted.any():
                profile(part.checkpoint, np.flatnonzero(wanted), self._pool, taken, cancel, report)
        finally:
            if kept is not None and batches:
                distributions = {row: s.distribution for batch in batches for row, s in batch.summaries.items()}
                rows = np.concatenate([batch.rows for batch in batches])
                kept.keep(rows, np.concatenate([batch.records for batch in batches]), distributions)

    def _pair(self, task: PairTask, tell: Callable[[News], None], cancel: Cancel, report: Report) -> None:
        matching = self.series.matching
        part_a, part_b = matching.parts[task.a], matching.parts[task.b]
        if part_a is None or part_b is None:
            return
        a, b = part_a.checkpoint, part_b.checkpoint
        structure = statuses(matching, task.a, task.b)
        readable = (structure == Status.MATCHED) | (structure == Status.RETYPED)
        elder = self._pairs.get((task.a, task.b))  # who listens may have forgotten it again
        known = elder.records["known"] != UNKNOWN if elder is not None else np.zeros(len(matching), bool)
        wanted = np.flatnonzero(readable & self._told.left(task, known))
        rows = matching.rows[wanted][:, [task.a, task.b]]
        kept_a, kept_b = self._kept_of(task.a), self._kept_of(task.b)
        kept = KeptPair(kept_a, kept_b, a, b) if kept_a is not None and kept_b is not None else None
        left = np.ones(len(wanted), bool)
        for places, records in kept.records(rows) if kept is not None else ():
            left[places] = False
            tell(News(task, wanted[places], records))
        found: list[Compared] = []

        def taken(batch: Compared, among: np.ndarray) -> None:
            numbers = among[batch.numbers]
            found.append(Compared(numbers, batch.records))
            errors = {int(wanted[among[number]]): error for number, error in batch.errors.items()}
            tell(News(task, wanted[numbers], batch.records, errors))

        try:
            if left.any():
                self._remember(task.a, rows[left, 0])
                self._remember(task.b, rows[left, 1])
                rest = np.flatnonzero(left)
                equal, records = equal_pairs(a, b, self._known[task.a], self._known[task.b], rows[rest])
                if len(equal):
                    taken(Compared(equal, records), rest)
                    left[rest[equal]] = False
            if left.any() and self._elsewhere is not None:
                rest = np.flatnonzero(left)
                left[rest[self._elsewhere(a, b, rows[rest], partial(taken, among=rest), cancel)]] = False
            if left.any():
                rest = np.flatnonzero(left)
                compare(a, b, rows[rest], self._pool, lambda batch: taken(batch, rest), cancel, report)
        finally:
            if kept is not None and found:
                whole = Compared.joined(found)
                kept.keep(rows[whole.numbers], whole.records)

    def _remember(self, member: int, rows: np.ndarray) -> None:
        """Fetch what is kept of a member that was not read in this series."""
        known, kept = self._known[member], self._kept_of(member)
        if kept is not None and not known.known[rows].any():
            for block, records in kept.records():
                known.put(block, records)


def _known(part: Part | None, profile: Profile | None) -> KnownFigures:
    if profile is not None:
        return KnownFigures(profile.records)
    return KnownFigures(np.zeros(len(part.checkpoint) if part is not None else 0, RECORD))
