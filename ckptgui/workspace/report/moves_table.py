"""What changed between two checkpoints, a row a tensor, those that moved most first."""

from __future__ import annotations

import math

import numpy as np

from ckptgui.analysis.difference import Differences
from ckptgui.core.display import display
from ckptgui.core.plain_numbers import shape
from ckptgui.core.series.matching import Matching
from ckptgui.core.series.status import Status
from ckptgui.workspace.report.markup import Markup, element, joined
from ckptgui.workspace.report.numbers import MINUS, even

MOST_ROWS = 200
"""Rows on the page; the table beside it has all of them."""

_BAR = 90
_LONGEST = 2_000
"""Characters of a name that show when the mouse rests on it."""

SIGNS = {
    Status.SAME: "=",
    Status.CHANGED: "≠",
    Status.ADDED: "+",
    Status.REMOVED: "−",
    Status.RESHAPED: "⤢",
    Status.RETYPED: "T",
}


def summary_line(differences: Differences) -> Markup:
    """``≠ 76 changed  = 0 same  + 0 added  − 0 removed``; rarer ones where there are any."""
    counts = np.bincount(differences.status, minlength=len(Status))
    parts = []
    for status, sign in SIGNS.items():
        if counts[status] or status in (Status.CHANGED, Status.SAME):
            words = f"{sign} {int(counts[status]):,} {status}"
            parts.append(element("span", words, style=f"color:var(--{status});margin-right:16px"))
    return element("p", joined(parts))


def order_of(differences: Differences) -> np.ndarray:
    """Tensors, the broken ones first, then by how far they moved; what is the same in both is left out."""
    status, relative = differences.status, differences.column("relative")
    told = np.flatnonzero((status != Status.SAME) & (status != Status.ABSENT))
    keys = np.lexsort((told, -np.nan_to_num(relative[told], nan=-1.0), ~differences.broken[told]))
    return told[keys]


def moves_table(matching: Matching, differences: Differences) -> Markup:
    """The table, and how many more there are."""
    order = order_of(differences)
    columns = ("Name", "Shape", "", "Relative change", "", "Norm of change", "Cosine", "Largest", "Changed")
    heads = [element("th", title, class_="n" if title in columns[3:4] + columns[5:] else "") for title in columns]
    relative = differences.column("relative")
    most = float(np.nanmax(relative, initial=0.0, where=np.isfinite(relative))) or 1.0
    rows = [_row(matching, differences, tensor, most) for tensor in order[:MOST_ROWS].tolist()]
    parts = [element("table", element("thead", element("tr", *heads)), element("tbody", joined(rows)))]
    if len(order) > MOST_ROWS:
        parts.append(element("p", f"{len(order) - MOST_ROWS:,} more are in the table beside it.", class_="note"))
    return joined(parts)


def _row(matching: Matching, differences: Differences, tensor: int, most: float) -> Markup:
    status = Status(int(differences.status[tensor]))
    record = differences.records[tensor]
    relative = float(differences.column("relative")[tensor])
    bad = bool(differences.broken[tensor])
    bar = Markup("")
    if math.isfinite(relative):
        bar = element("span", "", class_="bar", style=f"width:{max(1.0, _BAR * relative / most):.0f}px")
    alarm = "alarm" if bad else ""
    count, changed = int(record["count"]), int(record["changed"])
    cells = [
        element("td", matching.names[tensor], class_="name", title=display(matching.names[tensor], _LONGEST)),
        element("td", shape(matching.shape(tensor))),
        element("td", SIGNS.get(status, ""), style=f"color:var(--{status})", title=str(status)),
        element("td", even(relative) + (f" ({_bad(record)})" if bad else ""), class_=f"n {alarm}".strip()),
        element("td", bar),
        element("td", even(float(record["delta_l2"])) if count else "–", class_="n"),
        element("td", _cosine(float(record["cosine"])) if count else "–", class_="n"),
        element("td", even(float(record["max_abs"])) if count else "–", class_="n"),
        element("td", f"{100 * changed / count:.4g} %" if count else "–", class_="n"),
    ]
    return element("tr", *cells)


def _cosine(value: float) -> str:
    """With the digits that tell it from one."""
    apart = 1 - abs(value)
    if math.isnan(value) or not 0 < apart < 1e-3:
        return even(value)
    return f"{value:.{min(12, math.ceil(-math.log10(apart)) + 1)}f}".replace("-", MINUS)


def _bad(record: np.void) -> str:
    nan = max(int(record["nan_a"]), int(record["nan_b"]))
    inf = max(int(record["inf_a"]), int(record["inf_b"]))
    words = [f"{count:,} {name}" for count, name in ((nan, "NaN"), (inf, "infinite")) if count]
    return f"{' and '.join(words)} of {int(record['count']):,}"
