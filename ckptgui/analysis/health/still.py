"""Matrices that say nothing: zero all over, or one value all over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding

LEAST = 16
"""Elements from which a vector that holds one value is no accident."""

USUAL = (0.0, 1.0)
"""Values that libraries begin vectors with: a bias of zeros and a norm's weight of ones say nothing is wrong."""


def still(evidence: Evidence) -> Iterator[Finding]:
    """Weights whose elements are all the same finite value."""
    table, profile = evidence.checkpoint.tensors, evidence.profile
    records = profile.records
    low, high = profile.column("min"), profile.column("max")
    broken = records["nan"] + records["posinf"] + records["neginf"] > 0
    same = evidence.weights & (low == high) & ~broken & (table.numel > 1)
    matrix = evidence.dimensions >= 2
    vector = (evidence.dimensions == 1) & (table.numel >= LEAST) & ~np.isin(low, USUAL)
    for row in np.flatnonzero(same & (matrix | vector)).tolist():
        count = int(table.numel[row])
        if low[row] == 0.0:
            yield Finding("zero", table.path(row), count, f"All {count:,} values are zero.", (row,))
        else:
            yield Finding("constant", table.path(row), count, f"All {count:,} values are {low[row]:.4g}.", (row,))
