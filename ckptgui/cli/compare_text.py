"""``compare`` for eyes: which checkpoints, what changed most, what came and went, the plain values that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import TextIO

import numpy as np

from ckptgui.cli.compare_step_lines import step_lines
from ckptgui.cli.compare_words import figure_text, member_line, percent, summary_words
from ckptgui.cli.report import shown_path
from ckptgui.cli.table import indented, table
from ckptgui.cli.text import has_style
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.plain_numbers import count, figure, shape
from ckptgui.core.series.metadata_difference import ABSENT
from ckptgui.core.series.renames import Grounds
from ckptgui.core.series.status import Status
from ckptgui.workspace.answer.run_facts import facts_words
from ckptgui.workspace.answer.steps import Step
from ckptgui.workspace.answer.told import Told

_MOVERS = 20
_NAMED = 20
_VALUES = 30
_COLUMNS = 6
"""Checkpoints whose values of a place are told beside each other."""


def write_text(told: Told, out: TextIO) -> None:
    """Print it all."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if has_style(out) else ("", "")
    for title, lines in _parts(told):
        body = list(lines)
        if body:
            out.write(f"{bold}{title}{plain}\n" + "".join(f"{line}\n" for line in indented(body)) + "\n")


def _parts(told: Told) -> Iterator[tuple[str, Iterable[str]]]:
    yield _title(told), _members(told)
    yield "Warnings", _some([f"{path}: {text}" if path else text for path, text in told.warnings])
    step = told.steps[0]
    if told.is_pair and step is not None:
        yield "Changed most", _movers(step, told.series.matching.names)
        for status in (Status.ADDED, Status.REMOVED, Status.RESHAPED, Status.RETYPED):
            yield str(status).capitalize(), _some(_listed(told, step, status))
    else:
        yield "What broke", _some([each.text for each in told.breakages])
        yield "Steps", step_lines(told)
        yield "The run", table([list(fact) for fact in facts_words(told.facts)] if told.facts is not None else [])
    yield "Perhaps renamed", _renames(told)
    yield "Metadata", _metadata(told)
    yield "Names", _names(told)


def _title(told: Told) -> str:
    members = told.series.members
    first, last = (display(members[number].name) for number in (0, -1))
    return f"{first} → {last}" if told.is_pair else f"{len(members):,} checkpoints, {first} to {last}"


def _members(told: Told) -> Iterator[str]:
    members = told.series.members
    if not told.is_pair:
        yield from dict.fromkeys(shown_path(str(PurePath(member.path).parent)) for member in members[:_NAMED])
        return
    yield from table([["A", *member_line(members[0])], ["B", *member_line(members[1])]])
    step = told.steps[0]
    if step is not None:
        yield summary_words(step)


def _movers(step: Step, names: Sequence[str]) -> Iterator[str]:
    """Those that hold a NaN first, then those that moved most by their norm."""
    changed = np.flatnonzero(np.isin(step.status, (Status.CHANGED, Status.RETYPED)))
    relative = step.figures["relative"][changed]
    from_zero = np.ma.getmaskarray(relative)
    size = np.where(from_zero | np.isnan(relative.data), np.inf, relative.data)
    broken = np.isnan(step.figures["delta_l2"].filled(0.0)[changed])
    order = changed[np.lexsort((-size, ~broken))]
    rows = [["", "status", "relative", "cosine", "max", "changed"]]
    for tensor in order[:_MOVERS].tolist():
        own = {name: column[tensor : tensor + 1].tolist()[0] for name, column in step.figures.items()}
        rows.append(
            [
                display(names[tensor], 72),
                str(Status(step.status[tensor])),
                percent(own["relative"]),
                figure_text(own["cosine"]),
                figure_text(own["max_abs"]),
                percent(own["changed_fraction"]),
            ]
        )
    if len(rows) > 1:
        yield from table(rows, right=(2, 3, 4, 5))
        yield from _more(len(order), _MOVERS)


def _listed(told: Told, step: Step, status: Status) -> list[str]:
    matching = told.series.matching
    rows = []
    for tensor in np.flatnonzero(step.status == status).tolist():
        sides = [
            matching.parts[member].checkpoint.info(row)  # type: ignore[union-attr]  # it has a row of it
            for member in (step.a, step.b)
            if (row := int(matching.rows[tensor, member])) >= 0
        ]
        what = {
            Status.RESHAPED: " → ".join(shape(info.shape) for info in sides),
            Status.RETYPED: " → ".join(info.dtype.name for info in sides),
        }.get(status, f"{shape(sides[0].shape)}  {sides[0].dtype.name}")
        rows.append([display(matching.names[tensor], 72), what])
        if len(rows) > _NAMED:
            break
    return [*table(rows[:_NAMED]), *_more(int((step.status == status).sum()), _NAMED)]


def _metadata(told: Told) -> Iterator[str]:
    listed = told.metadata.listed
    room = 40 if told.is_pair else 20
    rows = []
    for each in listed[:_VALUES]:
        values = ["absent" if value is ABSENT else _value(value, room) for value in each.values]
        if len(values) > _COLUMNS:
            values = [*values[: _COLUMNS - 2], "…", values[-1]]
        rows.append([display("/".join(each.path), 60), " → ".join(values)])
    yield from table(rows)
    yield from _more(len(listed) + told.metadata.more, _VALUES)


def _value(value: object, room: int) -> str:
    if isinstance(value, (list, dict)):
        return count(len(value), "entry", "entries")
    if isinstance(value, float):
        return figure(value)
    return display(value, room) if value != "" else '""'


def _renames(told: Told) -> Iterator[str]:
    rows = []
    for each in told.renames[:_NAMED]:
        why = {
            Grounds.EQUAL: "all values are equal",
            Grounds.SIMILAR: f"cosine {figure(each.cosine)}",
            Grounds.RULE: display(each.rule, 60),
        }[each.grounds]
        rows.append([f"{display(each.from_name, 60)} → {display(each.to_name, 60)}", why])
    yield from table(rows)
    yield from _more(len(told.renames), _NAMED)


def _names(told: Told) -> Iterator[str]:
    """What was taken off names so that they match."""
    stripped = told.series.matching.stripped
    for prefixes in dict.fromkeys(each for each in stripped if each):
        of = [member for member, own in zip(told.series.members, stripped) if own == prefixes]
        whose = display(of[0].name) if len(of) == 1 else f"{len(of):,} checkpoints"
        yield f"{', '.join(map(display, prefixes))} taken off the names of {whose}"


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from (display(line, MAX_DETAIL) for line in lines[: _NAMED + 1])
    yield from _more(len(lines), _NAMED + 1)


def _more(count: int, shown: int) -> Iterator[str]:
    if count > shown:
        yield f"… and {count - shown:,} more, all of them with --json."
