"""A comparison in columns: what each step changed, with the figures of tensors as the answer tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.difference import NO_FIGURES
from ckptgui.core.series.status import Status
from ckptgui.workspace.answer.figures import norms, strict
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import PairTask, ProfileTask

COUNTED = (Status.ADDED, Status.REMOVED, Status.RESHAPED, Status.RETYPED)


@dataclass(frozen=True)
class Step:
    """From member ``a`` to ``b``. ``status``: uint8 of ``Status`` a tensor, ``MATCHED`` where it is not known."""

    a: int
    b: int
    status: np.ndarray
    figures: Mapping[str, np.ma.MaskedArray]
    errors: Mapping[int, str] = field(default_factory=dict)

    @property
    def summary(self) -> dict[str, int]:
        """How many names both have, and how many tensors stand how."""
        counts = np.bincount(self.status, minlength=len(Status))
        both = ~np.isin(self.status, (Status.ABSENT, Status.ADDED, Status.REMOVED))
        told = {"matched": int(both.sum()), "changed": int(counts[Status.CHANGED])}
        return {**told, **{str(status): int(counts[status]) for status in COUNTED}}

    @property
    def identical(self) -> bool | None:
        """Equal in every value; None where nothing differs and not all could be read, or was read yet."""
        if np.isin(self.status, (Status.CHANGED, *COUNTED)).any():
            return False
        return None if self.errors or (self.status == Status.MATCHED).any() else True


def steps_of(found: Compared) -> list[Step | None]:
    """One a member but the first, against the readable one before it; None for one that cannot be read."""
    return [
        _step(found, found.previous(member), member)
        if found.matching.parts[member] is not None and found.previous(member) >= 0
        else None
        for member in range(1, len(found.series.members))
    ]


def norms_of(found: Compared, steps: list[Step | None]) -> list[np.ma.MaskedArray]:
    """The norm of every tensor in each member, masked where it is not there or was not read."""
    columns = []
    for member, profile in enumerate(found.profiles):
        rows = found.matching.rows[:, member]
        empty = np.ma.MaskedArray(np.zeros(len(rows)), True)
        column = empty if profile is None else norms(profile, rows)
        for step in steps:
            if step is not None and member in (step.a, step.b):
                told = step.figures["l2_a" if member == step.a else "l2_b"]
                new = np.ma.getmaskarray(column) & ~np.ma.getmaskarray(told)
                column[new] = told[new]
        columns.append(column)
    return columns


def failures(found: Compared, member: int) -> dict[int, str]:
    """Why a member's own figures are lacking, by tensor."""
    by_row = found.errors.get(ProfileTask(member), {})
    rows = found.matching.rows[:, member].tolist()
    return {tensor: by_row[row] for tensor, row in enumerate(rows) if row in by_row} if by_row else {}


def _step(found: Compared, a: int, b: int) -> Step:
    pair = found.pair(a, b)
    status = pair.status
    errors = dict(found.errors.get(PairTask(a, b), {}))
    failure = found.failures.get(PairTask(a, b))
    if failure:
        errors.update(dict.fromkeys(np.flatnonzero(~pair.known).tolist(), failure))
    untold = (pair.records["known"] == NO_FIGURES) & (pair.records["changed"] < 0) & (status == Status.MATCHED)
    errors.update(dict.fromkeys(np.flatnonzero(untold).tolist(), "Whether its values are equal cannot be told."))
    if errors:
        status[list(errors)] = Status.MATCHED
    return Step(a, b, status, strict(pair), errors)
