"""The different labels of a tree, lower-cased, laid out for running a pattern over all of them in step.

All first characters lie together, then all second ones, and so on, longer labels first: one step of a pattern is
one pass over a stretch of memory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckptgui.core.names import NamePool
from ckptgui.core.tree.pattern_machine import Machine
from ckptgui.core.tree.radix import stable_order

MAX_LABEL = 4_096
"""Characters of one label that are looked at."""

_BLOCK = 1 << 15


class LabelText:
    """``rank`` (int32 a label of the pool) is a label's place in the layout; ``alphabet`` all characters in it."""

    def __init__(self, pool: NamePool) -> None:
        text, ends = _lowered(pool)
        starts = ends - np.diff(ends, prepend=0)
        lengths = np.minimum(ends - starts, MAX_LABEL)
        codes, self.alphabet = _coded(text)
        order = stable_order(lengths.max(initial=0) - lengths)
        self.rank = np.empty(len(order), np.int32)
        self.rank[order] = np.arange(len(order), dtype=np.int32)
        begin = starts[order]
        longer = np.cumsum(np.bincount(lengths, minlength=1)[::-1])[::-1]
        self._counts = longer[1:].tolist()  # labels that have a character at each position
        self._columns = [codes[begin[:count] + place] for place, count in enumerate(self._counts)]

    def __len__(self) -> int:
        return len(self.rank)

    def code(self, char: str) -> int:
        """The number of a character that is in the alphabet."""
        return self.alphabet.index(char)

    def run(
        self, machine: Machine, ranks: np.ndarray, states: np.ndarray, check: Callable[[], None]
    ) -> np.ndarray:
        """The states (int32) after the labels at ``ranks`` (ascending), begun in ``states``."""
        found = states.copy()
        for low in range(0, len(ranks), _BLOCK):
            check()
            block, part = ranks[low : low + _BLOCK], found[low : low + _BLOCK]
            whole = len(block) and int(block[-1]) - int(block[0]) == len(block) - 1 and (np.diff(block) == 1).all()
            for count, column in zip(self._counts, self._columns):
                have = int(np.searchsorted(block, count))
                if not have:
                    break
                chars = column[block[0] : block[0] + have] if whole else column[block[:have]]
                part[:have] = machine.step(part[:have], chars)
        return found


def _lowered(pool: NamePool) -> tuple[str, np.ndarray]:
    if pool.text.isascii():
        return pool.text, pool.ends  # ``_points`` lowers it, piece by piece
    lowered = [label.lower() for label in pool]
    return "".join(lowered), np.cumsum(np.fromiter(map(len, lowered), np.int64, len(lowered)))


def _coded(text: str) -> tuple[np.ndarray, str]:
    """A text as numbers of the characters of its alphabet, which has a dot in any case."""
    starts = range(0, len(text), _PIECE)
    present = np.zeros(_POINTS, bool)
    present[ord(".")] = True
    for low in starts:
        present[_points(text[low : low + _PIECE])] = True
    alphabet = np.flatnonzero(present)
    number = np.zeros(_POINTS, np.uint8 if len(alphabet) <= 256 else np.int32)
    number[alphabet] = np.arange(len(alphabet))
    codes = [number[_points(text[low : low + _PIECE])] for low in starts]
    return np.concatenate([number[:0], *codes]), "".join(map(chr, alphabet.tolist()))


_PIECE = 1 << 20
_POINTS = 0x110000


def _points(piece: str) -> np.ndarray:
    """The code points of a text; capital letters of ASCII count as small ones."""
    if piece.isascii():
        points = np.frombuffer(piece.encode(), np.uint8)
        capital = (points >= ord("A")) & (points <= ord("Z"))
        return points + np.uint8(32) * capital
    return np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)
