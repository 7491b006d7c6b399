"""The only loop over chunks: some in flight, merged in their order, cancelled and reported between them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, wait
from typing import TypeVar

from ckptgui.engine.executors import worker_count
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.plan import Plan

P = TypeVar("P")
Q = TypeVar("Q")
R = TypeVar("R")


def run(plan: Plan[P, R], executor: Executor | None, cancel: Cancel, report: Report) -> R:
    """Fold every piece of the plan. Without an executor everything happens on the calling thread.

    The answer does not depend on how many threads there are, as partial answers meet in the file's order.
    Raises ``Cancelled`` or the earliest piece's error; nothing of it runs on afterwards.
    """
    whole: P | None = None
    done = 0
    for piece, partial in partials(
        plan.pieces(), plan.reduce, None if plan.reader.sequential else executor, cancel
    ):
        whole = partial if whole is None else plan.reduction.merge(whole, partial)
        done += math.prod(piece[1]) * plan.info.dtype.itemsize
        report(Progress(done, plan.total))
    if whole is None:
        raise ValueError("a plan without elements")
    return plan.reduction.finish(whole)


def partials(
    pieces: Iterable[Q], reduce: Callable[[Q], P], executor: Executor | None, cancel: Cancel
) -> Iterator[tuple[Q, P]]:
    """Each piece with its partial answer, in order; a bounded number of pieces ahead of what is waited for.

    Raises like ``run``; closing the iterator waits for what is under way.
    """
    if executor is None:
        for piece in pieces:
            cancel.check()
            yield piece, reduce(piece)
        return
    ahead = worker_count() + 2
    waiting: deque[tuple[Q, Future[P]]] = deque()
    coming = iter(pieces)
    try:
        while True:
            cancel.check()
            for piece in coming:
                waiting.append((piece, executor.submit(reduce, piece)))
                if len(waiting) >= ahead:
                    break
            if not waiting:
                return
            piece, future = waiting.popleft()
            yield piece, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
        wait([future for _, future in waiting])
