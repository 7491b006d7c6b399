"""Lets the more urgent of several jobs go first: the others wait between two chunks and lose nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from ckptgui.engine.job import Cancel

_LOOK = 0.05
"""Seconds between two looks at the cancel while a job waits."""


class Urgency(IntEnum):
    """Who goes before whom; the least number first."""

    SELECTED = 0
    VISIBLE = 1
    FRONT = 2  # the rest of the document that is looked at
    BEHIND = 3  # a document whose tab is not in front


class Gate:
    """One for all the jobs that compete for the disk and the processors. For any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: dict[Turn, Urgency] = {}
        self.most_urgent = Urgency.BEHIND

    @contextmanager
    def turn(self, cancel: Cancel, urgency: Urgency) -> Iterator[Turn]:
        """Take part until the block ends; its ``Turn`` is what to check between chunks, in place of ``cancel``."""
        turn = Turn(self, cancel)
        self.let(turn, urgency)
        try:
            yield turn
        finally:
            with self._changed:
                del self._inside[turn]
                self._settle()

    def let(self, turn: Turn, urgency: Urgency) -> None:
        """Be more or less urgent from now on."""
        with self._changed:
            turn.urgency = self._inside[turn] = urgency
            self._settle()

    def _settle(self) -> None:
        self.most_urgent = min(self._inside.values(), default=Urgency.BEHIND)
        self._changed.notify_all()

    def wait(self, turn: Turn) -> None:
        """Return when nobody more urgent is left, or when the turn's job is to end."""
        with self._changed:
            while self.most_urgent < turn.urgency and not turn.requested:
                self._changed.wait(_LOOK)


class Turn(Cancel):
    """A job's cancel, whose ``check`` also waits for those who are more urgent."""

    def __init__(self, gate: Gate, cancel: Cancel) -> None:
        super().__init__()
        self._gate = gate
        self._cancel = cancel
        self.urgency = Urgency.BEHIND

    def cancel(self) -> None:
        """Ask the job to end."""
        self._cancel.cancel()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._cancel.requested

    def check(self) -> None:
        """Wait for the more urgent; raise ``Cancelled`` if the job is to end."""
        if self._gate.most_urgent < self.urgency:
            self._gate.wait(self)
        self._cancel.check()
