"""Background threads give way: to the window that they work for, and to a training that runs beside it."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress

_NICENESS = 5


def give_way() -> None:
    """Lower the calling thread's priority, where the system has one for each thread (Linux)."""
    if sys.platform == "linux":
        with suppress(OSError):  # a container may forbid it, and nothing depends on it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
