"""The only loop over chunks: some in flight, merged in their order, cancelled and reported between them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, wait
from typing import TypeVar

from ckptgui.engine.executors import worker_count
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.engine.plan import Plan

P = TypeVar("P")
R = TypeVar("R")


def run(plan: Plan[P, R], executor: Executor | None, cancel: Cancel, report: Report) -> R:
    """Fold every piece of the plan. Without an executor everything happens on the calling thread.

    The answer does not depend on how many threads there are, as partial answers meet in the file's order.
    Raises ``Cancelled`` or the earliest piece's error; nothing of it runs on afterwards.
    """
    spread = executor is not None and not plan.reader.sequential
    partials = _in_flight(plan, executor, cancel) if spread and executor else _in_turn(plan, cancel)
    whole: P | None = None
    done = 0
    for elements, partial in partials:
        whole = partial if whole is None else plan.reduction.merge(whole, partial)
        done += elements * plan.info.dtype.itemsize
        report(Progress(done, plan.total))
    if whole is None:
        raise ValueError("a plan without elements")
    return plan.reduction.finish(whole)


def _in_turn(plan: Plan[P, R], cancel: Cancel) -> Iterator[tuple[int, P]]:
    for piece in plan.pieces():
        cancel.check()
        yield math.prod(piece[1]), plan.reduce(piece)


def _in_flight(plan: Plan[P, R], executor: Executor, cancel: Cancel) -> Iterator[tuple[int, P]]:
    """Partial answers in order, a bounded number of pieces ahead of the one that is waited for."""
    ahead = worker_count() + 2
    waiting: deque[tuple[int, Future[P]]] = deque()
    pieces = plan.pieces()
    try:
        while True:
            cancel.check()
            for piece in pieces:
                waiting.append((math.prod(piece[1]), executor.submit(plan.reduce, piece)))
                if len(waiting) >= ahead:
                    break
            if not waiting:
                return
            elements, future = waiting.popleft()
            yield elements, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
        wait([future for _, future in waiting])
