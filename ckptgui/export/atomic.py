"""The one port for writes: a file appears whole and checked in its place, or nothing changes at all.

Order: resolve a link, look at the target, check the free space, write a temporary file beside it, let the
caller verify it while it goes to the medium, rename once it is there, flush the folder. Whatever goes wrong before
the rename (a full disk, a failed check, a cancel, Ctrl+C), the temporary file goes and the old file stays.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError, TargetExistsError
from ckptgui.export.leftovers import remove_leftovers, temporary_name
from ckptgui.export.system import System

SYSTEM = System()
_GATHER = 256 << 10
"""Small writes are gathered up to this many bytes."""
_AHEAD = 64 << 20
"""Written bytes after which the system is asked to bring them to the medium: so little is left for the end."""
_LOOK = 0.02
"""Seconds between two looks at the cancel while the system brings the rest there."""


class OutputError(ExportError):
    """The target cannot be written; the sentence is about the output's path, not the source's."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file will stand once it is whole. ``path`` has its links resolved, ``mode`` is the old file's."""

    path: str
    mode: int | None

    @property
    def folder(self) -> str:
        """The folder that holds it."""
        return str(Path(self.path).parent)

    @property
    def exists(self) -> bool:
        """Whether there is a file to replace."""
        return self.mode is not None


def look_at(path: str, system: System = SYSTEM) -> Target:
    """What stands at ``path`` now, links followed; raises ``OutputError`` where no file can ever stand."""
    try:
        resolved = os.path.realpath(path)
        found = system.status(resolved)
    except (OSError, ValueError) as error:
        raise OutputError(reason(error)) from error
    if found is None:
        return Target(resolved, None)
    if stat.S_ISDIR(found.st_mode):
        raise OutputError("It is a folder; a file name is needed.")
    if stat.S_ISLNK(found.st_mode):
        raise OutputError("Its symbolic links lead in a circle.")
    if not stat.S_ISREG(found.st_mode):
        raise OutputError("It is a pipe, a socket or a device, not a file.")
    return Target(resolved, stat.S_IMODE(found.st_mode))


def write_file(
    path: str,
    fill: Callable[[Output], None],
    *,
    nbytes: int,
    verify: Callable[[str], None] = lambda temporary: None,
    force: bool = False,
    cancel: Cancel | None = None,
    system: System = SYSTEM,
) -> int:
    """Write a file whole or not at all; return its size in bytes.

    ``fill`` writes the content, expected to be ``nbytes``; ``verify`` is given the finished temporary
    file's path and raises when it is not what it should be. Both may raise ``Cancelled``, and so does this when
    ``cancel`` asks for it while the system brings the bytes to the medium.
    """
    target = look_at(path, system)
    try:
        _refuse_existing(target, force)
        remove_leftovers(target.folder, system)
        check_space(target.folder, nbytes, system)
        with _Temporary(target, system) as temporary:
            fill(temporary.content.output)
            size = temporary.content.start_sync(target.mode)
            verify(temporary.path)
            temporary.content.end_sync(cancel or Cancel())
            _refuse_existing(look_at(path, system), force)  # it may have appeared meanwhile
            temporary.take_its_place()
    except OSError as error:
        raise OutputError(reason(error)) from error
    sync_folder(target.folder, system)
    return size


def sync_folder(folder: str, system: System) -> None:
    """Make a rename that has happened last."""
    try:
        system.sync_folder(folder)
    except OSError as error:
        raise OutputError(f"It is written, but may not survive a power loss: {reason(error)}") from error


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


class _Temporary:
    """A temporary file beside its target; leaving the block removes it unless it took the target's place."""

    def __init__(self, target: Target, system: System) -> None:
        self._target = target
        self._system = system
        self.path = str(Path(target.folder, temporary_name(Path(target.path).name)))
        self.content = Content(system.create(self.path, private=target.exists), system)
        self._there = True
        self._lock: Held | None = None

    def __enter__(self) -> _Temporary:
        try:
            self._lock = Held(self.path, self._system)
        except BaseException:
            self._give_up()
            raise
        return self

    def take_its_place(self) -> None:
        """The moment at which the old file is gone and the new one there."""
        self._system.replace(self.path, self._target.path)
        self._there = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_up()

    def _give_up(self) -> None:
        """Close and remove what is left; a failure here would only hide the first one."""
        if not self._there:
            self._close()
            return
        self._there = False
        if os.name != "posix":  # an open file cannot be removed there
            self._close()
        with suppress(OSError):
            self._system.remove(self.path)
        # The last descriptor frees gigabytes and waits for those on their way to the medium: nobody else need.
        threading.Thread(target=self._close, name="ckptgui-freeing", daemon=True).start()

    def _close(self) -> None:
        self.content.close()
        if self._lock is not None:
            self._lock.let_go()


class Held:
    """The lock of a temporary file or folder, which says that its writer lives."""

    def __init__(self, path: str, system: System) -> None:
        self._system = system
        self._descriptor = -1
        if os.name == "posix":  # elsewhere nobody asks for it, and a file that is open cannot be renamed
            self._descriptor = system.open(path)
            system.hold(self._descriptor)

    def let_go(self) -> None:
        """Give it back."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with suppress(OSError):
                self._system.close(descriptor)


def _refuse_existing(target: Target, force: bool) -> None:
    if target.exists and not force:
        raise TargetExistsError("There is such a file already; it is replaced only on demand (--force).")


def check_space(folder: str, nbytes: int, system: System) -> None:
    """A little is kept free: other programs write too, and file systems count in blocks."""
    needed = nbytes + max(1 << 20, nbytes // 20)
    free = system.free(folder)
    if needed > free:
        raise OutputError(f"There is not enough space: it needs {needed:,} bytes, {free:,} are free.")


def reason(error: OSError | ValueError) -> str:
    """What the system said about writing, as a sentence."""
    if isinstance(error, OSError):
        return _REASONS.get(error.errno or 0) or f"{error.strerror or type(error).__name__}."
    return "The path holds a character that no file name can have."


_REASONS = {
    errno.ENOENT: "There is no such folder.",
    errno.ENOTDIR: "A part of the path is not a folder.",
    errno.EACCES: "There is no permission to write there.",
    errno.EPERM: "There is no permission to write there.",
    errno.EROFS: "The disk is read-only.",
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "Your disk quota is used up.",
    errno.EFBIG: "The file would be larger than the system allows.",
    errno.ENAMETOOLONG: "The path is too long.",
    errno.ELOOP: "Its symbolic links lead in a circle.",
    errno.EIO: "The disk reported an error.",
    errno.ESTALE: "The network drive lost the file.",
    errno.EXDEV: "The temporary file and the target are on different disks.",
}
