"""Work in a process of its own, for what cannot be interrupted otherwise: a cancel ends the process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import CheckpointError

Q = TypeVar("Q")
R = TypeVar("R")

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


def _inside(answers: Connection, work: Inside[Any, Any], request: Any) -> None:
    """What the process does."""

    def report(progress: Progress) -> None:
        answers.send(("progress", progress))

    try:
        answers.send(("answer", work(request, report)))
    except CheckpointError as error:
        answers.send(("error", error))
