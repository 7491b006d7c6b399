"""Weights unlike their siblings: the same name in other layers, of the same shape, at quite another size."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding

LEAST_SIBLINGS = 4
"""Layers from which a usual size can be told."""

RATIO = 20.0
"""How many times larger or smaller than the median of its siblings: layers of healthy networks differ by up to
five (first and last blocks), those of badly scaled ones by ten."""

DEVIATIONS = 8.0
"""And how many times the usual distance from that median, in logarithms: where siblings differ much anyway, one
more that differs is no news."""

_NUMBER = re.compile(r"(?<![^.])\d+(?![^.])")
_RUNNING = ("running_mean", "running_var", "inv_freq")
"""Figures and constants that a state dict lists among the weights; they are as large as what they follow."""


def siblings(evidence: Evidence) -> Iterator[Finding]:
    """Compares root mean squares."""
    table, records = evidence.checkpoint.tensors, evidence.profile.records
    finite = table.numel - records["nan"] - records["posinf"] - records["neginf"]
    with np.errstate(invalid="ignore", divide="ignore"):
        size = np.where(finite > 0, records["l2"] / np.sqrt(np.maximum(finite, 1)), 0.0)
    for rows in _layers(evidence).values():
        some = [row for row in rows if size[row] > 0]
        if len(some) < LEAST_SIBLINGS:
            continue
        logs = np.log(size[some])
        middle = float(np.median(logs))
        usual = float(np.median(np.abs(logs - middle)))
        far = np.abs(logs - middle) > max(np.log(RATIO), DEVIATIONS * usual)
        for row, log in zip(np.array(some)[far].tolist(), logs[far].tolist()):
            yield _finding(evidence, row, log - middle, size[row], np.exp(middle), len(some) - 1)


def _layers(evidence: Evidence) -> dict[tuple[str, tuple[int, ...]], list[int]]:
    """Weights by their names with the layers' numbers taken out, and by shape."""
    table = evidence.checkpoint.tensors
    found: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for row in np.flatnonzero(evidence.weights & (table.numel > 1)).tolist():
        name = ".".join(table.path(row))
        general = _NUMBER.sub("*", name)
        if general != name and not name.endswith(_RUNNING):
            found.setdefault((general, table.shape(row)), []).append(row)
    return found


def _finding(evidence: Evidence, row: int, log: float, size: float, usual: float, others: int) -> Finding:
    times = float(np.exp(abs(log)))
    how = f"{times:,.0f} times as {'large' if log > 0 else 'small'} as"
    where = f"in {others:,} other layers" if others > 1 else "in the other layer"
    text = f"Its values are {how} those of its siblings {where} ({size:.3g}, not {usual:.3g})."
    return Finding("ratio", evidence.checkpoint.tensors.path(row), round(times), text, (row,))
