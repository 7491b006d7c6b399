"""The best checkpoint of a run by a figure that was logged, and what keeping the best few would free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ckptgui.core.series.disk_use import DiskUse
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.scalar_curves import Measure, ScalarCurve, is_held_out, scalar_curves

_NONE = re.compile(
    r"(^|[^a-z])(best|scale|scaler|weight|hyper_parameters|hparams|config|args|param_groups|schedulers?)([^a-z]|$)"
)
"""Settings, weights of losses, and the best so far, which stays the same until there is a better one."""


@dataclass(frozen=True, eq=False)
class Metric:
    """A figure by which checkpoints can be ranked; ``lower`` where less of it is better."""

    curve: ScalarCurve
    lower: bool

    @property
    def ranking(self) -> tuple[int, ...]:
        """The members that tell it, the best first, of equal ones the earliest."""
        values = self.curve.values
        told = np.flatnonzero(np.isfinite(values))
        order = np.argsort(values[told] if self.lower else -values[told], kind="stable")
        return tuple(told[order].tolist())


@dataclass(frozen=True, slots=True)
class Keeping:
    """``kept`` and ``dropped`` members in the run's order, and the bytes that would be free without the latter."""

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    freed: int


def metrics(members: Sequence[RunMember]) -> tuple[Metric, ...]:
    """What checkpoints can be ranked by: what was measured on other data first.

    A damaged checkpoint is not ranked."""
    chosen = [
        curve
        for curve in scalar_curves(members)
        if curve.varies and curve.measure in (Measure.LOSS, Measure.SCORE) and not _NONE.search(curve.path.lower())
    ]
    whole = np.array([member.error is None for member in members], bool)
    losses = np.array([np.nan if member.loss is None else member.loss for member in members], np.float64)
    told = ScalarCurve("loss", "loss", Measure.LOSS, losses)
    if told.varies and not any(np.array_equal(c.values, losses, equal_nan=True) for c in chosen):
        chosen.append(told)
    ranked = [replace(curve, values=np.where(whole, curve.values, np.nan)) for curve in sorted(chosen, key=_rank)]
    return tuple(Metric(curve, curve.measure is Measure.LOSS) for curve in ranked if curve.varies)


def _rank(curve: ScalarCurve) -> tuple[bool, bool]:
    return not is_held_out(curve.path), curve.measure is not Measure.LOSS


def keeping(members: Sequence[RunMember], use: DiskUse, metric: Metric, count: int) -> Keeping:
    """Keep the best ``count`` by a metric, the last one that can be read, and all that cannot be ranked."""
    readable = [number for number, member in enumerate(members) if member.error is None]
    ranking = metric.ranking
    kept = {*ranking[:count], *readable[-1:]}
    dropped = tuple(number for number in sorted(ranking) if number not in kept)
    rest = tuple(number for number in range(len(members)) if number not in dropped)
    return Keeping(rest, dropped, use.freed(dropped))
