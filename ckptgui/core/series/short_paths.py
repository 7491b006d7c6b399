"""Paths as short as they can be told apart by: the last word, and as many before it as that takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence


def short_paths(paths: Sequence[str]) -> tuple[str, ...]:
    """For each of some distinct paths, whose parts are joined with ``/``, its shortest ending that is its own.

    A number alone says nothing, so it keeps the word before it: ``_last_lr/0``.
    """
    parts = [path.split("/") for path in paths]
    taken = [_words(each) for each in parts]
    while True:
        same: dict[str, list[int]] = defaultdict(list)
        for place, each in enumerate(parts):
            same["/".join(each[-taken[place] :])].append(place)
        longer = [p for places in same.values() if len(places) > 1 for p in places if taken[p] < len(parts[p])]
        if not longer:
            return tuple("/".join(each[-taken[place] :]) for place, each in enumerate(parts))
        for place in longer:
            taken[place] += 1


def _words(parts: Sequence[str]) -> int:
    """How many parts at the end tell at least one word."""
    for count, part in enumerate(reversed(parts), 1):
        if not part.isdecimal():
            return count
    return len(parts)
