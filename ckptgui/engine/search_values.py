"""The next NaN or infinity of a tensor from any place on, in row-major order, in either direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ckptgui.analysis.reduction import Chunk
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import require_whole
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.plan import Layout, Plan
from ckptgui.engine.run import run
from ckptgui.sources.locate import SourcePool

Wanted = Literal["nan", "infinite"]


def find_special(
    info: TensorInfo,
    pool: SourcePool,
    wanted: Wanted,
    cancel: Cancel,
    report: Report = silent,
    *,
    after: tuple[int, ...] | None = None,
    backward: bool = False,
) -> tuple[int, ...] | None:
    """Where the next such value stands after (or before) an index, beginning again at the other end; else None.

    Without an index the search begins at the first (or last) value. Values that lie in row-major order are read
    from there on and no farther than need be. A repeated dimension is searched where it is stored, at index 0.
    Raises ``CheckpointError`` when the bytes cannot be had, ``Cancelled``.
    """
    require_whole(info)
    if info.dtype.kind not in (Kind.FLOAT, Kind.COMPLEX) or info.numel == 0 or info.extent is None:
        return None
    layout = Layout.of(info.shape, info.strides)
    start = _rank(layout, after) if after is not None else layout.count if backward else -1
    nearest = _NearestPass(wanted, info.dtype.kind is Kind.COMPLEX, start, layout.count, backward)
    plan = Plan(info, layout, storage_reader(info.extent, pool), nearest, lambda values, _: values)
    if layout.in_order and not (backward and plan.reader.sequential):
        steps = _in_turn(plan, nearest, cancel, report)
    else:
        steps = run(plan, chunk_executor(), cancel, report)
    if not steps:
        return None
    return layout.index((start - steps if backward else start + steps) % layout.count)


@dataclass(frozen=True)
class _NearestPass:
    """How many steps the search takes to the nearest hit, 1 to ``count`` (the start itself); 0 without any."""

    wanted: Wanted
    paired: bool
    start: int
    count: int
    backward: bool

    def of(self, chunk: Chunk) -> int:
        """Fold one chunk."""
        values = chunk.values
        if self.paired:
            values = values.view({4: np.float16, 8: np.float32, 16: np.float64}[values.itemsize])
        hits = np.isnan(values) if self.wanted == "nan" else np.isinf(values)
        if self.paired:
            hits = hits.reshape(-1, 2).any(axis=1)
        places = np.flatnonzero(hits)
        if not places.size:
            return 0
        ranks = chunk.ranks(places)
        ahead = self.start - ranks if self.backward else ranks - self.start
        return int(((ahead - 1) % self.count).min()) + 1

    def merge(self, left: int, right: int) -> int:
        """Two neighbours as one."""
        return min(left, right) if left and right else left or right

    def finish(self, whole: int) -> int:
        """The steps."""
        return whole


def _in_turn(plan: Plan[int, int], nearest: _NearestPass, cancel: Cancel, report: Report) -> int:
    """Piece after piece in the direction of the search, beginning where it does, until there is a hit."""
    pieces = list(plan.pieces())
    heads = [sum(begin * weight for begin, weight in zip(starts, plan.layout.weights)) for starts, _ in pieces]
    here = max(0, int(np.searchsorted(np.array(heads, np.int64), nearest.start, "right")) - 1)
    if nearest.backward:
        before_turning, behind = pieces[here::-1], pieces[:here:-1]
        reach = nearest.start
    else:
        before_turning, behind = pieces[here:], pieces[:here]
        reach = nearest.count - 1 - nearest.start
    best = done = 0
    for number, piece in enumerate([*before_turning, *behind]):
        cancel.check()
        found = plan.reduce(piece)
        best = nearest.merge(best, found)
        if 0 < best <= reach or (found and number >= len(before_turning)):
            break
        done += plan.info.dtype.itemsize * int(np.prod(piece[1], dtype=np.int64))
        report(Progress(done, plan.total))
    return best


def _rank(layout: Layout, index: tuple[int, ...]) -> int:
    """The rank of an index; what is repeated counts as its first."""
    rank = 0
    for place, size in zip(index, layout.axes):
        rank = rank * size + (place if size > 1 else 0)
    return rank
