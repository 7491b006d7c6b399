"""Does independent tasks on several threads, the asking one among them, until all are done or one fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait

from ckptgui.engine.executors import chunk_executor, worker_count
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled

_LOOK = 0.05
"""Seconds between two looks at the others, once there is nothing left to begin."""

Task = Callable[[Cancel], None]
"""Does its part and looks at the cancel now and then."""


def spread(tasks: Iterable[Task], cancel: Cancel, look: Callable[[], None] = lambda: None) -> None:
    """Do all ``tasks``, which may be made lazily; ``look`` is called now and then by the thread that asked.

    The first failure stops the others, and is raised once none of them runs any more.
    """
    work = _Work(iter(tasks), cancel)
    others = [chunk_executor().submit(work.run) for _ in range(worker_count() - 1)]
    try:
        work.run(look)
    finally:
        running: set[Future[None]] = {other for other in others if not other.cancel()}
        while running:
            running = wait(running, _LOOK).not_done
            look()
    if work.error is not None:
        raise work.error


class _Work(Cancel):
    """Tasks that are left to begin. Cancelled when the whole is, or one has failed."""

    def __init__(self, tasks: Iterator[Task], whole: Cancel) -> None:
        super().__init__()
        self._tasks = tasks
        self._whole = whole
        self._lock = threading.Lock()
        self.error: BaseException | None = None

    @property
    def requested(self) -> bool:
        return super().requested or self._whole.requested

    def check(self) -> None:
        if self.requested:
            raise Cancelled

    def run(self, look: Callable[[], None] = lambda: None) -> None:
        """Do what is left, one task after the other."""
        try:
            while (task := self._next()) is not None:
                task(self)
                look()
        except BaseException as error:  # noqa: BLE001 - raised by the thread that asked
            with self._lock:
                if self.error is None:
                    self.error = error
            self.cancel()

    def _next(self) -> Task | None:
        with self._lock:
            self.check()
            return next(self._tasks, None)
