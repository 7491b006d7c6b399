"""NaN and infinities: how many, and where the first stands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding, Kind
from ckptgui.analysis.health.names import is_mask
from ckptgui.analysis.profile import index_of
from ckptgui.core.checkpoint import Role
from ckptgui.core.tensors import Path

MANY = 3
"""Tensors of one section that are NaN all over from which they are told in one sentence: the model is lost."""


def nonfinite(evidence: Evidence) -> Iterator[Finding]:
    """One finding a tensor and kind; slots of one parameter that have it at as many values are told together, and
    so is all of a section that is NaN throughout.
    """
    records, numel = evidence.profile.records, evidence.checkpoint.tensors.numel
    nan = records["nan"].astype(np.int64)
    throughout: dict[Path, list[int]] = {}
    for row in np.flatnonzero(evidence.known & (nan > 0) & (nan == numel)).tolist():
        section = evidence.checkpoint.section_of(row)
        throughout.setdefault(section.path if section else (), []).append(row)
    for path, rows in throughout.items():
        if len(rows) > MANY:
            yield _lost(evidence, path, rows)
            nan[rows] = 0
    yield from _found(evidence, "nan", nan, "NaN")
    infinite = np.where(_on_purpose(evidence), 0, records["posinf"] + records["neginf"])
    yield from _found(evidence, "inf", infinite, "infinite")


def _lost(evidence: Evidence, path: Path, rows: list[int]) -> Finding:
    table = evidence.checkpoint.tensors
    count = int(table.numel[rows].sum())
    more = f"all of {len(rows) - 1:,} more tensors of {'/'.join(path) or 'the file'}"
    text = f"All {int(table.numel[rows[0]]):,} values are NaN, and so are {more}."
    return Finding("nan", table.path(rows[0]), count, text, tuple(rows))


def _on_purpose(evidence: Evidence) -> np.ndarray:
    """bool a tensor: a mask of −inf and zeros, or a single number beside the model, such as a best loss that
    begins at infinity.
    """
    table, profile = evidence.checkpoint.tensors, evidence.profile
    records = profile.records
    low, high = profile.column("min"), profile.column("max")
    empty = (records["argmin"] < 0) | ((low == 0) & (high == 0))
    mask = (records["neginf"] > 0) & (records["posinf"] == 0) & (records["nan"] == 0) & empty
    for row in np.flatnonzero(mask & (table.numel > 0)).tolist():
        mask[row] = is_mask(evidence.shown(row)) or (evidence.dimensions[row] >= 2 and records["zeros"][row] > 0)
    beside = (evidence.role == list(Role).index(Role.OTHER)) & (evidence.dimensions == 0)
    return np.asarray(mask | beside)


def _found(evidence: Evidence, kind: Kind, counts: np.ndarray, word: str) -> Iterator[Finding]:
    slots = evidence.slots
    groups: dict[tuple[int, int, int], list[int]] = {}
    for row in np.flatnonzero(evidence.known & (counts > 0)).tolist():
        owner = slots.parameter_of(row) if slots is not None else None
        if owner is None:
            yield _finding(evidence, kind, [row], int(counts[row]), word)
        else:
            groups.setdefault((owner, int(counts[row]), _first(evidence, kind, row)), []).append(row)
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
    place = index_of(first, shape) if shape else None
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
