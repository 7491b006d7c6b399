"""The system calls that writing needs, in one class, so that a test can make the Nth of them fail."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

_NOT_OFFERED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
_HELD = {errno.EWOULDBLOCK, errno.EACCES}
_PRIVATE = 0o600
_SHARED = 0o666


class System:
    """What the operating system does for a writer; no policy of ours."""

    _one_at_a_time = threading.Lock()

    def status(self, path: str) -> os.stat_result | None:
        """The status of what stands at ``path`` itself, a link not followed; None where nothing does."""
        try:
            return Path(path).lstat()
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """What stands in a folder."""
        return [entry.name for entry in Path(folder).iterdir()]

    def free(self, folder: str) -> int:
        """Bytes that this user may still write there."""
        return shutil.disk_usage(folder).free

    def create(self, path: str, private: bool) -> int:
        """A descriptor of a new, empty file; a name that is taken or a link is an error.

        Unless ``private``, the process's umask decides the mode, as for any new file.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):
            flags |= getattr(os, name, 0)
        return os.open(path, flags, _PRIVATE if private else _SHARED)

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Write some of ``data`` at ``offset`` and return how many bytes that was; any thread may."""
        if hasattr(os, "pwrite"):
            return os.pwrite(descriptor, data, offset)
        with self._one_at_a_time:
            os.lseek(descriptor, offset, os.SEEK_SET)
            return os.write(descriptor, data)

    def start_writeback(self, descriptor: int) -> None:
        """Ask, where that can be asked, that what was written goes to the medium now: ``sync`` is short then."""
        if _sync_file_range is not None:
            _sync_file_range(descriptor, 0, 0, _SYNC_FILE_RANGE_WRITE)

    def sync(self, descriptor: int) -> None:
        """Return when the bytes are on the medium."""
        try:
            import fcntl

            full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: plain fsync leaves the drive's cache
        except ImportError:
            full = None
        if full is not None:
            fcntl.fcntl(descriptor, full)
        else:
            os.fsync(descriptor)

    def mode(self, descriptor: int, mode: int) -> None:
        """Give the file the mode of the one it replaces."""
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)

    def close(self, descriptor: int) -> None:
        """Close it; a delayed write error may show only now."""
        os.close(descriptor)

    def replace(self, temporary: str, target: str) -> None:
        """Put the new file in the old one's place in one step."""
        Path(temporary).replace(target)

    def sync_folder(self, folder: str) -> None:
        """Make the rename itself last; file systems that cannot are left alone."""
        if not hasattr(os, "O_DIRECTORY"):
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NOT_OFFERED:
                raise
        finally:
            os.close(descriptor)

    def create_folder(self, path: str) -> None:
        """A new, empty folder; a name that is taken is an error."""
        Path(path).mkdir()

    def exchange(self, one: str, other: str) -> bool:
        """Let two files or folders change places in one step; False where the system cannot."""
        if _renameat2 is None:
            return False
        if _renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _RENAME_EXCHANGE) == 0:
            return True
        code = ctypes.get_errno()
        if code in _NOT_OFFERED:
            return False
        raise OSError(code, os.strerror(code))

    def move(self, temporary: str, target: str) -> None:
        """Give a folder its name; one of that name is replaced only where it is empty."""
        Path(temporary).rename(target)

    def hold(self, descriptor: int) -> bool | None:
        """Take a file's or folder's lock for as long as the descriptor lives; None where there are no locks.

        False means that another descriptor has it, of this process or another.
        """
        try:
            import fcntl
        except ImportError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return False if error.errno in _HELD else None
        return True

    def open(self, path: str) -> int:
        """A descriptor of a file or folder, to lock it; a link is an error."""
        flags = os.O_RDONLY
        for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK"):
            flags |= getattr(os, name, 0)
        return os.open(path, flags)

    def remove(self, path: str) -> None:
        """Delete a file."""
        Path(path).unlink()

    def remove_folder(self, path: str) -> None:
        """Delete a folder with the files in it; it holds no folders."""
        for entry in list(Path(path).iterdir()):
            entry.unlink()
        Path(path).rmdir()


def _of_the_library(name: str, *arguments: Any) -> Any:
    """A function of the C library that Python does not offer; None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is not None:
        function.argtypes = arguments
    return function


_sync_file_range = _of_the_library("sync_file_range", ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
_SYNC_FILE_RANGE_WRITE = 2
_renameat2 = _of_the_library(
    "renameat2", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
)
_HERE = -100  # AT_FDCWD
_RENAME_EXCHANGE = 2
