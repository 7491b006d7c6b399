"""Some futures of one pass at a time: begun one after the other, taken as they finish, ended together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Generic, TypeVar

from ckptgui.engine.executors import worker_count
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled

T = TypeVar("T")

LARGE_AT_ONCE = 2
"""While one large tensor's last chunks are merged, the next one's are folded."""

_LOOK = 0.02
"""Seconds between two looks at the cancel where nothing is finished."""


class UnderWay(Generic[T]):
    """What runs of one pass. Its futures look at ``patient`` or ``prompt`` to hear when they are to end.

    On the chunks' threads nothing may wait for others, so they take the ``prompt`` one.
    """

    def __init__(self, cancel: Cancel) -> None:
        self._cancel, self._ended = cancel, Cancel()
        self.patient: Cancel = _Ear(self._ended, cancel)
        self.prompt: Cancel = _Ear(self._ended, cancel, patient=False)
        self._futures: dict[Future[T], int] = {}  # by number of their beginning

    def run(self, beginning: Iterator[Future[T]]) -> Iterator[list[T]]:
        """What has been finished, again and again; an empty list where that takes long.

        Raises ``Cancelled``, or what a future raised.
        """
        most = worker_count() + LARGE_AT_ONCE + 1
        for begun, future in enumerate(beginning):
            self._futures[future] = begun
            while len(self._futures) >= most:
                yield self._finished()
        while self._futures:
            yield self._finished()

    def end(self) -> None:
        """Let go of everything, and return when nothing runs any more."""
        self._ended.cancel()
        for future in self._futures:
            future.cancel()
        wait(self._futures)

    def _finished(self) -> list[T]:
        finished, _ = wait(self._futures, _LOOK, FIRST_COMPLETED)
        self._cancel.check()
        found = []
        for future in sorted(finished, key=self._futures.__getitem__):
            del self._futures[future]
            found.append(future.result())
        return found


class _Ear(Cancel):
    """Hears when the pass has ended and when its caller wants to stop; a patient one also waits for its turn."""

    def __init__(self, ended: Cancel, outer: Cancel, patient: bool = True) -> None:
        super().__init__()
        self._ended, self._outer, self._patient = ended, outer, patient

    @property
    def requested(self) -> bool:
        """Whether either is so."""
        return self._ended.requested or self._outer.requested

    def check(self) -> None:
        """Raise ``Cancelled`` then."""
        if self._patient and not self._ended.requested:
            self._outer.check()
        if self.requested:
            raise Cancelled
