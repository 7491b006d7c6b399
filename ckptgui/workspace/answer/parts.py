"""``compare --json``: one object, a line a tensor; of a series with lists, an entry a step or a checkpoint."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.analysis.difference import PAIRWISE
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.metadata_difference import ABSENT, MetadataDifference
from ckptgui.core.series.renames import Rename
from ckptgui.core.series.status import Status
from ckptgui.workspace.answer.run_facts import facts_answer
from ckptgui.workspace.answer.steps import Step
from ckptgui.workspace.answer.told import Told

_AT_ONCE = 2_000
"""Tensors that are made into text together."""


def answer_parts(told: Told) -> Iterator[str]:
    """The object in pieces of text, so that a million tensors fit."""
    head = {
        "checkpoints": [member.path for member in told.series.members],
        "identical": _each(told, [None if step is None else step.identical for step in told.steps]),
        "summary": _each(told, [None if step is None else step.summary for step in told.steps]),
        "members": [_member(told, number) for number in range(len(told.series.members))],
    }
    yield from _members(head, "{")
    yield ',\n "tensors": ['
    before = "\n  "
    for line in _tensors(told):
        yield before + line
        before = ",\n  "
    yield "]"
    rest: dict[str, Any] = {
        "metadata": [_difference(each) for each in told.metadata.listed],
        **({} if told.facts is None else {"breakages": [_breakage(told, each) for each in told.breakages]}),
        **({} if told.facts is None else {"run": facts_answer(told.facts)}),
        "renamed": [_rename(each) for each in told.renames],
        "warnings": [f"{path}: {text}" if path else text for path, text in told.warnings],
    }
    yield from _members(rest, ",\n ")
    yield "}\n"


def _each(told: Told, values: list[Any]) -> Any:
    """One value for a pair, one a step for a series."""
    return values[0] if told.is_pair else values


def _member(told: Told, number: int) -> dict[str, Any]:
    member: RunMember = told.series.members[number]
    answer: dict[str, Any] = {"path": member.path, "epoch": member.epoch, "step": member.step, "loss": member.loss}
    answer["loss"] = _number(member.loss) if member.loss is not None else None
    if member.section is not None:
        answer["section"] = member.section
    if told.series.matching.stripped[number]:
        answer["stripped"] = list(told.series.matching.stripped[number])
    if member.error is not None:
        answer["error"] = member.error
    return answer


def _tensors(told: Told) -> Iterator[str]:
    names = told.series.matching.names
    for first in range(0, len(names), _AT_ONCE):
        part = slice(first, min(first + _AT_ONCE, len(names)))
        norms = [_spelled(column[part]) for column in told.norms]
        figures = {name: [_figures(step, name, part) for step in told.steps] for name in PAIRWISE}
        statuses = [_statuses(step, part) for step in told.steps]
        for at, name in enumerate(names[part]):
            entry = {
                "name": name,
                "status": _each(told, [each[at] for each in statuses]),
                "l2": [each[at] for each in norms],
                **{key: _each(told, [each[at] for each in columns]) for key, columns in figures.items()},
            }
            error = told.error(first + at)
            if error is not None:
                entry["error"] = error
            yield json.dumps(entry, allow_nan=False)


def _figures(step: Step | None, name: str, part: slice) -> list[float | str | None]:
    return [None] * (part.stop - part.start) if step is None else _spelled(step.figures[name][part])


def _statuses(step: Step | None, part: slice) -> list[str | None]:
    if step is None:
        return [None] * (part.stop - part.start)
    return [_STATUS[code] for code in step.status[part].tolist()]


_STATUS = [None if each in (Status.ABSENT, Status.MATCHED) else str(each) for each in Status]


def _spelled(values: np.ma.MaskedArray) -> list[float | str | None]:
    """Floats as JSON can have them, None where they are masked."""
    told: list[float | str | None] = values.tolist()
    for at in np.flatnonzero(~np.isfinite(values.data) & ~np.ma.getmaskarray(values)).tolist():
        told[at] = _number(float(values.data[at]))
    return told


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _breakage(told: Told, each: Breakage) -> dict[str, Any]:
    """What broke, of which tensors, in which checkpoint first, in a sentence."""
    names = [told.series.matching.names[tensor] for tensor in each.tensors]
    return {"kind": each.kind, "checkpoint": each.member, "tensors": names, "text": each.text}


def _rename(rename: Rename) -> dict[str, Any]:
    """A proposal: which two names, of which checkpoints, and why."""
    return {
        "from": rename.from_name,
        "to": rename.to_name,
        "checkpoints": [rename.a, rename.b],
        "grounds": rename.grounds.value,
        "cosine": None if rename.cosine is None else _number(rename.cosine),
        "relative": None if rename.relative is None else _number(rename.relative),
    }


def _difference(each: MetadataDifference) -> dict[str, Any]:
    absent = [number for number, value in enumerate(each.values) if value is ABSENT]
    answer = {"path": list(each.path), "values": [None if value is ABSENT else value for value in each.values]}
    return {**answer, "absent": absent} if absent else answer


def _members(members: dict[str, Any], before: str) -> Iterator[str]:
    for key, value in members.items():
        yield f"{before}{json.dumps(key)}: {json.dumps(value, allow_nan=False)}"
        before = ",\n "
