"""Weights unlike their siblings: the same name in other layers, of the same shape, at quite another size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.names import is_mask, is_running

LEAST_SIBLINGS = 4
"""Layers from which a usual size can be told."""

RATIO = 20.0
"""How many times larger or smaller than the median of its siblings: in some 40 healthy models layers
differed by up to 5.7 (biases that begin at zero), matrices by 2; badly scaled layers differ by ten and more."""

DEVIATIONS = 8.0
"""And how many times the usual distance from that median, in logarithms: where siblings differ much anyway, one
more that differs is no news."""


def siblings(evidence: Evidence) -> Iterator[Finding]:
    """Compares root mean squares."""
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    constant = evidence.profile.column("min") == evidence.profile.column("max")
    finite = table.numel - records["nan"] - records["posinf"] - records["neginf"]
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(finite > 0, records["l2"] / np.sqrt(np.maximum(finite, 1)), 0.0)
    for (name, _), rows in evidence.siblings.items():
        if is_running(name) or is_mask(name):
            continue
        some = [row for row in rows if size[row] > 0]
        if len(some) < LEAST_SIBLINGS:
            continue
        logs = np.log(size[some])
        middle = float(np.median(logs))
        usual = float(np.median(np.abs(logs - middle)))
        far = np.abs(logs - middle) > max(np.log(RATIO), DEVIATIONS * usual)
        for row, log in zip(np.array(some)[far].tolist(), logs[far].tolist()):
            if evidence.spiky(row) or constant[row]:
                continue  # why it is so is a finding of its own
            yield _finding(evidence, row, log - middle, size[row], np.exp(middle), len(some) - 1)


def _finding(evidence: Evidence, row: int, log: float, size: float, usual: float, others: int) -> Finding:
    times = float(np.exp(abs(log)))
    how = f"{times:,.0f} times as {'large' if log > 0 else 'small'} as"
    text = f"Its values are {how} those of its siblings in {others:,} other layers ({size:.3g}, not {usual:.3g})."
    return Finding("ratio", evidence.checkpoint.tensors.path(row), round(times), text, (row,))
