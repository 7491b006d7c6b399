"""Tensors that say nothing: zero all over, or one value all over, as they begin before they are trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.names import is_mask, layer
from ckptgui.analysis.health.siblings import LEAST_SIBLINGS

LEAST = 16
"""Elements from which one value is no accident: the means and deviations of an image's channels are fewer."""

USUAL = (0.0, 1.0)
"""Values that libraries begin vectors with: a bias of zeros and a norm's weight of ones say nothing is wrong,
unless training has moved its siblings in the other layers."""


def still(evidence: Evidence) -> Iterator[Finding]:
    """Weights whose elements are all the same finite value: those of one name in several layers together."""
    table, profile = evidence.checkpoint.tensors, evidence.profile
    records = profile.records
    low, high = profile.column("min"), profile.column("max")
    broken = records["nan"] + records["posinf"] + records["neginf"] > 0
    same = evidence.weights & (low == high) & ~broken & (table.numel >= LEAST)
    matrix, vector = same & (evidence.dimensions >= 2), same & (evidence.dimensions == 1)
    usual = np.isin(low, USUAL)
    told = matrix | (vector & ~usual)
    at_start: dict[str, list[int]] = {}
    for rows in evidence.siblings.values():
        if not told[rows[0]] and not same[rows].any():
            continue
        of_value: dict[float, list[int]] = {}
        for row in rows:
            if told[row]:
                of_value.setdefault(float(low[row]), []).append(row)
            elif vector[row] and len(rows) >= LEAST_SIBLINGS and 2 * int(same[rows].sum()) < len(rows):
                at_start.setdefault(layer(evidence.shown(row)), []).append(row)
        for value, alike in of_value.items():
            told[alike] = False
            yield _of_siblings(evidence, value, alike, len(rows))
    for row in np.flatnonzero(told).tolist():
        if not is_mask(evidence.shown(row)):
            yield _finding(evidence, float(low[row]), [row], _values(evidence, row, float(low[row])) + ".")
    for name, rows in at_start.items():
        yield _untrained(evidence, name, rows, float(low[rows[0]]))


def _of_siblings(evidence: Evidence, value: float, rows: list[int], of: int) -> Finding:
    text = _values(evidence, rows[0], value)
    others = len(rows) - 1
    if others and len(rows) == of:
        where = f"in its {others:,} siblings" if others > 1 else "in its sibling"
        text += f", as {where}: they begin so, before training."
    elif others:
        text += f", as in {others:,} of its {of - 1:,} siblings in other layers."
    elif of > 1:
        text += f", unlike in {'its sibling' if of == 2 else f'its {of - 1:,} siblings in other layers'}."
    else:
        text += "."
    return _finding(evidence, value, rows, text)


def _values(evidence: Evidence, row: int, value: float) -> str:
    count = int(evidence.checkpoint.tensors.numel[row])
    return f"All {count:,} values are {'zero' if value == 0.0 else f'{value:.4g}'}"


def _finding(evidence: Evidence, value: float, rows: list[int], text: str) -> Finding:
    table = evidence.checkpoint.tensors
    count = int(table.numel[rows].sum())
    return Finding("zero" if value == 0.0 else "constant", table.path(rows[0]), count, text, tuple(rows))


def _untrained(evidence: Evidence, name: str, rows: list[int], value: float) -> Finding:
    table = evidence.checkpoint.tensors
    if len(rows) == 1:
        text = (
            f"All {int(table.numel[rows[0]]):,} values are still {value:g}, unlike in its siblings in other layers"
        )
    else:
        text = f"{len(rows):,} vectors of {name} are still 0 or 1 all over, unlike in the other layers"
    return Finding(
        "untrained", table.path(rows[0]), len(rows), f"{text}: never trained, or not loaded.", tuple(rows)
    )
