"""What is known of a series so far: figures of every tensor and member, and how far pairs of members are apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ckptgui.analysis.branch_figures import own_column
from ckptgui.analysis.difference import Differences
from ckptgui.analysis.profile import Profile
from ckptgui.core.series.matching import Matching
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.series import Series, series_of
from ckptgui.core.series.status import statuses
from ckptgui.workspace.carried_over import carried_over
from ckptgui.workspace.comparing import News, PairTask, ProfileTask, Task

MOST_PAIRS = 8
"""Pairs kept that were asked for by moving A or B, and are no step from one member to the next."""


class Compared:
    """Belongs to one thread, which tells it of ``News``. Members and tensors go by number."""

    def __init__(self, series: Series | None = None) -> None:
        nothing = series_of(())
        self.series = series if series is not None else nothing
        self.profiles, self._pairs, self.done = carried_over(nothing, self.series, (), {}, set())
        self.errors: dict[Task, dict[int, str]] = {}
        self.failures: dict[Task, str] = {}
        self._columns: dict[str, tuple[np.ndarray, set[int]]] = {}  # a figure's matrix, and what is new in it

    def with_series(self, series: Series) -> Compared:
        """What is known of the members that are in another series too, by the numbers that they have there."""
        found = Compared.__new__(Compared)
        found.series = series
        found.profiles, found._pairs, found.done = carried_over(
            self.series, series, self.profiles, self._pairs, self.done
        )
        found.errors, found.failures, found._columns = {}, {}, {}
        return found

    @property
    def matching(self) -> Matching:
        """Which tensor of one member is which of another."""
        return self.series.matching

    @property
    def outline(self) -> Outline:
        """The module tree over the tensors."""
        return self.series.matching.outline

    def profile(self, member: int) -> Profile | None:
        """The figures of a member's tensors by row of its checkpoint; None for one that cannot be read."""
        return self.profiles[member]

    def pair(self, a: int, b: int) -> Differences:
        """How far every tensor of member ``b`` is from that of ``a``, as far as it is known."""
        known = self._pairs.get((a, b))
        if known is None:
            known = self._pairs[a, b] = Differences.unread(statuses(self.matching, a, b))
        return known

    def forget_pairs(self, a: int, b: int) -> None:
        """Of pairs that are neither a step nor with the first, keep ``a``, ``b`` and the last few asked for."""
        at_hand = self._pairs.pop((a, b), None)
        if at_hand is not None:
            self._pairs[a, b] = at_hand  # asked for last
        whole = self.series.whole
        steps = {(self.base(m, to_first=first), m) for m in whole for first in (False, True)}
        odd = [pair for pair in self._pairs if pair not in steps]
        for pair in odd[: max(0, len(odd) - MOST_PAIRS)]:
            del self._pairs[pair]
            self.done.discard(PairTask(*pair))

    @property
    def pairs(self) -> Mapping[tuple[int, int], Differences]:
        """Those of which something is known."""
        return self._pairs

    def previous(self, member: int) -> int:
        """The readable member before one; -1 for the first."""
        return next((number for number in reversed(self.series.whole) if number < member), -1)

    def figures(self, name: str) -> np.ndarray:
        """float64, tensors × members, NaN for unknown: a field of a profile's record, or ``inf``."""

        def column(member: int) -> np.ndarray:
            found = self.profiles[member]
            rows = self.matching.rows[:, member]
            return own_column(found, rows, name) if found is not None else _nothing(rows)

        return self._matrix(name, column)

    def pairwise(self, name: str, *, to_first: bool = False) -> np.ndarray:
        """float64, tensors × members, NaN for unknown: a figure of each member against the one before it.

        ``name`` is one of ``analysis.difference.PAIRWISE`` or a field of the record. The first has none. With
        ``to_first`` against the first readable member.
        """

        def column(member: int) -> np.ndarray:
            base = self.base(member, to_first=to_first)
            rows = self.matching.rows[:, member]
            return self.pair(base, member).column(name) if base >= 0 else _nothing(rows)

        return self._matrix(f"{'first' if to_first else 'previous'} {name}", column)

    def base(self, member: int, *, to_first: bool = False) -> int:
        """The member that ``pairwise`` compares one with; -1 where it compares it with none."""
        if not to_first:
            return self.previous(member) if member in self.series.whole else -1
        return self.series.whole[0] if member in self.series.whole[1:] else -1

    def _matrix(self, key: str, column: Callable[[int], np.ndarray]) -> np.ndarray:
        members = len(self.series.members)
        if key not in self._columns:
            self._columns[key] = np.full((len(self.matching), members), np.nan), set(range(members))
        matrix, fresh = self._columns[key]
        for member in fresh:
            matrix[:, member] = column(member)
        fresh.clear()
        return matrix

    def take(self, news: News) -> None:
        """Note what was read."""
        task = news.task
        if news.errors:
            self.errors.setdefault(task, {}).update(news.errors)
        if isinstance(task, ProfileTask):
            known = self.profiles[task.member]
            if known is not None and news.records is not None and news.numbers.size:
                known.put(news.numbers, news.records)
        elif news.records is not None and news.numbers.size:
            self.pair(task.a, task.b).records[news.numbers] = news.records
        for _, fresh in self._columns.values():
            fresh.add(task.member if isinstance(task, ProfileTask) else task.b)
        if news.done:
            self.done.add(task)
            if news.failure:
                self.failures[task] = news.failure

    def tasks(self, a: int = -1, b: int = -1, *, to_first: bool = False) -> list[Task]:
        """Everything there is to read, in the order in which it is of use: the pair ``a``, ``b`` first."""
        whole = self.series.whole
        first: list[Task] = [ProfileTask(member) for member in (b, a) if member in whole]
        if a != b and len(first) == 2:
            first.insert(0, PairTask(a, b))
        rest: list[Task] = []
        for before, member in zip((-1, *whole), whole):
            rest.append(ProfileTask(member))
            if before >= 0:
                rest.append(PairTask(before, member))
        if to_first:
            rest += [PairTask(whole[0], member) for member in whole[1:]]
        return list(dict.fromkeys([*first, *rest]))

    def missing(self, tasks: list[Task]) -> list[Task]:
        """Those of which there is more to come."""
        return [task for task in tasks if task not in self.done]

    def nbytes(self, task: Task) -> int:
        """Bytes that a task reads at most."""
        members = (task.member,) if isinstance(task, ProfileTask) else (task.a, task.b)
        parts = [self.matching.parts[member] for member in members]
        return sum(int(p.checkpoint.tensors.nbytes[p.rows].sum()) for p in parts if p is not None)


def _nothing(rows: np.ndarray) -> np.ndarray:
    return np.full(len(rows), np.nan)
