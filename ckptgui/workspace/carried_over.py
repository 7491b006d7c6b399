"""What is known of a series, brought over to another that has some of its members: one more epoch costs one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np

from ckptgui.analysis.difference import UNKNOWN, Differences
from ckptgui.analysis.profile import Profile
from ckptgui.core.series.parts import Part
from ckptgui.core.series.series import Series
from ckptgui.core.series.status import statuses
from ckptgui.workspace.comparing import PairTask, ProfileTask, Task


def carried_over(
    before: Series,
    after: Series,
    profiles: Sequence[Profile | None],
    pairs: Mapping[tuple[int, int], Differences],
    done: Set[Task],
) -> tuple[list[Profile | None], dict[tuple[int, int], Differences], set[Task]]:
    """Profiles of the members of ``after``, the pairs among them, and which tasks are done."""
    places = {_same(part): number for number, part in enumerate(before.matching.parts) if part is not None}
    old = [places.get(_same(part), -1) if part is not None else -1 for part in after.matching.parts]
    found: list[Profile | None] = []
    for part, number in zip(after.matching.parts, old):
        known = profiles[number] if number >= 0 else None
        found.append(known if known is not None or part is None else _unread(part))
    new = {number: at for at, number in enumerate(old) if number >= 0}
    ended: set[Task] = {ProfileTask(at) for number, at in new.items() if ProfileTask(number) in done}
    brought: dict[tuple[int, int], Differences] = {}
    for (a, b), known_pair in list(pairs.items()):  # it may grow meanwhile on the thread that it belongs to
        if a in new and b in new:
            at = new[a], new[b]
            brought[at] = _renumbered(before, after, (a, b), at, known_pair)
            if PairTask(a, b) in done and bool(brought[at].known.all()):
                ended.add(PairTask(*at))
    return found, brought, ended


def _same(part: Part) -> tuple[int, str]:
    """Equal for the same tensors of the same opened file."""
    return id(part.checkpoint), part.names[0] if part.names else ""


def _unread(part: Part) -> Profile:
    table = part.checkpoint.tensors
    return Profile(len(table), table.shape)


def _renumbered(
    before: Series, after: Series, old: tuple[int, int], new: tuple[int, int], known: Differences
) -> Differences:
    """The records of a pair by the numbers that tensors have now."""
    found = Differences.unread(statuses(after.matching, *new))
    elders, rows = before.matching.rows[:, old], after.matching.rows[:, new]
    read = np.flatnonzero(known.records["known"] != UNKNOWN)
    part = before.matching.parts[old[0]]
    assert part is not None
    number = np.full(len(part.checkpoint) + 1, -1, np.int64)  # the last place is for tensors that are not there
    number[elders[read, 0]] = read  # each row of a checkpoint is one tensor of the matching
    elder = number[rows[:, 0]]
    same = np.flatnonzero((elder >= 0) & (rows[:, 0] >= 0) & (elders[elder, 1] == rows[:, 1]))
    found.records[same] = known.records[elder[same]]
    return found
