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
from ckptgui.export.output import Content, Output
from ckptgui.export.system import System

SYSTEM = System()


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
