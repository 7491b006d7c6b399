"""The system calls that writing needs, in one class, so that a test can make the Nth of them fail."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

_NOT_OFFERED = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
_PRIVATE = 0o600
_SHARED = 0o666


class System:
    """What the operating system does for a writer; no policy of ours."""

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

    def reserve(self, descriptor: int, offset: int, nbytes: int) -> None:
        """Claim space ahead, where the file system can: fewer fragments, and a full disk shows early."""
        if nbytes <= 0 or not hasattr(os, "posix_fallocate"):
            return
        try:
            os.posix_fallocate(descriptor, offset, nbytes)
        except OSError as error:
            if error.errno not in _NOT_OFFERED:
                raise

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of ``data`` and return how many bytes that was."""
        return os.write(descriptor, data)

    def truncate(self, descriptor: int, nbytes: int) -> None:
        """Cut what was reserved and not used."""
        os.ftruncate(descriptor, nbytes)

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

    def remove(self, path: str) -> None:
        """Delete a file."""
        Path(path).unlink()
