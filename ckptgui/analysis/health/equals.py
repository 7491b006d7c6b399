"""Weights that are equal, bit for bit, and not tied: stored twice, or copied by mistake."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding

LEAST = 256
"""Elements from which equal values are no accident."""


def equals(evidence: Evidence) -> Iterator[Finding]:
    """One finding for each set of equal weights within one section."""
    table, profile = evidence.checkpoint.tensors, evidence.profile
    varied = profile.column("min") != profile.column("max")
    digests = np.ascontiguousarray(profile.records["digest"]).view("<u8").reshape(-1, 2)
    some = evidence.weights & varied & (table.numel >= LEAST) & digests.any(axis=1)
    rows_of: dict[tuple[object, ...], list[int]] = {}
    for row in np.flatnonzero(some).tolist():
        section = evidence.checkpoint.section_of(row)
        key = (*digests[row].tolist(), int(table.dtype[row]), table.shape(row), section.path if section else ())
        rows_of.setdefault(key, []).append(row)
    for rows in rows_of.values():
        apart = _apart(evidence, rows)
        if len(apart) > 1:
            yield _finding(evidence, apart)


def _apart(evidence: Evidence, rows: list[int]) -> list[int]:
    """One row for each storage."""
    first: dict[int, int] = {}
    for row in rows:
        storage = int(evidence.checkpoint.tensors.storage[row])
        first.setdefault(storage if storage >= 0 else -1 - row, row)
    return list(first.values())


def _finding(evidence: Evidence, rows: list[int]) -> Finding:
    table = evidence.checkpoint.tensors
    names = [evidence.shown(row) for row in rows]
    others = names[1] if len(names) == 2 else f"{names[1]} and {len(names) - 2:,} more"
    again = int(table.nbytes[rows[1:]].sum())
    text = f"It equals {others} in every bit and is not tied to it: {again:,} bytes are stored again."
    return Finding("equal", table.path(rows[0]), len(rows), text, tuple(rows))
