"""How likely a renaming is the one that was meant, where shapes allow several: by letters, then by saved order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

_LETTERS = 32
"""Names whose letters are compared."""
_LONGEST = 200
"""Letters of each: comparing them costs up to the square."""


def likeness(names: Sequence[str], new_names: Sequence[str], places: Mapping[str, int]) -> tuple[float, float]:
    """Of names that a renaming puts into their places in a model: how alike old and new are, and how well
    ``places`` keep the order of ``names``. Both from 0 to 1; ``k`` is rather ``key`` than ``query``.
    """
    if not names:
        return 0.0, 0.0
    letters = [_alike(*pair) for pair in list(zip(names, new_names))[:_LETTERS]]
    rising = [places[a] < places[b] for a, b in pairwise(new_names)]
    return round(sum(letters) / len(letters), 3), sum(rising) / max(1, len(rising))


def apart(a: list[str], b: list[str]) -> tuple[list[str], list[str], list[str], list[str]]:
    """The common head, the part of each that differs, the common tail; what could be either is tail."""
    shortest = min(len(a), len(b))
    tail = next((n for n in range(shortest) if a[-1 - n] != b[-1 - n]), shortest)
    head = next((n for n in range(shortest - tail) if a[n] != b[n]), shortest - tail)
    return a[:head], a[head : len(a) - tail], b[head : len(b) - tail], a[len(a) - tail :]


def _alike(name: str, new: str) -> float:
    _, old_part, new_part, _ = apart(name.split("."), new.split("."))
    old_text, new_text = (".".join(part)[:_LONGEST] for part in (old_part, new_part))
    return SequenceMatcher(None, old_text, new_text, autojunk=False).ratio()
