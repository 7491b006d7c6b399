"""Does independent tasks on several threads, the asking one among them, until all are done or one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import wait
from functools import partial
from typing import TypeVar

from ckptgui.engine.executors import chunk_executor, worker_count
from ckptgui.engine.job import Cancel

T = TypeVar("T")

Task = Callable[[Cancel], None]
"""Does its part and looks at the cancel now and then."""

TOGETHER = 1 << 20
"""Bytes of small things that are one task."""

APART = 32 << 20
"""Bytes above which one thing becomes several tasks."""


def together(
    items: Iterable[T], nbytes: Callable[[T], int], do: Callable[[list[T], Cancel], None]
) -> Iterator[Task]:
    """Tasks in which ``do`` is given small items together, those above ``TOGETHER`` alone; made lazily."""
    batch: list[T] = []
    held = 0
    for item in items:
        size = nbytes(item)
        if batch and held + size > TOGETHER:
            yield partial(do, batch)
            batch, held = [], 0
        batch.append(item)
        held += size
    if batch:
        yield partial(do, batch)


def spread(tasks: Iterable[Task], cancel: Cancel) -> None:
    """Do all ``tasks``, which may be made lazily.

    The first failure stops the others, and is raised once none of them runs any more.
    """
    work = _Work(iter(tasks), cancel)
    others = [chunk_executor().submit(work.run) for _ in range(worker_count() - 1)]
    try:
        work.run()
    finally:
        wait([other for other in others if not other.cancel()])
    if work.error is not None:
        raise work.error


class _Work(Cancel):
    """Tasks that are left to begin. Cancelled when the whole is, or one has failed."""

    def __init__(self, tasks: Iterator[Task], whole: Cancel) -> None:
        super().__init__(whole)
        self._tasks = tasks
        self._lock = threading.Lock()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Do what is left, one task after the other."""
        try:
            while (task := self._next()) is not None:
                task(self)
        except BaseException as error:  # noqa: BLE001 - raised by the thread that asked
            with self._lock:
                if self.error is None:
                    self.error = error
            self.cancel()

    def _next(self) -> Task | None:
        with self._lock:
            self.check()
            return next(self._tasks, None)
