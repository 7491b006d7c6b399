"""The first checkpoint in which a tensor has a NaN or an infinity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.breakage.history import History
from ckptgui.analysis.health.names import is_mask


@dataclass(frozen=True, slots=True)
class Turned:
    """``since`` is the last column that is known to be without, -1 where none is; ``again`` the first column after
    which all that are known are without, -1 where it stayed.
    """

    tensor: int
    column: int
    since: int
    again: int
    kind: str  # nan or inf
    count: int


def turned(history: History) -> Iterator[Turned]:
    """One a tensor. A mask of infinities, and anything infinite from the first on that never changes, is none."""
    nan, inf = history.figures["nan"], history.figures["inf"]
    bad = (nan > 0) | (inf > 0)
    for tensor in np.flatnonzero(bad.any(axis=1)).tolist():
        column = int(bad[tensor].argmax())
        kind = "nan" if nan[tensor, column] > 0 else "inf"
        known = np.flatnonzero(np.isfinite(nan[tensor]))
        since = int(known[known < column][-1]) if (known < column).any() else -1
        if kind == "inf" and since < 0 and (_is_fixed(history, tensor) or _is_mask(history, tensor)):
            continue
        last = int(np.flatnonzero(bad[tensor])[-1])
        after = known[known > last]
        count = int((nan if kind == "nan" else inf)[tensor, column])
        yield Turned(tensor, column, since, int(after[0]) if after.size else -1, kind, count)


def _is_fixed(history: History, tensor: int) -> bool:
    changed = history.pairs["changed"][tensor]
    return history.columns > 1 and not (changed > 0).any()


def _is_mask(history: History, tensor: int) -> bool:
    return is_mask(history.series.matching.names[tensor])
