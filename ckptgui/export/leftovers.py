"""Names of temporary files, and what a run that was killed left behind under such a name.

The name tells which process of which machine writes it, so that only the files of the dead are removed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
from pathlib import Path

from ckptgui.export.system import System

_NAME_MAX = 255
_PATTERN = re.compile(r"\..*\.([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}\.part", re.DOTALL)


def temporary_name(name: str) -> str:
    """A new name for a temporary file of ``name``, short enough for any file system."""
    tail = f".{_machine()}-{os.getpid()}-{secrets.token_hex(4)}.part"
    head = os.fsencode(name)[: _NAME_MAX - len(tail) - 1]
    return f".{os.fsdecode(_whole_characters(head))}{tail}"


def remove_leftovers(folder: str, system: System) -> int:
    """Remove temporary files of ours whose process no longer lives; return how many.

    Files of another machine (a shared drive) or of a living process are left alone, and a file that
    cannot be removed harms nobody.
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
        if match is None or match[1] != _machine() or _lives(int(match[2])):
            continue
        try:
            system.remove(str(Path(folder, name)))
            removed += 1
        except OSError:
            continue
    return removed


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
