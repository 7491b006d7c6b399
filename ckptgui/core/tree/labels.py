"""The labels of a tree: every different one is kept once, each node has its number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import overload

import numpy as np

from ckptgui.core.names import NamePool
from ckptgui.core.tree.distinct import Bytes

_FEW = 1_000
_TRIES = 1_000


class Labels(Sequence[str]):
    """An immutable sequence of strings, of which a model of many equal layers has few different ones."""

    __slots__ = ("number", "pool")

    def __init__(self, text: Bytes, start: np.ndarray, length: np.ndarray, own: Mapping[int, str]) -> None:
        """Labels as stretches of a text; ``own`` has those that do not stand in it, that of node 0 among them."""
        told = np.ones(len(start), bool)
        told[np.fromiter(own, np.int64, len(own))] = False
        among = text.distinct(start[told], length[told])
        taken, ends = text.gathered(start[told][among.first], length[told][among.first])
        more = dict.fromkeys(label for node, label in own.items() if node)
        added = [*more, own.get(0, "")]
        places = {label: len(ends) + number for number, label in enumerate(more)}
        self.number = np.zeros(len(start), np.int32)  # into ``pool``; that of node 0 is the last one
        self.number[told] = among.number
        for node, label in own.items():
            self.number[node] = places[label] if node else len(ends) + len(more)
        lengths = np.fromiter(map(len, added), np.int64, len(added))
        all_ends = np.concatenate([ends, np.cumsum(lengths) + (ends[-1] if len(ends) else 0)])
        self.pool = NamePool.of_text(taken + "".join(added), all_ends)

    def __len__(self) -> int:
        return len(self.number)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self.pool[number] for number in self.number[index].tolist()]
        return self.pool[int(self.number[index])]

    def __iter__(self) -> Iterator[str]:
        return map(self.pool.__getitem__, self.number.tolist())

    def find(self, label: str) -> list[int]:
        """The numbers of a label in the pool: none, one, or two where a section is called like a module."""
        text, ends = self.pool.text, self.pool.ends
        fits = np.flatnonzero(np.diff(ends, prepend=0) == len(label))
        if len(fits) <= _FEW or not label:
            return [number for number in fits.tolist() if self.pool[number] == label]
        found: list[int] = []
        place = text.find(label)
        for _ in range(_TRIES):
            if place < 0:
                return found
            number = int(np.searchsorted(ends, place, side="right"))
            if self.pool[number] == label:
                found.append(number)
            place = text.find(label, place + 1)
        return [number for number in fits.tolist() if self.pool[number] == label]  # it stands in many others

    def same_below(self, other: Labels) -> bool:
        """Whether all labels but that of node 0 are equal."""
        if not np.array_equal(self.number[1:], other.number[1:]):
            return False
        mine, theirs = self.pool, other.pool
        if not np.array_equal(mine.ends[:-1], theirs.ends[:-1]):
            return False
        stop = int(mine.ends[-2]) if len(mine) > 1 else 0
        return mine.text[:stop] == theirs.text[:stop]
