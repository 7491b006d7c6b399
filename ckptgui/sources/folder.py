"""What a folder holds, as far as it can hold checkpoints: its regular files, and its folders by name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

from ckptgui.core.display import display
from ckptgui.errors import CheckpointError, DamagedFileError, UnreadableFileError
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.local import LocalSource, reason


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A regular file (or a link to one) in a folder; ``nbytes`` as of listing."""

    path: str
    name: str
    nbytes: int


class Folder:
    """One folder as it was when it was listed. Files in it are opened by name, and nothing outside of it.

    A symbolic link in the folder is followed, because model hubs' caches consist of them; a *name* that leads
    elsewhere, as an index may hold, is refused.
    """

    def __init__(self, path: str) -> None:
        """Name the folder; it is listed when first asked. Raises nothing."""
        self.path = path
        self.kept: dict[str, object] = {}  # what readers found out from the names, for those who ask next

    @cached_property
    def files(self) -> dict[str, FolderFile]:
        """The regular files by name, in no order; raises ``UnreadableFileError``."""
        return self._listing[0]

    @cached_property
    def folders(self) -> frozenset[str]:
        """Names of the folders in it; raises ``UnreadableFileError``."""
        return self._listing[1]

    @cached_property
    def _listing(self) -> tuple[dict[str, FolderFile], frozenset[str]]:
        # Pipes, sockets and devices are left out, and so is a file that is gone before it can be asked.
        files, folders = {}, set()
        try:
            with os.scandir(self.path) as entries:
                for entry in entries:
                    try:
                        if entry.is_file():
                            files[entry.name] = FolderFile(entry.path, entry.name, entry.stat().st_size)
                        elif entry.is_dir():
                            folders.add(entry.name)
                    except OSError:  # a dangling or circular link, or deleted meanwhile: nothing to list
                        continue
        except (OSError, ValueError) as error:
            raise UnreadableFileError(reason(error)) from error
        return files, frozenset(folders)

    def open(self, name: str) -> ByteSource:
        """The file ``name`` directly in the folder, the caller's to close.

        Raises ``DamagedFileError`` for a name that leads elsewhere, ``UnreadableFileError`` where there is
        no such file or it cannot be opened.
        """
        return LocalSource(os.path.join(self.path, plain_name(name)))  # noqa: PTH118

    @cached_property
    def real(self) -> str:
        """Where it lies, symbolic links followed: the same for every way to it."""
        return os.path.realpath(self.path)

    def head(self, name: str, length: int) -> bytes:
        """The first bytes of a file, none of one that cannot be read; refuses names as ``open`` does."""
        try:
            source = self.open(name)
        except UnreadableFileError:
            return b""
        try:
            return read_exactly(source, 0, length)
        except CheckpointError:
            return b""
        finally:
            source.close()

    def has(self, name: str) -> bool:
        """Whether there is a file of this name, without listing the folder."""
        return os.path.isfile(os.path.join(self.path, plain_name(name)))  # noqa: PTH113, PTH118

    def folder(self, name: str) -> Folder:
        """The folder ``name`` directly in this one; the same names are refused."""
        return Folder(os.path.join(self.path, plain_name(name)))  # noqa: PTH118


def plain_name(name: str) -> str:
    """``name``, if it is that of something directly in a folder; raises ``DamagedFileError``."""
    if not name or name in (".", "..") or any(c in name for c in "/\\\0") or (os.name == "nt" and ":" in name):
        raise DamagedFileError(f"The file name “{display(name)}” leads out of the folder; it is not followed.")
    return name
