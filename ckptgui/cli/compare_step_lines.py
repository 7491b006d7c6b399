"""A series as lines: what each checkpoint changed, what moved most in it, and where NaN came in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.cli.compare_words import percent
from ckptgui.cli.table import table
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count, figure
from ckptgui.core.series.status import Status
from ckptgui.core.series.words import counter_of, member_text
from ckptgui.workspace.answer.steps import Step
from ckptgui.workspace.answer.told import Told


def step_lines(told: Told) -> Iterator[str]:
    """A line a checkpoint: the first has no step before it."""
    series, counter = told.series, counter_of(told.series)
    rows = []
    for number, member in enumerate(series.members):
        name = member_text(member, counter)
        loss = f"loss {figure(member.loss)}" if member.loss is not None else ""
        step = told.steps[number - 1] if number else None
        if step is not None:
            rows.append([name, loss, *_step(told, step)])
        elif member.checkpoint is None:
            rows.append([name, loss, display(member.error or "It cannot be read.")])
        else:
            names = int((series.matching.rows[:, number] >= 0).sum())
            rows.append([name, loss, count(names, "tensor")])
    yield from table(rows)


def _step(told: Told, step: Step) -> list[str]:
    summary = step.summary
    others = [f"{summary[str(each)]:,} {each}" for each in _TOLD if summary[str(each)]]
    changed = "nothing changed" if step.identical else f"{summary['changed']:,} changed"
    unread = [f"{len(step.errors):,} cannot be read"] if step.errors else []
    return [", ".join([changed, *others, *unread]), _mover(told, step), _broken(told, step)]


_TOLD = (Status.ADDED, Status.REMOVED, Status.RESHAPED, Status.RETYPED)


def _mover(told: Told, step: Step) -> str:
    """What moved most by its norm, as far as that can be said."""
    relative = step.figures["relative"]
    moved = np.where(np.ma.getmaskarray(relative) | ~np.isfinite(relative.data), -1.0, relative.data)
    moved[step.status != Status.CHANGED] = -1.0
    if not moved.size or moved.max() <= 0:
        return ""
    tensor = int(moved.argmax())
    return f"most {display(told.series.matching.names[tensor], 60)} {percent(moved[tensor])}"


def _broken(told: Told, step: Step) -> str:
    """In how many tensors there is a NaN or an infinity now."""
    broken = int((~np.isfinite(told.norms[step.b].filled(0.0))).sum())
    return f"NaN or infinity in {count(broken, 'tensor')}" if broken else ""
