"""Background work that reports, can be cancelled, and ends exactly once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from ckptgui.engine.courtesy import give_way
from ckptgui.errors import Cancelled

R = TypeVar("R")


class State(Enum):
    """One way through: PENDING, RUNNING, then one of the last three."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    ERROR = "error"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` (bytes, or whatever ``note`` says); ``total`` 0 means not known."""

    done: int
    total: int
    note: str = ""


class Cancel:
    """A wish to stop, asked by one thread and heard by others; where ``outer`` is asked, this one is too."""

    def __init__(self, outer: Cancel | None = None) -> None:
        self._event = threading.Event()
        self.outer = outer

    def cancel(self) -> None:
        """Ask for it."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set() or (self.outer is not None and self.outer.requested)

    def check(self) -> None:
        """Raise ``Cancelled`` if somebody asked; call it between chunks."""
        if self.requested:
            raise Cancelled


Report = Callable[[Progress], None]
Work = Callable[[Cancel, Report], R]
"""A blocking function of a cancel and a report. It runs on a coordinator thread, never on the GUI's."""


def silent(_: Progress) -> None:
    """A report that nobody hears."""


class Job(Generic[R]):
    """One run of a ``Work``. ``on_progress`` and ``on_done`` are called from the job's thread.

    ``on_done`` is called exactly once, whatever happens, also for a job that is cancelled before it began.
    """

    def __init__(
        self, work: Work[R], on_done: Callable[[Job[R]], None] | None = None, on_progress: Report = silent
    ) -> None:
        self._work = work
        self._on_done = on_done
        self._on_progress = on_progress
        self._finished = threading.Event()
        self.cancelled = Cancel()
        self.state = State.PENDING
        self.result: R | None = None
        self.error: BaseException | None = None

    def cancel(self) -> None:
        """Ask the work to stop; it ends as CANCELLED at its next check."""
        self.cancelled.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it ended (seconds); False when the time ran out. Never call it on the GUI thread."""
        return self._finished.wait(timeout)

    def run(self) -> None:
        """Do the work; called by ``Jobs`` on one of its threads."""
        try:
            self.cancelled.check()
            self.state = State.RUNNING
            self.result = self._work(self.cancelled, self._on_progress)
            self.state = State.SUCCESS
        except Cancelled:
            self.state = State.CANCELLED
        except BaseException as error:  # noqa: BLE001 - handed on whole; the front end tells bugs from failures
            self.error = error
            self.state = State.ERROR
        finally:
            self._finished.set()
            if self._on_done is not None:
                self._on_done(self)


class Jobs:
    """The coordinator threads. Refuses new work once it is shut down."""

    def __init__(self, threads: int = 4) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ckptgui-job", initializer=give_way)
        self._lock = threading.Lock()
        self._alive: set[Job[Any]] = set()
        self._closed = False

    def start(
        self, work: Work[R], on_done: Callable[[Job[R]], None] | None = None, on_progress: Report = silent
    ) -> Job[R]:
        """Queue ``work``; after ``shutdown`` the job ends at once as CANCELLED."""
        job: Job[R] = Job(work, on_done, on_progress)
        with self._lock:
            closed = self._closed
            if not closed:
                self._alive.add(job)
                self._pool.submit(self._run, job)
        if closed:
            job.cancel()
            job.run()
        return job

    @property
    def idle(self) -> bool:
        """Whether no job is running or waiting."""
        with self._lock:
            return not self._alive

    def _run(self, job: Job[R]) -> None:
        try:
            job.run()
        finally:
            with self._lock:
                self._alive.discard(job)

    def shutdown(self, timeout: float = 2.0) -> bool:
        """Cancel everything and wait up to ``timeout`` seconds; True when no job is left."""
        with self._lock:
            self._closed = True
            alive = list(self._alive)
        for job in alive:
            job.cancel()
        ended = all([job.wait(timeout) for job in alive])
        self._pool.shutdown(wait=ended)
        return ended
