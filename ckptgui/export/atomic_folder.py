"""A folder of files that appears whole and checked in its place, or nothing changes at all.

The files are written into a temporary folder beside the target, which takes the target's name in one step. An
earlier export is replaced by letting both change places (Linux, if the file system can). Elsewhere it is moved
away first, so that for a moment there is neither; nobody but this run removes what was moved away.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel
from ckptgui.errors import TargetExistsError
from ckptgui.export.atomic import SYSTEM, Held, OutputError, check_space, reason, sync_folder
from ckptgui.export.leftovers import is_ours, remove_leftovers, temporary_name
from ckptgui.export.output import Content, Output
from ckptgui.export.system import System


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """Where a folder will stand. ``mode`` is that of the folder there is (None: none), ``holds`` what is in it."""

    path: str
    mode: int | None
    holds: tuple[str, ...]

    @property
    def folder(self) -> str:
        """The folder that it stands in."""
        return str(Path(self.path).parent)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to come in the folder: its name and what writes its content."""

    name: str
    fill: Callable[[Output], None]


def look_at_folder(path: str, system: System = SYSTEM) -> FolderTarget:
    """What stands at ``path``; raises ``OutputError`` where an export's folder can never stand.

    A folder that holds anything but an export is one of those: it would be lost.
    """
    try:
        resolved = os.path.realpath(path)
        found = system.status(resolved)
        if found is None:
            return FolderTarget(resolved, None, ())
        if not stat.S_ISDIR(found.st_mode):
            raise OutputError("It is no folder, and a folder is needed for several files.")
        names = sorted(system.names(resolved))
        for name in names:
            if not is_ours(resolved, name, system):
                raise OutputError(f"The folder holds {display(name)}, which no export wrote; it stays as it is.")
    except (OSError, ValueError) as error:
        raise OutputError(reason(error)) from error
    return FolderTarget(resolved, stat.S_IMODE(found.st_mode), tuple(names))


def write_folder(
    path: str,
    files: Sequence[NewFile],
    *,
    nbytes: int,
    verify: Callable[[str], None] = lambda temporary: None,
    force: bool = False,
    cancel: Cancel | None = None,
    system: System = SYSTEM,
) -> int:
    """Write a folder with ``files``, in order, whole or not at all; return their size in bytes.

    ``verify`` is given the finished temporary folder's path. See ``write_file``.
    """
    target = look_at_folder(path, system)
    try:
        _refuse_existing(target, force)
        remove_leftovers(target.folder, system)
        check_space(target.folder, nbytes, system)
        with _TemporaryFolder(target, system) as temporary:
            size = sum(temporary.write(file, cancel or Cancel()) for file in files)
            system.sync_folder(temporary.path)
            verify(temporary.path)
            target = look_at_folder(path, system)  # it may have appeared, or got something else, meanwhile
            _refuse_existing(target, force)
            temporary.take_the_place(target)
    except OSError as error:
        raise OutputError(reason(error)) from error
    sync_folder(target.folder, system)
    return size


def _refuse_existing(target: FolderTarget, force: bool) -> None:
    if target.holds and not force:
        raise TargetExistsError("There is such an export already; it is replaced only on demand (--force).")


class _TemporaryFolder:
    """A temporary folder beside its target; leaving the block removes it unless it took the target's place."""

    def __init__(self, target: FolderTarget, system: System) -> None:
        self._system = system
        self.path = str(Path(target.folder, temporary_name(Path(target.path).name)))
        system.create_folder(self.path)
        self._spare: str | None = self.path
        self._lock: Held | None = None
        self._unfinished: Content | None = None

    def __enter__(self) -> _TemporaryFolder:
        try:
            self._lock = Held(self.path, self._system)
        except BaseException:
            self.__exit__()
            raise
        return self

    def write(self, file: NewFile, cancel: Cancel) -> int:
        """Write one file, on the medium when this returns."""
        content = Content(self._system.create(str(Path(self.path, file.name)), private=False), self._system)
        self._unfinished = content
        file.fill(content.output)
        size = content.start_sync(None)
        content.end_sync(cancel)
        self._unfinished = None
        return size

    def take_the_place(self, target: FolderTarget) -> None:
        """The moment at which what was there is gone and the new folder there."""
        if target.mode is not None:
            Path(self.path).chmod(target.mode)
        if not target.holds:
            self._system.move(self.path, target.path)
            self._spare = None
        elif not self._system.exchange(self.path, target.path):
            self._take_turns(target.path)

    def _take_turns(self, path: str) -> None:
        """The same where the system cannot let two folders change places."""
        old = f"{self.path}.replaced"
        self._system.move(path, old)
        try:
            self._system.move(self.path, path)
        except BaseException:  # Ctrl+C too
            self._system.move(old, path)
            raise
        self._spare = old

    def __exit__(self, *_: object) -> None:
        if self._unfinished is not None and os.name != "posix":  # an open file cannot be removed there
            self._unfinished.close()
        if self._spare is not None:
            with suppress(OSError):
                self._system.remove_folder(self._spare)
        if self._unfinished is not None:  # see ``write_file``: closing it may take seconds
            threading.Thread(target=self._unfinished.close, name="ckptgui-freeing", daemon=True).start()
        if self._lock is not None:
            self._lock.let_go()
