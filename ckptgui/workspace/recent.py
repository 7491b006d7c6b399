"""What was opened lately: newest first, each once, and what the disk says about each now."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath

LIMIT = 12
"""Entries kept."""

MAX_MEMBERS = 10_000
"""Files of a folder that are counted for its size."""

MAX_FOLDERS = 100
"""Folders in a folder whose files are counted for its size."""


@dataclass(frozen=True, slots=True)
class Recent:
    """One line of the list. ``nbytes`` is None for what is not there any more."""

    path: str
    name: str
    folder: str
    is_folder: bool
    nbytes: int | None


def opened(recent: Sequence[str], path: str) -> tuple[str, ...]:
    """The list after ``path`` was opened."""
    return (path, *(other for other in recent if other != path))[:LIMIT]


def describe(paths: Sequence[str], check: Callable[[], None]) -> list[Recent]:
    """Look each path up on the disk (slow on a sleeping network drive: not for the GUI thread)."""
    lines = []
    for path in paths:
        check()
        lines.append(_described(path))
    return lines


def unexamined(path: str) -> Recent:
    """A line before the disk was asked."""
    place = PurePath(path)
    return Recent(path, place.name or path, place.parent.name, False, None)


def _described(path: str) -> Recent:
    line = unexamined(path)
    try:
        status = os.stat(path)
        is_folder = stat.S_ISDIR(status.st_mode)
        nbytes = _folder_bytes(path) if is_folder else status.st_size
    except (OSError, ValueError):
        return line
    return Recent(line.path, line.name, line.folder, is_folder, nbytes)


def _folder_bytes(path: str) -> int:
    """What its files take, and those of the folders in it: a run's members may be folders."""
    total, folders = 0, []
    with os.scandir(path) as entries:
        for entry in islice(entries, MAX_MEMBERS):
            if entry.is_dir():
                folders.append(entry.path)
            else:
                total += _file_bytes(entry)
    for folder in folders[:MAX_FOLDERS]:
        with suppress(OSError), os.scandir(folder) as entries:
            total += sum(map(_file_bytes, islice(entries, MAX_MEMBERS)))
    return total


def _file_bytes(entry: os.DirEntry[str]) -> int:
    """Its size; 0 for what is no file, or gone in this moment."""
    with suppress(OSError):
        return entry.stat().st_size if entry.is_file() else 0
    return 0
