"""Second moments of an optimizer that are zero, so no gradient ever came, or that explode."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tensors import Path

SECOND_MOMENTS = frozenset({"exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum", "v"})
"""What optimizers call the running mean (or sum) of squared gradients: Adam, AMSGrad, RMSprop, Adagrad."""

_SUM = "sum"
"""Adagrad's grows with every step and says nothing of one gradient."""

EXPLODING = 1e4
"""A second moment that means gradients of 100 a value: clipped training stays below 0.04, and a loss that is
summed over a batch instead of averaged reaches 1e3."""

BEYOND_OTHERS = 1e4
"""And how many times the median of the other parameters' largest: gradients of a summed loss are large everywhere,
those that explode are so in one place."""

EVERYWHERE = 1e12
"""Where every gradient of a model is as large as a million, all of it explodes."""


def moments(evidence: Evidence) -> Iterator[Finding]:
    """One finding for each slot that explodes, one for all that are zero of an optimizer."""
    slots = evidence.slots
    if slots is None:
        return
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    some = evidence.known & evidence.floats & (slots.parameter >= 0) & (table.numel > 1)
    rows = [row for row in np.flatnonzero(some).tolist() if slots.name(row) in SECOND_MOMENTS]
    largest = evidence.profile.column("max")
    finite = largest[rows][np.isfinite(largest[rows])]
    limit = max(EXPLODING, min(EVERYWHERE, BEYOND_OTHERS * float(np.median(finite)))) if len(finite) else 0.0
    zero: dict[tuple[Path, str], list[int]] = {}
    counts: dict[tuple[Path, str], int] = {}
    for row in rows:
        name = slots.name(row)
        section = evidence.checkpoint.section_of(row)
        key = (section.path if section else (), name)
        counts[key] = counts.get(key, 0) + 1
        if records["zeros"][row] == table.numel[row]:
            zero.setdefault(key, []).append(row)
        elif largest[row] > limit and name != _SUM:
            gradient = float(np.sqrt(largest[row]))
            about = f"{gradient:,.0f}" if gradient < 1e6 else f"{gradient:.3g}"
            reaches = f"reaches {largest[row]:.3g}: gradients of about {about}"
            text = f"{name} of {_owner(evidence, slots, row)} {reaches}."
            yield Finding("moment", table.path(row), int(table.numel[row]), text, (row,))
    for key, idle in zero.items():
        yield _idle(evidence, slots, idle, counts[key])


def _owner(evidence: Evidence, slots: SlotMap, row: int) -> str:
    return evidence.shown(int(slots.parameter[row]))


def _idle(evidence: Evidence, slots: SlotMap, rows: list[int], of: int) -> Finding:
    name, owner = slots.name(rows[0]), _owner(evidence, slots, rows[0])
    if len(rows) == 1:
        text = f"{name} of {owner} is zero everywhere: no gradient has reached it."
    else:
        text = f"{name} of {len(rows):,} of {of:,} parameters is zero everywhere: no gradient has reached them."
    return Finding("untrained", evidence.checkpoint.tensors.path(rows[0]), len(rows), text, tuple(rows))
