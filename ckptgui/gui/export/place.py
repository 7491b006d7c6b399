"""Where an export would go, looked at before anything is written: is there room, is something there already."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.export.atomic import OutputError, look_at
from ckptgui.export.batch_places import free_space
from ckptgui.export.run import is_source
from ckptgui.gui.numbers import size_text, tr

SUFFIXES = {".pt": "pt", ".pth": "pt", ".ckpt": "pt", ".bin": "pt", ".safetensors": "safetensors"}
"""What a file's suffix says of its format."""


@dataclass(frozen=True, slots=True)
class Place:
    """``trouble`` is why nothing can be written there, in a sentence; ``free`` are bytes, -1 where not known."""

    path: str = ""
    trouble: str = ""
    exists: bool = False
    is_source: bool = False
    free: int = -1

    def shortage(self, nbytes: int) -> str:
        """Why ``nbytes`` do not fit, in a sentence; empty where they do."""
        if nbytes < 0:
            return ""
        needed = nbytes + max(1 << 20, nbytes // 20)
        if self.free < 0 or needed <= self.free:
            return ""
        return tr("There is not enough space: {needed} are needed, {free} are free.").format(
            needed=size_text(needed), free=size_text(self.free)
        )


def look_around(checkpoint: Checkpoint, path: str, *, folder: bool) -> Place:
    """Ask the disk; not for the GUI thread. ``folder``: a folder of shards goes there, no file."""
    if not path.strip() or not PurePath(path).name or path.endswith(("/", os.sep)):
        return Place(path, tr("Give the file a name."))
    try:
        parent = os.path.dirname(os.path.realpath(path))  # noqa: PTH120 - a path may be no text
        there = os.path.isdir(parent)  # noqa: PTH112
    except (OSError, ValueError):
        there = False
    if not there:
        return Place(path, _no_folder(path))
    if folder and os.path.isfile(path):  # noqa: PTH113
        return Place(path, tr("There is a file of this name; shards need a folder."))
    try:
        free = free_space(parent)
        exists = os.path.isdir(path) if folder else look_at(path).exists  # noqa: PTH112
    except OutputError as error:
        return Place(path, str(error))
    return Place(path, _refusal(parent), exists, is_source(checkpoint, path), free)


def _no_folder(path: str) -> str:
    return tr("There is no folder {name}.").format(name=display(os.path.dirname(path), 300))  # noqa: PTH120


def _refusal(folder: str) -> str:
    if os.access(folder, os.W_OK | os.X_OK):
        return ""
    return tr("There is no permission to write in {name}.").format(name=display(folder, 300))


def with_suffix(path: str, format: str, *, folder: bool) -> str:
    """The path with the suffix that its format has; a suffix that says the same stays, as does an unknown one."""
    head, dot, suffix = path.rpartition(".")
    known = SUFFIXES.get(f".{suffix.lower()}") if dot and "/" not in suffix else None
    if folder:
        return head if known else path
    if known == format:
        return path
    return f"{head if known else path}.{format}"


def free_path(path: str, *, taken: set[str] | None = None) -> str:
    """The path, or with a number before its suffix where something is there; not for the GUI thread."""
    head, dot, suffix = path.rpartition(".")
    if f".{suffix.lower()}" not in SUFFIXES:
        head, dot, suffix = path, "", ""
    for number in range(1, 10_000):
        found = path if number == 1 else f"{head}-{number}{dot}{suffix}"
        if not os.path.lexists(found) and found not in (taken or ()):
            return found
    return path
