"""A new file's content on its way to the medium: written from several places at once, then flushed."""

from __future__ import annotations

import threading
from contextlib import suppress

from ckptgui.engine.job import Cancel
from ckptgui.export.system import System

_GATHER = 256 << 10
"""Small writes are gathered up to this many bytes."""
_AHEAD = 64 << 20
"""Written bytes after which the system is asked to bring them to the medium: so little is left for the end."""
_LOOK = 0.02
"""Seconds between two looks at the cancel while the system brings the rest there."""


class Stretch:
    """A place in an output from which one thread writes on, however many others do so elsewhere."""

    def __init__(self, output: Output, offset: int) -> None:
        self._output = output
        self._gathered = bytearray()
        self._written = offset

    @property
    def position(self) -> int:
        """Where the next byte goes."""
        return self._written + len(self._gathered)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write ``data``, which is the caller's again afterwards; small ones are gathered."""
        if len(data) + len(self._gathered) < _GATHER:
            self._gathered += data
            return
        self.flush()
        self._write_through(memoryview(data))

    def write_now(self, data: bytes) -> None:
        """The same, nothing gathered."""
        self.write(data)
        self.flush()

    def flush(self) -> None:
        """Hand what was gathered to the system."""
        gathered, self._gathered = self._gathered, bytearray()
        self._write_through(memoryview(gathered))

    def _write_through(self, data: memoryview) -> None:
        while len(data):
            done = self._output.put(data, self._written)
            self._written += done
            data = data[done:]


class Output(Stretch):
    """The temporary file while it is being filled: from its beginning on, and elsewhere by other stretches."""

    def __init__(self, descriptor: int, system: System) -> None:
        super().__init__(self, 0)
        self._descriptor = descriptor
        self._system = system
        self._lock = threading.Lock()
        self._dirty = 0

    def at(self, offset: int) -> Stretch:
        """Another place to write from."""
        return Stretch(self, offset)

    def skip(self, nbytes: int) -> None:
        """Go on behind what another stretch writes."""
        self.flush()
        self._written += nbytes

    def put(self, data: memoryview, offset: int) -> int:
        """Write some of ``data`` and return how many bytes that was; any thread may call it."""
        done = self._system.write(self._descriptor, data, offset)
        with self._lock:
            self._dirty += done
            start = self._dirty >= _AHEAD
            self._dirty = 0 if start else self._dirty
        if start:
            self._system.start_writeback(self._descriptor)
        return done


class Content:
    """A new file's content on its way to the medium; ``close`` gives it up."""

    def __init__(self, descriptor: int, system: System) -> None:
        self._descriptor = descriptor
        self._system = system
        self._sync: _Sync | None = None
        self.output = Output(descriptor, system)

    def start_sync(self, mode: int | None) -> int:
        """Everything is written: give the file its mode and bring it to the medium; returns the size."""
        self.output.flush()
        if mode is not None:
            self._system.mode(self._descriptor, mode)
        self._sync = _Sync(self._descriptor, self._system)
        return self.output.position

    def end_sync(self, cancel: Cancel) -> None:
        """Wait until it is there, and close it."""
        if self._sync is not None:
            self._sync.wait(cancel)
            self._sync = None
        descriptor, self._descriptor = self._descriptor, -1
        self._system.close(descriptor)

    def close(self) -> None:
        """Close it, whatever state it is in; a failure here would only hide the first one."""
        descriptor, self._descriptor = self._descriptor, -1
        if self._sync is not None:
            self._sync.give_up()
        elif descriptor >= 0:
            with suppress(OSError):
                self._system.close(descriptor)


class _Sync:
    """A flush to the medium, which nobody can interrupt, on a thread that can be left alone."""

    def __init__(self, descriptor: int, system: System) -> None:
        self._descriptor = descriptor
        self._system = system
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._left = False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="ckptgui-sync", daemon=True).start()

    def wait(self, cancel: Cancel) -> None:
        """Return when it is done; raises what the system says, or ``Cancelled``."""
        while not self._ended.wait(_LOOK):
            cancel.check()
        if self._error is not None:
            raise self._error

    def give_up(self) -> None:
        """Nobody waits any more: the descriptor is closed here, or at the end of the flush."""
        with self._lock:
            self._left = True
            ended = self._ended.is_set()
        if ended:
            self._close()

    def _run(self) -> None:
        try:
            self._system.sync(self._descriptor)
        except BaseException as error:  # noqa: BLE001 - raised again by who waits, and nobody waits in vain
            self._error = error
        with self._lock:
            self._ended.set()
            left = self._left
        if left:
            self._close()

    def _close(self) -> None:
        with suppress(OSError):
            self._system.close(self._descriptor)
