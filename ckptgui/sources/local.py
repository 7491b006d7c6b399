"""Files of this machine, read with ``preadv``: no shared position, no mapping that a rewrite could tear."""

from __future__ import annotations

import errno
import os
import stat
import threading

from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import ChangedOnDiskError, UnreadableFileError

_HAS_PREADV = hasattr(os, "preadv")


class LocalSource:
    """One open regular file. Owns its descriptor until ``close`` and the end of reads under way."""

    def __init__(self, path: str) -> None:
        """Open ``path`` for reading; a FIFO, device, socket or folder is refused without being read."""
        self._path = path
        self._lock = threading.Lock()
        self._readers = 0
        self._closed = False
        try:
            # A FIFO without a writer would block the open itself.
            self._fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        except (OSError, ValueError) as error:
            raise UnreadableFileError(reason(error)) from error
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._fd)
            raise UnreadableFileError(f"It is {_sort_of(status.st_mode)}, not a file.")
        self._identity = _identity(path, status)

    @property
    def identity(self) -> SourceIdentity:
        """Which file in which state was opened."""
        return self._identity

    @property
    def size(self) -> int:
        """Bytes, as of opening."""
        return self._identity.size

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset``; short only at the end of the file (see ``ByteSource``)."""
        self._enter()
        try:
            done = self._read(offset, buffer)
            self._check_unchanged()
            return done
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            if self._closed:
                raise UnreadableFileError("It was closed while it was being read.")
            self._readers += 1

    def _leave(self) -> None:
        with self._lock:
            self._readers -= 1
            self._close_when_idle()

    def _close_when_idle(self) -> None:
        # A number given back under a reader would soon be another file's.
        if self._closed and not self._readers and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _read(self, offset: int, buffer: memoryview) -> int:
        done = 0
        while done < len(buffer):
            try:
                got = self._read_some(offset + done, buffer[done:])
            except OSError as error:
                raise UnreadableFileError(f"{reason(error)} (at byte {offset + done:,})") from error
            if got == 0:
                break
            done += got
        return done

    def _read_some(self, offset: int, buffer: memoryview) -> int:
        if _HAS_PREADV:
            return os.preadv(self._fd, [buffer], offset)
        with self._lock:
            os.lseek(self._fd, offset, os.SEEK_SET)
            data = os.read(self._fd, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _check_unchanged(self) -> None:
        now = os.fstat(self._fd)
        if (now.st_size, now.st_mtime_ns) != (self._identity.size, self._identity.mtime_ns):
            raise ChangedOnDiskError("The file changed on disk after it was opened.")

    def close(self) -> None:
        """Give the descriptor back as soon as nobody reads any more."""
        with self._lock:
            self._closed = True
            self._close_when_idle()


def identify(path: str) -> SourceIdentity:
    """The identity that ``path`` has now; raises ``UnreadableFileError`` where there is none."""
    try:
        return _identity(path, os.stat(path))
    except (OSError, ValueError) as error:
        raise UnreadableFileError(reason(error)) from error


def reason(error: OSError | ValueError) -> str:
    """What the system said, as a sentence."""
    if isinstance(error, OSError):
        known = _REASONS.get(error.errno or 0)
        return known or f"{display(error.strerror or type(error).__name__)}."
    return "The path holds a character that no file name can have."


_REASONS = {
    errno.ENOENT: "There is no such file or folder.",
    errno.EACCES: "There is no permission to read it.",
    errno.EPERM: "There is no permission to read it.",
    errno.EISDIR: "It is a folder, not a file.",
    errno.ENXIO: "It is a socket or a device, not a file.",
    errno.ENOTDIR: "A part of the path is not a folder.",
    errno.ELOOP: "Its symbolic links lead in a circle.",
    errno.ENAMETOOLONG: "The path is too long.",
    errno.EIO: "The disk reported an error.",
    errno.ESTALE: "The network drive lost the file.",
}


def _identity(path: str, status: os.stat_result) -> SourceIdentity:
    return SourceIdentity(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _sort_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"
