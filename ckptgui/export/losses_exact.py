"""What casts lose, counted: one reading of every tensor that is cast, with the loops of ``engine.precision``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ckptgui.core.quiet import without_garbage_collection
from ckptgui.engine import warming
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.precision import cast_loss
from ckptgui.engine.under_way import LARGE_AT_ONCE, UnderWay
from ckptgui.export.losses import FOUND, TARGETS, Casts, Losses, casts_of, summed
from ckptgui.export.request import ExportPlan
from ckptgui.sources.locate import SourcePool

GROUP = 8 << 20
"""Bytes of tensors that one thread reads in turn; a larger one is read by all of them."""

Group = tuple[list[int], np.ndarray, int]
"""Places among the casts, what was found of each, and the bytes that were read for it."""


def exact(plan: ExportPlan, pool: SourcePool, cancel: Cancel, report: Report = silent) -> Losses:
    """Read every tensor that is cast and count what its values become; on all threads, in bounded memory.

    Loops that are not compiled yet are compiled by another process first, which takes some seconds.
    ``report`` counts bytes. Raises ``CheckpointError`` when bytes cannot be had, ``Cancelled``.
    """
    casts = casts_of(plan)
    found = np.zeros(len(casts.rows), FOUND)
    read = sorted(place for places in casts.groups().values() for place in places)
    if not read:
        return summed(plan, casts, found, exact=True)
    total = int(plan.checkpoint.tensors.nbytes[casts.rows[read]].sum())
    report(Progress(0, total, "Preparing"))
    _make_ready(cancel)
    done = 0
    with ThreadPoolExecutor(LARGE_AT_ONCE, "ckptgui-casts", initializer=give_way) as lanes:
        under_way: UnderWay[Group] = UnderWay(cancel)
        try:
            for finished in under_way.run(_begin(plan, casts, read, pool, under_way, lanes)):
                for places, losses, nbytes in finished:
                    found[places] = losses
                    done += nbytes
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


def _begin(
    plan: ExportPlan,
    casts: Casts,
    read: Sequence[int],
    pool: SourcePool,
    under_way: UnderWay[Group],
    lanes: ThreadPoolExecutor,
) -> Iterator[Future[Group]]:
    group: list[int] = []
    waiting = 0
    sizes = plan.checkpoint.tensors.nbytes
    for at in read:
        nbytes = int(sizes[casts.rows[at]])
        if nbytes > GROUP:
            yield lanes.submit(_several, plan, casts, [at], pool, under_way.patient, chunk_executor())
            continue
        group.append(at)
        waiting += nbytes
        if waiting >= GROUP or len(group) >= 1024:
            yield chunk_executor().submit(_several, plan, casts, group, pool, under_way.prompt, None)
            group, waiting = [], 0
    if group:
        yield chunk_executor().submit(_several, plan, casts, group, pool, under_way.prompt, None)


def _several(
    plan: ExportPlan,
    casts: Casts,
    places: list[int],
    pool: SourcePool,
    cancel: Cancel,
    executor: ThreadPoolExecutor | None,
) -> Group:
    found = np.zeros(len(places), FOUND)
    for at, place in enumerate(places):
        cancel.check()
        target = TARGETS[casts.dtypes[place].name]
        loss = cast_loss(plan.checkpoint.info(int(casts.rows[place])), target, pool, cancel, executor)
        for key in ("changed", "overflowed", "zeroed", "subnormal"):
            found[key][at] = getattr(loss, key)
        found["rounding"][at] = target.within
        found["relative"][at] = loss.max_relative
    return places, found, int(plan.checkpoint.tensors.nbytes[casts.rows[places]].sum())
