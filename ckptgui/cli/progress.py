"""A bar on standard error while a person waits at a terminal; nothing at all where nobody looks."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from ckptgui.engine.job import Progress

_WIDTH = 30
_PATIENCE = 0.3
"""Seconds of work before the bar shows, and ..."""
_PAUSE = 0.1
"""... between two drawings of it."""


class Bar:
    """Use it in ``with`` and call it with each ``Progress``; it wipes itself away at the end."""

    def __init__(self) -> None:
        self._alive = sys.stderr.isatty()
        self._next = time.monotonic() + _PATIENCE
        self._drawn = False

    def __enter__(self) -> Bar:
        return self

    def __call__(self, progress: Progress) -> None:
        """Draw it, if it is time."""
        now = time.monotonic()
        if not self._alive or now < self._next or progress.total <= 0:
            return
        self._next = now + _PAUSE
        self._drawn = True
        part = min(1.0, progress.done / progress.total)
        full = int(part * _WIDTH)
        sys.stderr.write(f"\r{'━' * full}{'─' * (_WIDTH - full)} {100 * part:3.0f} % {progress.note}\x1b[K")
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
