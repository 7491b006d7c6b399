"""Names of temporary files and folders, and what a run that was killed left behind under such a name.

The name tells which process of which machine writes it, and the writer holds its lock: only what belongs to the
dead is removed, also where another process has got the dead one's number, or lives where its number is not seen.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import stat
import time
from pathlib import Path

from ckptgui.export.system import System

_NAME_MAX = 255
_YOUNG = 60.0
"""Seconds for which a living process may have made its file and not locked it yet."""
_OURS = re.compile(
    r"(model|pytorch_model)(-\d{5}-of-\d{5})?\.(safetensors|bin)|(model\.safetensors|pytorch_model\.bin)\.index\.json"
)
"""Names of what an export into a folder writes."""
_PATTERN = re.compile(r"\..*\.([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}\.part", re.DOTALL)


def temporary_name(name: str) -> str:
    """A new name for a temporary file of ``name``, short enough for any file system."""
    tail = f".{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.part"
    head = os.fsencode(name)[: _NAME_MAX - len(tail) - 1]
    return f".{os.fsdecode(_whole_characters(head))}{tail}"


def remove_leftovers(folder: str, system: System) -> int:
    """Remove temporary files and folders of ours that nobody writes any more; return how many.

    What is of another machine (a shared drive) or of a living process is left alone, and what cannot be removed
    harms nobody.
    """
    if os.name != "posix":  # asking whether a process lives would end it there
        return 0
    removed = 0
    try:
        names = system.names(folder)
    except OSError:  # a folder may be writable and not readable; whether it is writable shows soon
        return 0
    for name in names:
        match = _PATTERN.fullmatch(name)
        if match is None or match[1] != _machine():
            continue
        try:
            removed += _removed(str(Path(folder, name)), int(match[2]), system)
        except OSError:
            continue
    return removed


def is_ours(folder: str, name: str, system: System) -> bool:
    """Whether what stands in a folder may be what an export wrote there, or is gone."""
    status = system.status(str(Path(folder, name)))
    return status is None or (stat.S_ISREG(status.st_mode) and _OURS.fullmatch(name) is not None)


def _removed(path: str, pid: int, system: System) -> bool:
    """Remove it if nobody writes it; whether it was."""
    status = system.status(path)
    if status is None or stat.S_ISLNK(status.st_mode):
        return False
    lives = _lives(pid)
    if lives and time.time() - status.st_mtime < _YOUNG:
        return False
    descriptor = system.open(path)
    try:
        held = system.hold(descriptor)
        if held is False or (lives and held is None):
            return False
        if not stat.S_ISDIR(status.st_mode):
            system.remove(path)
            return True
        if not all(is_ours(path, name, system) for name in system.names(path)):
            return False  # somebody put something there
        system.remove_folder(path)
        return True
    finally:
        system.close(descriptor)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it lives and is another user's, or the number is none
        return True
    return True


def _machine() -> str:
    return hashlib.sha256(platform.node().encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _whole_characters(name: bytes) -> bytes:
    """Take off the bytes of a character that the cut went through."""
    return name.decode("utf-8", "ignore").encode() if len(name) else name
