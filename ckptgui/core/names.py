"""A million names in two arrays: one text and where each name ends in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np


class NamePool(Sequence[str]):
    """An immutable sequence of strings kept as one text, so that searching it is one search."""

    __slots__ = ("_ends", "_text")

    def __init__(self, names: Iterable[str]) -> None:
        parts = list(names)
        self._text = "".join(parts)
        self._ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))

    @classmethod
    def of_text(cls, text: str, ends: np.ndarray) -> NamePool:
        """The names that end at ``ends`` (int64, ascending, the last one the text's length) of one text."""
        pool = cls.__new__(cls)
        pool._text, pool._ends = text, ends
        return pool

    @property
    def text(self) -> str:
        """All names, one after the other, without a separator."""
        return self._text

    @property
    def ends(self) -> np.ndarray:
        """int64, one past each name's last character in ``text``."""
        return self._ends

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            first, stop, step = index.indices(len(self))
            if step != 1:
                return [self[i] for i in range(first, stop, step)]
            ends = self._ends[first:stop].tolist()
            starts = [int(self._ends[first - 1]) if first and ends else 0, *ends]
            return [self._text[start:end] for start, end in zip(starts, ends)]
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        start = int(self._ends[index - 1]) if index else 0
        return self._text[start : int(self._ends[index])]

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self._ends.tolist():
            yield self._text[start:end]
            start = end
