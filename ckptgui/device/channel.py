"""One process that has torch, from its start to its end: what it is asked, and who waits for which answer."""

from __future__ import annotations

import itertools
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ckptgui.core.display import display
from ckptgui.device.messages import DeviceError, DeviceLostError
from ckptgui.device.requests import (
    PART,
    SHORT,
    Answer,
    Ask,
    Bug,
    Hello,
    Part,
    Raw,
    Refused,
    Sign,
    Stop,
    Unusable,
)
from ckptgui.device.starting import how_it_ended, start
from ckptgui.device.wire import HungUpError, Wire, WireError
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import Cancelled

_LOOK = 0.05
"""Seconds between two looks at the cancel and at the clock."""

_GRACE = 0.1
"""Seconds that work has to stop when asked; after that nobody waits for it."""

_PARTING = 2.0
"""Seconds that the process has to end by itself."""

GONE = "what it held on a device is gone from there, the files are untouched"

Settle = Callable[[Any, bool], None]
"""Hears an answer before the one who waits does, and whether nobody waits any more; must return soon."""


def unsettled(_value: Any, _abandoned: bool) -> None:
    """For answers that change nothing here."""


@dataclass(slots=True, eq=False)
class _Pending:
    """A request without its answer."""

    number: int
    short: bool
    buffer: memoryview | None
    settle: Settle
    since: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    parts: list[Any] = field(default_factory=list)
    progress: Progress | None = None
    settled: bool = False
    abandoned: bool = False
    value: Any = None
    fell_back: str = ""
    error: BaseException | None = None


class Channel:
    """Starts the process at once. ``limit`` and ``start_limit`` are seconds without a sign of life.

    ``on_end`` is called once, on the thread that listens, when the process has ended, whatever ended it.
    """

    def __init__(
        self, simulated: str, limit: float, start_limit: float, on_end: Callable[[Channel, DeviceError], None]
    ) -> None:
        self._limit, self._start_limit, self._on_end = limit, start_limit, on_end
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._pending: dict[int, _Pending] = {}
        self._began = time.monotonic()
        self._signs = {True: self._began, False: self._began}  # the last one of short requests, of long ones
        self._patience = 0.0
        self._ready = threading.Event()
        self._reason = ""  # why the process was ended from here
        self._last: Unusable | None = None  # why it ended itself
        self._error: DeviceError | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - closed at the end of the process
        ours, theirs = socket.socketpair()
        try:
            self._process = start(theirs, simulated, self._words)
        except (OSError, ValueError) as error:
            ours.close()
            self._words.close()
            raise DeviceError(f"The process for torch cannot be started: {display(str(error))}.") from error
        finally:
            theirs.close()
        self._wire = Wire(ours)
        self._listener = threading.Thread(target=self._listen, name="ckptgui-device", daemon=True)
        self._listener.start()

    def ready(self, cancel: Cancel) -> None:
        """Wait until torch is loaded there. Raises why it is not, or ``Cancelled``: it goes on loading."""
        while not self._ready.wait(_LOOK):
            cancel.check()
            if time.monotonic() - self._began > self._start_limit:
                self._give_up(f"PyTorch was not loaded within {self._start_limit:g} s, so its process was ended")
        self._raise_if_ended()

    def ask(
        self,
        request: object,
        cancel: Cancel,
        report: Report = silent,
        parts: Sequence[object] = (),
        buffer: memoryview | None = None,
        settle: Settle = unsettled,
    ) -> tuple[Any, str]:
        """Ask and wait: the answer, and why the CPU worked it out. Raw bytes go to ``buffer``.

        ``Cancelled`` comes soon after it is asked for, whether or not the work has stopped.
        """
        pending = _Pending(next(self._numbers), isinstance(request, SHORT), buffer, settle)
        with self._lock:
            self._raise_if_ended()
            self._pending[pending.number] = pending
        try:
            self._send(pending, request, parts, cancel)
            self._wait(pending, cancel, report)
        except BaseException:
            self._abandon(pending)
            raise
        if pending.error is not None:
            raise pending.error
        return pending.value, pending.fell_back

    def _send(self, pending: _Pending, request: object, parts: Sequence[object], cancel: Cancel) -> None:
        def look() -> None:
            self._look(pending)

        try:
            for first in range(0, len(parts), PART):
                cancel.check()
                self._wire.send(Part(pending.number, tuple(parts[first : first + PART])), look=look)
            self._wire.send(Ask(pending.number, request), look=look)
        except HungUpError:
            pending.done.wait(2 * _PARTING)  # the one who listens finds out why
        except Cancelled:
            with self._lock:
                self._pending.pop(pending.number, None)  # it was not asked yet, so there is no answer
            raise

    def _wait(self, pending: _Pending, cancel: Cancel, report: Report) -> None:
        asked = None
        while not pending.done.wait(_LOOK):
            self._look(pending)
            progress, pending.progress = pending.progress, None
            if progress is not None:
                report(progress)
            if asked is None and cancel.requested:
                asked = time.monotonic()
                self._stop(pending)
            elif asked is not None and time.monotonic() - asked > _GRACE and self._abandon(pending):
                raise Cancelled

    def _stop(self, pending: _Pending) -> None:
        try:
            self._wire.send(Stop(pending.number), look=lambda: self._look(pending))
        except HungUpError:
            return

    def _abandon(self, pending: _Pending) -> bool:
        """Stop waiting, unless the answer is here already."""
        with self._lock:
            if pending.settled:
                return False
            first = not pending.abandoned
            pending.abandoned = True
        if first:
            self._stop(pending)
        return True

    def _look(self, pending: _Pending) -> None:
        """End a process that gives no sign of life."""
        last = max(pending.since, self._signs[pending.short])
        limit = self._limit + (0.0 if pending.short else self._patience)
        if time.monotonic() - last > limit:
            self._give_up(f"The device did not answer for {limit:g} s, so its process was ended")

    def _give_up(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._process.kill()
        self._wire.hang_up()  # a driver may keep even a killed process from ending

    def _raise_if_ended(self) -> None:
        if self._error is not None:
            raise type(self._error)(str(self._error))

    def _listen(self) -> None:
        try:
            while True:
                self._take(self._wire.receive())
        except HungUpError:
            pass
        except WireError:
            self._give_up("The process that has torch sent what is no answer, so it was ended")
        except BaseException:
            self._give_up("The process that has torch was not understood, so it was ended")
            raise  # a bug of ours, which must keep nobody waiting
        finally:
            self._end()

    def _take(self, message: Any) -> None:
        match message:
            case Hello():
                self._ready.set()
            case Unusable():
                self._last = message
            case Sign() | Part() | Answer() | Raw() | Refused() | Bug():
                pending = self._pending.get(message.number)
                if pending is None:
                    raise WireError
                self._signs[pending.short] = time.monotonic()
                self._hear(pending, message)
            case _:
                raise WireError

    def _hear(self, pending: _Pending, message: Any) -> None:
        self._patience = 0.0 if not pending.short else self._patience
        match message:
            case Sign(_, progress, patience):
                pending.progress = progress or pending.progress
                self._patience = patience
            case Part(_, items):
                pending.parts += items
            case Answer(_, value, fell_back):
                pending.fell_back = fell_back
                self._settle(pending, (*pending.parts, *value) if isinstance(value, tuple) else value)
            case Raw(_, length):
                if pending.buffer is None or length > len(pending.buffer):
                    raise WireError
                self._wire.receive_into(pending.buffer[:length])
                self._settle(pending, length)
            case Refused(_, error):
                self._settle(pending, error=error or Cancelled())
            case Bug(_, traceback):
                self._settle(pending, error=RuntimeError(f"In the process that has torch:\n{traceback}"))

    def _settle(self, pending: _Pending, value: Any = None, error: BaseException | None = None) -> None:
        with self._lock:
            self._pending.pop(pending.number, None)
            pending.settled = True
            abandoned = pending.abandoned
        pending.value, pending.error = value, error
        if error is None:
            pending.settle(value, abandoned)
        pending.done.set()

    def _end(self) -> None:
        """Reap the process and tell everybody who waits."""
        self._wire.hang_up()
        try:
            status = self._process.wait(_PARTING / 2)
        except subprocess.TimeoutExpired:
            status = self._kill()
        error = self._why(status)
        with self._lock:
            self._error = error
            waiting, self._pending = list(self._pending.values()), {}
        self._on_end(self, error)
        self._ready.set()
        for pending in waiting:
            self._settle(pending, error=type(error)(str(error)))
        self._words.close()
        self._wire.close()

    def _kill(self) -> int:
        """End it by force; one that a driver holds on to ends when that lets go, and nobody waits for it."""
        self._process.kill()
        try:
            return self._process.wait(_PARTING / 2)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL

    def _why(self, status: int) -> DeviceError:
        if self._last is not None and not self._last.lost:
            return DeviceError(self._last.reason)
        if self._last is not None:
            return DeviceLostError(f"{self._last.reason.rstrip('.')}; {GONE}.")
        reason = self._reason or f"The process that has torch {how_it_ended(status, self._words)}"
        return DeviceLostError(f"{reason}; {GONE}.")

    @property
    def is_ready(self) -> bool:
        """Whether torch is loaded there."""
        return self._ready.is_set()

    @property
    def pid(self) -> int:
        """The process's number in the system."""
        return self._process.pid

    def close(self) -> None:
        """End the process and wait until it has ended."""
        self._reason = self._reason or "The process that has torch was closed"
        self._wire.hang_up()
        self._listener.join(2 * _PARTING)
