"""What casts lose, counted: one reading of every tensor that is cast, with the loops of ``engine.precision``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ckptgui.analysis.precision import FloatTarget
from ckptgui.core.dtypes import DType
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.engine import warming
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.placing import places_of
from ckptgui.engine.precision import cast_loss
from ckptgui.engine.precision_batches import cast_losses, castable_together
from ckptgui.engine.under_way import LARGE_AT_ONCE, UnderWay
from ckptgui.export.losses import FOUND, TARGETS, Casts, Losses, casts_of, summed
from ckptgui.export.request import ExportPlan
from ckptgui.sources.locate import SourcePool

GROUP = 8 << 20
"""Bytes of tensors that one thread reads in turn; a larger one is read by all of them."""

BATCH_BYTES, BATCH_ROWS = 1 << 20, 4096
"""Of small tensors that are counted together."""

Found = tuple[np.ndarray, np.ndarray]
"""Places among the casts, and what was found of each."""


def exact(plan: ExportPlan, pool: SourcePool, cancel: Cancel, report: Report = silent) -> Losses:
    """Read every tensor that is cast and count what its values become; on all threads, in bounded memory.

    Loops that are not compiled yet are compiled by another process first, which takes some seconds.
    ``report`` counts bytes. Raises ``CheckpointError`` when bytes cannot be had, ``Cancelled``.
    """
    casts = casts_of(plan)
    found = np.zeros(len(casts.rows), FOUND)
    groups = casts.groups()
    if not groups:
        return summed(plan, casts, found, exact=True)
    nbytes = plan.checkpoint.tensors.nbytes[casts.rows]
    total = sum(int(nbytes[places].sum()) for places in groups.values())
    report(Progress(0, total, "Preparing"))
    _make_ready(cancel)
    done = 0
    with ThreadPoolExecutor(LARGE_AT_ONCE, "ckptgui-casts", initializer=give_way) as lanes:
        under_way: UnderWay[Found] = UnderWay(cancel)
        trial = _Trial(plan, casts, pool, under_way, lanes)
        try:
            for finished in under_way.run(trial.begin(groups)):
                for places, losses in finished:
                    found[places] = losses
                    done += int(nbytes[places].sum())
                report(Progress(done, total, "Trying the cast"))
        finally:
            under_way.end()
    return summed(plan, casts, found, exact=True)


def _make_ready(cancel: Cancel) -> None:
    if warming.missing(warming.RARE):  # to compile here would hold up a window in the same process
        warming.compile_apart(lambda: cancel.requested, warming.RARE)
    cancel.check()
    with without_garbage_collection():
        warming.load(warming.RARE)


class _Trial:
    """Begins the reading of what is cast: small tensors many at a time, middle ones a thread each."""

    def __init__(
        self,
        plan: ExportPlan,
        casts: Casts,
        pool: SourcePool,
        under_way: UnderWay[Found],
        lanes: ThreadPoolExecutor,
    ) -> None:
        self._checkpoint, self._casts, self._pool = plan.checkpoint, casts, pool
        self._under_way, self._lanes = under_way, lanes
        self._spots = places_of(plan.checkpoint.tensors, casts.rows)
        self._small = castable_together(plan.checkpoint.tensors, self._spots)

    def begin(self, groups: Mapping[tuple[DType, DType], list[int]]) -> Iterator[Future[Found]]:
        """Start one thing after the other."""
        nbytes = self._checkpoint.tensors.nbytes[self._casts.rows]
        threads = chunk_executor()
        for (_, dtype), members in groups.items():
            places, target = np.array(members), TARGETS[dtype.name]
            small = places[self._small[places]]
            for batch in _parted(small, nbytes[small] / BATCH_BYTES + 1 / BATCH_ROWS):
                yield threads.submit(self._together, batch, target)
            others = places[~self._small[places]]
            large = nbytes[others] > GROUP
            for batch in _parted(others[~large], nbytes[others[~large]] / GROUP):
                yield threads.submit(self._one_by_one, batch, target, self._under_way.prompt, None)
            for place in others[large]:
                alone = np.array([place])
                yield self._lanes.submit(self._one_by_one, alone, target, self._under_way.patient, threads)

    def _together(self, places: np.ndarray, target: FloatTarget) -> Found:
        self._under_way.prompt.check()
        losses = cast_losses(self._checkpoint.tensors, self._spots, places, target, self._pool)
        found = np.zeros(len(places), FOUND)
        for key in ("changed", "overflowed", "zeroed", "subnormal"):
            found[key] = getattr(losses, key)[:, None]
        found["rounding"], found["relative"] = target.within, losses.max_relative
        return losses.numbers, found

    def _one_by_one(
        self, places: np.ndarray, target: FloatTarget, cancel: Cancel, executor: ThreadPoolExecutor | None
    ) -> Found:
        found = np.zeros(len(places), FOUND)
        for at, row in enumerate(self._casts.rows[places].tolist()):
            cancel.check()
            loss = cast_loss(self._checkpoint.info(row), target, self._pool, cancel, executor)
            for key in ("changed", "overflowed", "zeroed", "subnormal"):
                found[key][at] = getattr(loss, key)
            found["rounding"][at], found["relative"][at] = target.within, loss.max_relative
        return places, found


def _parted(places: np.ndarray, cost: np.ndarray) -> Iterator[np.ndarray]:
    """Neighbours whose costs come to about one."""
    ends = np.flatnonzero(np.diff(np.cumsum(cost).astype(np.int64))) + 1
    return (part for part in np.split(places, ends) if len(part))
