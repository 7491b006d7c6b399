"""Dead channels: rows or columns of a weight with next to no norm, so that nothing goes in or comes out there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.names import (
    is_embedding,
    is_logarithm,
    is_mask,
    is_over_a_vocabulary,
    is_worked_out,
)


def may_be_dead(evidence: Evidence) -> np.ndarray:
    """bool a tensor: a weight with at least as many tiny values as its shorter channel is long.

    In nearly all weights there are fewer, so that they need no second reading.
    """
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    some = evidence.weights & (evidence.dimensions >= 2) & (records["tiny"] > 1)
    finite = table.numel - records["nan"] - records["posinf"] - records["neginf"]
    some &= records["tiny"] < finite  # all zero is a finding of its own
    for row in np.flatnonzero(some).tolist():
        some[row] = _may_have(table.shape(row), int(records["tiny"][row])) and not _by_design(evidence.shown(row))
    return some


def _may_have(shape: tuple[int, ...], tiny: int) -> bool:
    total = int(np.prod(shape, dtype=object))
    return any(tiny >= total // size >= 2 for size in shape[:2] if size > 1)


def _by_design(name: str) -> bool:
    return is_mask(name) or is_logarithm(name) or is_worked_out(name)


def dead(evidence: Evidence) -> Iterator[Finding]:
    """One finding a weight, from what the second readings told."""
    table = evidence.checkpoint.tensors
    for row, found in sorted(evidence.channels.items()):
        name, shape = evidence.shown(row), table.shape(row)
        if _by_design(name):
            continue
        rows = found.dead_rows - (found.last_rows if is_over_a_vocabulary(name) else 0)
        if (rows == 1 and is_embedding(name)) or table.numel[row] == shape[0]:
            rows = 0  # its padding entry; or rows of one value, which may well be near zero
        parts = []
        if rows:
            parts.append(f"{rows:,} of {shape[0]:,} rows")
        if found.dead_columns:
            parts.append(f"{found.dead_columns:,} of {shape[1]:,} columns")
        if parts:
            count = rows + found.dead_columns
            text = f"{' and '.join(parts)} {'has' if count == 1 else 'have'} a norm below 1e−06."
            yield Finding("dead", table.path(row), count, text, (row,))
