"""What a folder holds, as far as it can hold checkpoints: its regular files."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ckptgui.errors import UnreadableFileError
from ckptgui.sources.local import reason


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A regular file (or a link to one) in a folder; ``nbytes`` as of listing."""

    path: str
    name: str
    nbytes: int


def list_files(folder: str) -> list[FolderFile]:
    """The regular files directly in ``folder``, in no order; raises ``UnreadableFileError``.

    Pipes, sockets and devices are left out, and so is a file that is gone before it can be asked.
    """
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_file():
                        found.append(FolderFile(entry.path, entry.name, entry.stat().st_size))
                except OSError:  # a dangling or circular link, or deleted meanwhile: nothing to list
                    continue
    except (OSError, ValueError) as error:
        raise UnreadableFileError(reason(error)) from error
    return found
