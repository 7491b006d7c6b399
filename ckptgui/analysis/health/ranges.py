"""What float16 cannot hold: values that would become infinite, and shares that would become zero."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.names import general, is_mask
from ckptgui.core.tensors import Path

OVERFLOW16 = 65_520.0
"""From here on rounding to float16 gives infinity: halfway between its largest value and the next step."""

UNDERFLOW_SHARE = 0.1
"""Part of a matrix's or a slot's values that may be lost to zero before it is worth a word. Trained matrices lose
none to 2 %; Adam's second moments 40 to 99 %, which is worth knowing before they are cast.
"""


def beyond(evidence: Evidence) -> list[int]:
    """Weights with a finite value that float16 cannot hold; in a mask such a value stands for −inf."""
    profile = evidence.profile
    with np.errstate(invalid="ignore"):
        largest = np.fmax(np.abs(profile.column("min")), np.abs(profile.column("max")))
        rows = np.flatnonzero(evidence.weights & (largest >= OVERFLOW16)).tolist()
    return [row for row in rows if not is_mask(evidence.shown(row))]


def ranges(evidence: Evidence) -> Iterator[Finding]:
    """Overflow for each weight; underflow for each matrix with its siblings, and for each optimizer's slots."""
    table = evidence.checkpoint.tensors
    low, high = evidence.profile.column("min"), evidence.profile.column("max")
    for row, count in sorted(evidence.beyond16.items()):
        worst = low[row] if abs(low[row]) > abs(high[row]) else high[row]
        if count == 1:
            text = f"1 value, {worst:.4g}, is beyond float16: a cast would make it infinite."
        else:
            text = f"{count:,} values are beyond float16, up to {worst:.4g}: a cast would make them infinite."
        yield Finding("overflow", table.path(row), count, text, (row,))
    yield from _matrices(evidence)
    yield from _slots(evidence)


def _matrices(evidence: Evidence) -> Iterator[Finding]:
    """Vectors are left out: a bias or a running mean near zero is added to something larger."""
    table, lost = evidence.checkpoint.tensors, evidence.profile.records["underflow16"]
    share = np.where(table.numel > 0, lost / np.maximum(table.numel, 1), 0.0)
    rows_of: dict[str, list[int]] = {}
    for row in np.flatnonzero(evidence.weights & (evidence.dimensions >= 2) & (share > UNDERFLOW_SHARE)).tolist():
        rows_of.setdefault(general(".".join(table.path(row))), []).append(row)
    for rows in rows_of.values():
        rows.sort(key=lambda row: -int(lost[row]))
        others = len(rows) - 1
        more = f", and many in {others:,} other layer{'s' * (others > 1)}" if others else ""
        text = f"{share[rows[0]] * 100:.3g} % of the values would become zero in float16{more}."
        yield Finding("underflow", table.path(rows[0]), int(lost[rows].sum()), text, tuple(rows))


def _slots(evidence: Evidence) -> Iterator[Finding]:
    """All slots of an optimizer together: of second moments it is the rule rather than a fault of one tensor."""
    if evidence.slots is None:
        return
    table, lost = evidence.checkpoint.tensors, evidence.profile.records["underflow16"]
    rows_of: dict[Path, dict[str, list[int]]] = {}
    some = evidence.known & evidence.floats & (evidence.slots.parameter >= 0) & (table.numel > 1)
    for row in np.flatnonzero(some).tolist():
        section = evidence.checkpoint.section_of(row)
        of_name = rows_of.setdefault(section.path if section else (), {})
        of_name.setdefault(evidence.slots.name(row), []).append(row)
    for of_name in rows_of.values():
        shares = {name: float(lost[rows].sum() / table.numel[rows].sum()) for name, rows in of_name.items()}
        names = sorted((name for name in shares if shares[name] > UNDERFLOW_SHARE), key=lambda name: -shares[name])
        if names:
            told = [f"{shares[name] * 100:.3g} % of the values of {name}" for name in names]
            rows = sorted((row for name in names for row in of_name[name]), key=lambda row: -int(lost[row]))
            text = f"{' and '.join(told)} would become zero in float16."
            yield Finding("underflow", table.path(rows[0]), int(lost[rows].sum()), text, tuple(rows))
