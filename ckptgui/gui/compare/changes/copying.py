"""The rows as text for the clipboard: tab- or comma-separated, every figure with all its digits."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ckptgui.core.series.status import Status
from ckptgui.engine.job import Cancel
from ckptgui.gui.compare.changes.rows import Rows
from ckptgui.gui.compare.changes.words import exact

FIGURES = ("relative", "delta_l2", "cosine", "max_abs", "changed_fraction")
COUNTS = ("elements", "nan", "inf")
HEAD = ("name", "status", *FIGURES, *COUNTS)
"""The names that scripts know, too."""


def table_text(rows: Rows, nodes: Sequence[int], *, tabs: bool, cancel: Cancel) -> str:
    """A head and one line a node. ``tabs``: tab-separated as a spreadsheet takes it, else CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t" if tabs else ",", lineterminator="\n")
    writer.writerow(HEAD)
    for number, node in enumerate(nodes):
        if number % 1000 == 0:
            cancel.check()
        writer.writerow(_line(rows, node))
    return out.getvalue()


def _line(rows: Rows, node: int) -> list[str]:
    tensor = int(rows.outline.tensor[node])
    name = rows.outline.names[tensor] if tensor >= 0 else rows.outline.path(node)
    status = rows.status(node)
    figures = [exact(rows.figure(node, figure)) for figure in FIGURES]
    if rows.broken(node):
        figures[0] = figures[2] = "NaN"  # as IEEE arithmetic has it over all values
    counts = [str(int(rows.figure(node, figure))) for figure in COUNTS]
    return [name, "" if status is Status.MATCHED else str(status), *figures, *counts]
