"""The one port for writes: a file appears whole and checked in its place, or nothing changes at all.

Order: resolve a link, look at the target, check the free space, write a temporary file beside it, flush
it to the medium, let the caller verify it, rename, flush the folder. Whatever goes wrong before the
rename (a full disk, a failed check, a cancel, Ctrl+C), the temporary file goes and the old file stays.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ckptgui.errors import ExportError, TargetExistsError
from ckptgui.export.leftovers import remove_leftovers, temporary_name
from ckptgui.export.system import System

SYSTEM = System()
_GATHER = 1 << 20
"""Small writes are gathered up to this many bytes."""
_RESERVE = 64 << 20
"""Space is claimed in such steps: where the C library has to imitate it, one step stays short."""


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
    system: System = SYSTEM,
) -> int:
    """Write a file whole or not at all; return its size in bytes.

    ``fill`` writes the content, expected to be ``nbytes``; ``verify`` is given the finished temporary
    file's path and raises when it is not what it should be. Both may raise ``Cancelled``.
    """
    target = look_at(path, system)
    try:
        _refuse_existing(target, force)
        remove_leftovers(target.folder, system)
        _check_space(target, nbytes, system)
        with _Temporary(target, nbytes, system) as temporary:
            fill(temporary.output)
            size = temporary.finish()
            verify(temporary.path)
            _refuse_existing(look_at(path, system), force)  # it may have appeared meanwhile
            temporary.take_its_place()
    except OSError as error:
        raise OutputError(reason(error)) from error
    try:
        system.sync_folder(target.folder)
    except OSError as error:
        raise OutputError(f"It is written, but may not survive a power loss: {reason(error)}") from error
    return size


class Output:
    """The temporary file while it is being filled."""

    def __init__(self, descriptor: int, expected: int, system: System) -> None:
        self._descriptor = descriptor
        self._expected = expected
        self._system = system
        self._gathered = bytearray()
        self._written = 0
        self._reserved = 0

    @property
    def position(self) -> int:
        """Bytes written so far, which is where the next one goes."""
        return self._written + len(self._gathered)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append ``data``."""
        if len(data) + len(self._gathered) < _GATHER:
            self._gathered += data
            return
        self.flush()
        self._write_through(memoryview(data))

    def flush(self) -> None:
        """Hand what was gathered to the system."""
        gathered, self._gathered = self._gathered, bytearray()
        self._write_through(memoryview(gathered))

    def _write_through(self, data: memoryview) -> None:
        while self._reserved < min(self._written + len(data), self._expected):
            step = min(_RESERVE, self._expected - self._reserved)
            self._system.reserve(self._descriptor, self._reserved, step)
            self._reserved += step
        while len(data):
            done = self._system.write(self._descriptor, data)
            self._written += done
            data = data[done:]


class _Temporary:
    """A temporary file beside its target; leaving the block removes it unless it took the target's place."""

    def __init__(self, target: Target, nbytes: int, system: System) -> None:
        self._target = target
        self._system = system
        self.path = str(Path(target.folder, temporary_name(Path(target.path).name)))
        self._descriptor = system.create(self.path, private=target.exists)
        self._there = True
        self.output = Output(self._descriptor, nbytes, system)

    def __enter__(self) -> _Temporary:
        return self

    def finish(self) -> int:
        """Everything is on the medium and the descriptor closed; returns the size."""
        self.output.flush()
        size = self.output.position
        self._system.truncate(self._descriptor, size)
        if self._target.mode is not None:
            self._system.mode(self._descriptor, self._target.mode)
        self._system.sync(self._descriptor)
        descriptor, self._descriptor = self._descriptor, -1
        self._system.close(descriptor)
        return size

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
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with suppress(OSError):
                self._system.close(descriptor)
        if self._there:
            self._there = False
            with suppress(OSError):
                self._system.remove(self.path)


def _refuse_existing(target: Target, force: bool) -> None:
    if target.exists and not force:
        raise TargetExistsError("There is such a file already; it is replaced only on demand (--force).")


def _check_space(target: Target, nbytes: int, system: System) -> None:
    """A little is kept free: other programs write too, and file systems count in blocks."""
    needed = nbytes + max(1 << 20, nbytes // 20)
    free = system.free(target.folder)
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
