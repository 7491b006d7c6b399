"""NaN and infinities: how many, and where the first stands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding, Kind


def nonfinite(evidence: Evidence) -> Iterator[Finding]:
    """One finding a tensor and kind; slots of one parameter that have it at as many values are told together."""
    records = evidence.profile.records
    infinite = records["posinf"] + records["neginf"]
    yield from _found(evidence, "nan", records["nan"], "NaN")
    yield from _found(evidence, "inf", infinite, "infinite")


def _found(evidence: Evidence, kind: Kind, counts: np.ndarray, word: str) -> Iterator[Finding]:
    groups: dict[tuple[int, int, int], list[int]] = {}
    for row in np.flatnonzero(evidence.known & (counts > 0)).tolist():
        owner = evidence.slots.parameter_of(row) if evidence.slots is not None else None
        first = _first(evidence, kind, row)
        key = (row, -1, -1) if owner is None else (-1 - owner, int(counts[row]), first)
        groups.setdefault(key, []).append(row)
    for rows in groups.values():
        yield _finding(evidence, kind, rows, int(counts[rows[0]]), word)


def _first(evidence: Evidence, kind: Kind, row: int) -> int:
    """The row-major place of the first; -1 where it is not known."""
    record = evidence.profile.records[row]
    places = ("first_nan",) if kind == "nan" else ("first_posinf", "first_neginf")
    return min((int(record[place]) for place in places if record[place] >= 0), default=-1)


def _finding(evidence: Evidence, kind: Kind, rows: list[int], count: int, word: str) -> Finding:
    row = rows[0]
    table = evidence.checkpoint.tensors
    total, shape = int(table.numel[row]), table.shape(row)
    first = _first(evidence, kind, row)
    place = tuple(int(i) for i in np.unravel_index(first, shape)) if first >= 0 and shape else None
    where = f", the first at [{', '.join(f'{i:,}' for i in place)}]" if place is not None else ""
    verb = "is" if count == 1 else "are"
    text = f"{count:,} of {total:,} values {verb} {word}{where if count > 1 else where.replace('the first ', '')}."
    if total == 1:
        text = f"Its value is {word}."
    elif count == total:
        text = f"All {total:,} values are {word}."
    if len(rows) > 1 and evidence.slots is not None:
        names = [evidence.slots.name(each) for each in rows]
        places = "place" if count == 1 else "places"
        text = f"{text[:-1]}, at the same {places} in {' and '.join((', '.join(names[:-1]), names[-1]))}."
    return Finding(kind, table.path(row), count, text, tuple(rows), place)
