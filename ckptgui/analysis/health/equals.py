"""Weights that are equal, bit for bit, and not tied: stored twice, or copied by mistake."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.names import general, is_copy, is_mask, is_worked_out
from ckptgui.core.display import amount

LEAST = 256
"""Elements from which equal values are no accident."""


def equals(evidence: Evidence) -> Iterator[Finding]:
    """One finding for each set of equal matrices within one section; sets that differ in their last names alone,
    as those of a layer that was copied whole, are told together.

    Vectors are left out: two biases whose gradients are the same stay equal by themselves.
    """
    parts: dict[tuple[str, ...], list[list[int]]] = {}
    for rows in _sets(evidence):
        apart = _apart(evidence, rows)
        names = [evidence.shown(row) for row in apart]
        if len(apart) > 1 and not any(is_copy(name) or is_mask(name) or is_worked_out(name) for name in names):
            parts.setdefault(_where(names), []).append(apart)
    for where, sets in parts.items():
        if len(sets) > 1:
            yield _copied(evidence, where, sets)
        elif not _begins_so(evidence, sets[0]):
            yield _finding(evidence, sets[0])


def _sets(evidence: Evidence) -> Iterator[list[int]]:
    table, profile = evidence.checkpoint.tensors, evidence.profile
    varied = profile.column("min") < profile.column("max")  # nor is it NaN all over
    digests = np.ascontiguousarray(profile.records["digest"]).view("<u8").reshape(-1, 2)
    some = evidence.weights & varied & (table.numel >= LEAST) & (evidence.dimensions >= 2) & digests.any(axis=1)
    rows = np.flatnonzero(some)
    _, which, count = np.unique(digests[rows, 0], return_inverse=True, return_counts=True)
    rows_of: dict[tuple[object, ...], list[int]] = {}
    for row in rows[count[which] > 1].tolist():
        section = evidence.checkpoint.section_of(row)
        key = (*digests[row].tolist(), int(table.dtype[row]), table.shape(row), section.path if section else ())
        rows_of.setdefault(key, []).append(row)
    yield from rows_of.values()


def _apart(evidence: Evidence, rows: list[int]) -> list[int]:
    """One row for each storage."""
    first: dict[int, int] = {}
    for row in rows:
        storage = int(evidence.checkpoint.tensors.storage[row])
        first.setdefault(storage if storage >= 0 else -1 - row, row)
    return list(first.values())


def _where(names: list[str]) -> tuple[str, ...]:
    """The names without the parts that all of them end with."""
    parts = [name.split(".") for name in names]
    same = 0
    while same < min(map(len, parts)) - 1 and len({part[-1 - same] for part in parts}) == 1:
        same += 1
    return tuple(".".join(part[: len(part) - same]) for part in parts)


def _begins_so(evidence: Evidence, rows: list[int]) -> bool:
    """Whether all layers hold the same there and differ elsewhere: a table that is worked out, not learnt."""
    table = evidence.checkpoint.tensors
    name = general(".".join(table.path(rows[0])))
    return len(evidence.siblings.get((name, table.shape(rows[0])), ())) == len(rows)


def _finding(evidence: Evidence, rows: list[int]) -> Finding:
    text = f"It equals {_others([evidence.shown(row) for row in rows])} in every bit and is not tied to it: "
    return _found(evidence, rows, text, rows[1:])


def _copied(evidence: Evidence, where: tuple[str, ...], sets: list[list[int]]) -> Finding:
    text = f"{len(sets):,} matrices of {where[0]} equal those of {_others(list(where))} in every bit, not tied: "
    again = [row for rows in sets for row in rows[1:]]
    return _found(evidence, [rows[0] for rows in sets] + again, text, again)


def _others(names: list[str]) -> str:
    return names[1] if len(names) == 2 else f"{names[1]} and {len(names) - 2:,} more"


def _found(evidence: Evidence, rows: list[int], text: str, again: list[int]) -> Finding:
    table = evidence.checkpoint.tensors
    text += f"{amount(int(table.nbytes[again].sum()))} bytes are stored again."
    return Finding("equal", table.path(rows[0]), len(rows), text, tuple(rows))
