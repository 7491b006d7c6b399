"""The whole table of changes as CSV: a line for every tensor and every step that was compared."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

from ckptgui.core.display import display
from ckptgui.core.series.status import Status
from ckptgui.core.series.words import counter_of, member_text
from ckptgui.workspace.compared import Compared

COLUMNS = (
    "tensor", "from", "to", "status", "relative", "delta_l2", "cosine", "max_abs", "changed_fraction",
    "l2_from", "l2_to", "nan_from", "nan_to", "inf_from", "inf_to",
)  # fmt: skip
_REALS = ("relative", "delta_l2", "cosine", "max_abs", "changed_fraction", "l2_a", "l2_b")
_COUNTS = ("nan_a", "nan_b", "inf_a", "inf_b")
_FORMULAS = ("=", "+", "-", "@", "\t")


def table(known: Compared) -> Iterator[str]:
    """Lines, the head first; figures are over finite values, with all their digits, empty where there is none."""
    yield _line(COLUMNS)
    series, counter = known.series, counter_of(known.series)
    labels = [member_text(member, counter) for member in series.members]
    for member in series.whole:
        base = known.base(member)
        if base < 0:
            continue
        pair = known.pair(base, member)
        status = pair.status.tolist()
        reals = [pair.column(name).tolist() for name in _REALS]
        counts = [pair.records[name].tolist() for name in _COUNTS]
        for tensor, name in enumerate(series.matching.names):
            if status[tensor] != Status.ABSENT:
                figures = ["" if math.isnan(column[tensor]) else repr(column[tensor]) for column in reals]
                found = [str(column[tensor]) for column in counts]
                words = (_plain(name), _plain(labels[base]), _plain(labels[member]), str(Status(status[tensor])))
                yield _line((*words, *figures, *found))


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    shown = display(text)
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown


def _line(cells: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
