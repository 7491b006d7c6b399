"""Second moments of an optimizer that are zero, so no gradient ever came, or that explode."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding

SECOND_MOMENTS = frozenset({"exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum", "v"})
"""What optimizers call the running mean (or sum) of squared gradients: Adam, AMSGrad, RMSprop, Adagrad."""

EXPLODING = 1e4
"""A second moment that means gradients of 100 a value: clipped training stays below 1."""


def moments(evidence: Evidence) -> Iterator[Finding]:
    """One finding a slot."""
    slots = evidence.slots
    if slots is None:
        return
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    largest = evidence.profile.column("max")
    for row in np.flatnonzero(evidence.known & evidence.floats & (slots.parameter >= 0)).tolist():
        count = int(table.numel[row])
        if count < 2 or (name := slots.name(row)) not in SECOND_MOMENTS:
            continue
        owner = evidence.shown(int(slots.parameter[row]))
        if records["zeros"][row] == count:
            text = f"{name} of {owner} is zero everywhere: no gradient has reached it."
            yield Finding("moment", table.path(row), count, text, (row,))
        elif largest[row] > EXPLODING:
            text = (
                f"{name} of {owner} reaches {largest[row]:.3g}: gradients of about {np.sqrt(largest[row]):,.3g}."
            )
            yield Finding("moment", table.path(row), count, text, (row,))
