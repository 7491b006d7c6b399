"""What a run stores again and again: tensors that never change, and checkpoints that equal an earlier one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.breakage.history import History


@dataclass(frozen=True, eq=False)
class Unchanging:
    """Tensors that are the same in every checkpoint, of those of which that is known; ``nbytes`` are the bytes of
    all but the first of each.
    """

    tensors: np.ndarray  # int64
    nbytes: int
    looked_at: int


def unchanging(history: History) -> Unchanging:
    """Of tensors that stand in two checkpoints at least, whose every step is known."""
    matching = history.series.matching
    if not history.members:
        return Unchanging(np.zeros(0, np.int64), 0, 0)
    there = np.stack([_readable(history, member) for member in history.members], axis=1)
    expected = there[:, 1:] & there[:, :-1]
    changed = history.pairs["changed"][:, 1:]
    known = ~(expected & np.isnan(changed)).any(axis=1) & expected.any(axis=1)
    same = np.flatnonzero(known & ~(changed > 0).any(axis=1))
    nbytes = 0
    seen = np.zeros(len(matching), bool)
    for member in history.members:
        part, rows = matching.parts[member], matching.rows[same, member]
        if part is None:
            continue
        again = seen[same] & (rows >= 0)
        nbytes += int(part.checkpoint.tensors.nbytes[rows[again]].sum())
        seen[same] |= rows >= 0
    return Unchanging(same, nbytes, int(known.sum()))


def _readable(history: History, member: int) -> np.ndarray:
    """bool a tensor: the member has it, and its bytes are there."""
    part, rows = history.series.matching.parts[member], history.series.matching.rows[:, member]
    assert part is not None
    damaged = list(part.checkpoint.tensors.errors)
    readable: np.ndarray = (rows >= 0) & ~np.isin(rows, damaged)
    return readable


def equal_members(history: History) -> tuple[tuple[int, int], ...]:
    """Pairs of a member and the earliest one that has the same tensors with the same values."""
    there = history.series.matching.rows[:, list(history.members)] >= 0
    equal = history.equal_to
    found = []
    for column in range(1, history.columns):
        history.between()
        mine = np.flatnonzero(there[:, column])
        firsts = np.unique(equal[mine, column])
        for earlier in firsts[::-1].tolist():
            alike = earlier < column and bool((there[:, earlier] == there[:, column]).all())
            if alike and (equal[mine, column] == equal[mine, earlier]).all():
                found.append((history.members[column], history.members[earlier]))
                break
    return tuple(found)
