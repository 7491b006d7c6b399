"""Work in a process of its own, for what cannot be interrupted otherwise: a cancel ends the process."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import CheckpointError

Q = TypeVar("Q")
R = TypeVar("R")

_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
_starting = threading.Lock()

_LOOK = 0.05
"""Seconds between two looks at the cancel."""

Inside = Callable[[Q, Report], R]
"""A module-level function of a request and a report; both it and what it returns must be plain data."""


class ChildError(CheckpointError):
    """The process ended without an answer."""


def in_child(work: Inside[Q, R], request: Q, cancel: Cancel, report: Report = silent) -> R:
    """Run ``work(request, report)`` in a fresh process. Its ``CheckpointError`` is raised here.

    Raises ``Cancelled`` as soon as it is asked for, and ``ChildError`` where the process dies.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_inside, args=(theirs, work, request), daemon=True)
    with _one_thread():
        process.start()
    theirs.close()
    try:
        while True:
            cancel.check()
            if not ours.poll(_LOOK):
                continue
            try:
                kind, value = ours.recv()
            except EOFError:
                process.join(1.0)
                raise ChildError(f"The process that worked on it ended with status {process.exitcode}.") from None
            if kind == "progress":
                report(value)
            elif kind == "error":
                raise value
            else:
                answer: R = value
                return answer
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let numpy's linear algebra use one thread in the process: it decides when it is imported, and several that
    wait for each other on cores that others use too are many times slower.
    """
    with _starting:
        before = {name: os.environ.get(name) for name in _THREADS}
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _inside(answers: Connection, work: Inside[Any, Any], request: Any) -> None:
    """What the process does."""

    def report(progress: Progress) -> None:
        answers.send(("progress", progress))

    try:
        answers.send(("answer", work(request, report)))
    except CheckpointError as error:
        answers.send(("error", error))
