"""Maps of layers × checkpoints from what is known of a series, column by column or whole."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.branch_figures import own_column
from ckptgui.analysis.difference import UNKNOWN
from ckptgui.analysis.layer_map import (
    LayerMap,
    MapColumn,
    MapFigure,
    Source,
    Standing,
    no_figure,
    own_figure,
    pair_figure,
)
from ckptgui.analysis.layer_rows import LayerRows
from ckptgui.core.series.status import Status
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import PairTask, ProfileTask, Task


def layer_map(known: Compared, figure: MapFigure, rows: LayerRows) -> LayerMap:
    """All of it, as far as it is known."""
    members = len(known.series.members)
    found = LayerMap(figure, rows, members)
    for member in range(members):
        found.put(member, layer_column(known, figure, rows, member))
    return found


def layer_column(known: Compared, figure: MapFigure, rows: LayerRows, member: int) -> MapColumn:
    """One member; of one that cannot be read every cell is absent."""
    at = known.matching.rows[:, member]
    profile, part = known.profile(member), known.matching.parts[member]
    present = at >= 0
    if profile is None or part is None:
        nothing = np.zeros(len(at))
        return no_figure(rows, Standing(nothing > 0, nothing > 0, nothing > 0), nothing, nothing)
    if figure.source is Source.OWN:
        task: Task = ProfileTask(member)
        read = present & profile.known[at] if len(profile) else present
        failed = np.zeros(len(profile), bool)
        failed[_failed(known, task)] = True
        broken = present & failed[at] if len(profile) else ~present
        standing = Standing(present, read, ~read & (broken | _is_over(known, task) & present))
        return own_figure(figure, rows, profile, at, part.checkpoint.tensors.numel, standing)
    nan, inf = own_column(profile, at, "nan"), own_column(profile, at, "inf")
    base = known.base(member, to_first=figure.source is Source.FIRST)
    if base < 0:
        return no_figure(rows, Standing(present, present, ~present & False), nan, inf)
    differences = known.pair(base, member)
    task = PairTask(base, member)
    readable = (differences.structure == Status.MATCHED) | (differences.structure == Status.RETYPED)
    read = present & (~readable | (differences.records["known"] != UNKNOWN))
    failed = np.zeros(len(at), bool)
    failed[_failed(known, task)] = True
    standing = Standing(present, read, ~read & present & (failed | _is_over(known, task)))
    return pair_figure(figure, rows, differences, standing, nan, inf)


def _failed(known: Compared, task: Task) -> np.ndarray:
    errors = known.errors.get(task, {})
    return np.fromiter(errors, np.int64, len(errors))


def _is_over(known: Compared, task: Task) -> bool:
    """Whether nothing more will come of a task."""
    return task in known.done
