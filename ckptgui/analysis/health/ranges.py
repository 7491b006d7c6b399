"""What float16 cannot hold: values that would become infinite, and shares that would become zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding

OVERFLOW16 = 65_520.0
"""From here on rounding to float16 gives infinity: halfway between its largest value and the next step."""

UNDERFLOW_SHARE = 0.1
"""Part of a weight's values that may be lost to zero before it is worth a word; a trained bias may lose some."""


def beyond(evidence: Evidence) -> list[int]:
    """Weights with a finite value that float16 cannot hold."""
    profile = evidence.profile
    with np.errstate(invalid="ignore"):
        largest = np.fmax(np.abs(profile.column("min")), np.abs(profile.column("max")))
        return [int(row) for row in np.flatnonzero(evidence.weights & (largest >= OVERFLOW16))]


def ranges(evidence: Evidence) -> Iterator[Finding]:
    """Overflow for each weight; underflow for each weight, and for a slot of the optimizer as a whole."""
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    low, high = evidence.profile.column("min"), evidence.profile.column("max")
    for row, count in sorted(evidence.beyond16.items()):
        worst = low[row] if abs(low[row]) > abs(high[row]) else high[row]
        if count == 1:
            text = f"1 value, {worst:.4g}, is beyond float16: a cast would make it infinite."
        else:
            text = f"{count:,} values are beyond float16, up to {worst:.4g}: a cast would make them infinite."
        yield Finding("overflow", table.path(row), count, text, (row,))
    lost = records["underflow16"]
    share = np.where(table.numel > 0, lost / np.maximum(table.numel, 1), 0.0)
    for row in np.flatnonzero(evidence.weights & (share > UNDERFLOW_SHARE)).tolist():
        text = f"{share[row] * 100:.3g} % of the values would become zero in float16."
        yield Finding("underflow", table.path(row), int(lost[row]), text, (row,))
    yield from _slots(evidence, lost)


def _slots(evidence: Evidence, lost: np.ndarray) -> Iterator[Finding]:
    """All tensors of one slot together: of second moments it is the rule rather than a fault of one tensor."""
    if evidence.slots is None:
        return
    table = evidence.checkpoint.tensors
    rows_of: dict[str, list[int]] = {}
    for row in np.flatnonzero(evidence.known & evidence.floats & (evidence.slots.parameter >= 0)).tolist():
        if table.numel[row] > 1:
            rows_of.setdefault(evidence.slots.name(row), []).append(row)
    for name, rows in rows_of.items():
        count, total = int(lost[rows].sum()), int(table.numel[rows].sum())
        if count > UNDERFLOW_SHARE * total:
            text = f"{count / total * 100:.3g} % of the values of {name} would become zero in float16."
            worst = max(rows, key=lambda row: int(lost[row]))
            yield Finding("underflow", table.path(worst), count, text, (worst, *(r for r in rows if r != worst)))
