"""Gives memory that is free again back to the system: what opening a large file took is not needed to look at it.

The C library keeps freed memory for its next use; after columns of a million rows that is some hundred MiB.
Each thread has a store of its own for it as long as nobody asks for fewer.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_M_ARENA_MAX = -8
_ARENAS = 2


def share_memory() -> None:
    """From now on let threads take what others have freed, which saves tens of MiB. Call it before they start."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def give_memory_back() -> None:
    """Do it now, where the C library can be told so (Linux with glibc); takes some ten milliseconds."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library gives it back by itself, or not at all
            ctypes.CDLL(None).malloc_trim(0)
