"""The garbage collector rests while a file is opened or an export planned: it would wake at every new object.

Its pauses (69 ms were seen) stop every thread, the window's too. Nothing that is made here is garbage
before the work ends; and what many objects were made for lives on, so the collector need not look through them
when it wakes either. They still go when nothing refers to them any more.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SET_ASIDE = 100_000
"""New objects from which they are set aside; to look through as many once takes some 20 ms."""

_lock = threading.Lock()
_resting = 0
_was_enabled = True


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Switch the collector off; the last of several users, in any thread, switches it on again."""
    global _resting, _was_enabled
    with _lock:
        if _resting == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _resting += 1
    try:
        yield
    finally:
        with _lock:
            _resting -= 1
            if _resting == 0 and _was_enabled:
                if gc.get_count()[0] > SET_ASIDE:
                    gc.freeze()
                gc.enable()
