"""Dead channels: rows or columns of a weight with next to no norm, so that nothing goes in or comes out there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding

DEAD_NORM = 1e-6
"""A channel's Euclidean norm below which it is dead: a thousandth of what float16 can just tell from one, and far
below what weight decay leaves of a channel that still gets gradients."""

MOST_CHANNELS = 1 << 22
"""Rows and columns up to which a weight is looked at; more are a table of numbers rather than channels."""

_EMBEDDINGS = ("emb", "wte", "wpe", "token")
"""Parts of names of tables whose padding entry is zero by design (``torch.nn.Embedding``, ``padding_idx``)."""


def suspects(evidence: Evidence) -> list[int]:
    """Weights that may have a dead channel: with at least as many tiny values as the shorter channel is long.

    In nearly all weights there are fewer, so that they need no second reading.
    """
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    some = evidence.weights & (evidence.dimensions >= 2) & (records["tiny"] > 1)
    some &= records["tiny"] < table.numel  # all zero is a finding of its own
    return [row for row in np.flatnonzero(some).tolist() if _may_have(table.shape(row), int(records["tiny"][row]))]


def _may_have(shape: tuple[int, ...], tiny: int) -> bool:
    total = int(np.prod(shape, dtype=object))
    channels = [size for size in shape[:2] if size > 1]
    if not channels or sum(channels) > MOST_CHANNELS:
        return False
    return any(tiny >= total // size >= 2 for size in channels)


def dead(evidence: Evidence) -> Iterator[Finding]:
    """One finding a weight, from what the second readings told."""
    table = evidence.checkpoint.tensors
    for row, found in sorted(evidence.dead.items()):
        shape = table.shape(row)
        rows = 0 if found.rows == 1 and _is_embedding(evidence.shown(row)) else found.rows
        parts = []
        if rows:
            parts.append(f"{rows:,} of {shape[0]:,} rows")
        if found.columns:
            parts.append(f"{found.columns:,} of {shape[1]:,} columns")
        if parts:
            have = "has" if rows + found.columns == 1 else "have"
            text = f"{' and '.join(parts)} {have} a norm below 1e−06."
            yield Finding("dead", table.path(row), rows + found.columns, text, (row,))


def _is_embedding(name: str) -> bool:
    return any(part in name.lower() for part in _EMBEDDINGS)
