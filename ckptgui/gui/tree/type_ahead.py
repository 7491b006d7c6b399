"""Finds the next row whose name begins with what is typed into the tree."""

from __future__ import annotations

import time
from collections.abc import Callable

PAUSE = 1.0
"""Seconds after which a letter begins another word."""

MOST_ROWS = 200_000
"""Rows that are looked at."""


class TypeAhead:
    """Remembers the word that is being typed. One letter typed again goes to the next name that begins with it."""

    def __init__(self, count: Callable[[], int], label: Callable[[int], str]) -> None:
        """``count`` tells how many rows there are, ``label`` what one of them is called."""
        self._count, self._label = count, label
        self._typed, self._typed_at = "", 0.0

    def find(self, search: str, current: int) -> int:
        """The row that more of the word leads to, from the ``current`` one on; or -1."""
        now = time.monotonic()
        fresh = now - self._typed_at > PAUSE
        self._typed_at = now
        again = not fresh and self._typed == search
        self._typed = search if fresh or again else self._typed + search
        count = self._count()
        if not count or not self._typed.strip():
            return -1
        start = max(0, current) + (1 if fresh or again else 0)
        wanted = self._typed.lower()
        for step in range(min(count, MOST_ROWS)):
            row = (start + step) % count
            if self._label(row).lower().startswith(wanted):
                return row
        return -1
