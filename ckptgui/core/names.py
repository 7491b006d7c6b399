"""A million names in two arrays: one text and where each name ends in it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np

from ckptgui.core.columns import frozen, grow


class NamePool(Sequence[str]):
    """An immutable sequence of strings kept as one text, so that searching it is one search."""

    __slots__ = ("_ends", "_text")

    def __init__(self, names: Iterable[str]) -> None:
        parts = list(names)
        self._text = "".join(parts)
        self._ends = np.cumsum(np.fromiter(map(len, parts), np.int64, len(parts)))

    @classmethod
    def of_text(cls, text: str, ends: np.ndarray) -> NamePool:
        """The pool of names that already lie end to end, each up to its place in ``ends`` (int64)."""
        pool = cls.__new__(cls)
        pool._text = text
        pool._ends = ends
        return pool

    @classmethod
    def joined(cls, pools: Sequence[NamePool]) -> NamePool:
        """The names of several pools, one pool after the other."""
        column = NameColumn()
        for pool in pools:
            column.extend(pool)
        return column.freeze()

    @property
    def text(self) -> str:
        """All names, one after the other, without a separator."""
        return self._text

    @property
    def ends(self) -> np.ndarray:
        """int64, one past each name's last character in ``text``."""
        return self._ends

    @property
    def distinct(self) -> bool:
        """Whether no name stands there twice."""
        hashes = np.sort(np.fromiter(map(hash, self), np.int64, len(self)))
        if not (hashes[1:] == hashes[:-1]).any():
            return True
        return len(set(self)) == len(self)

    def part(self, first: int, stop: int) -> NamePool:
        """The names from ``first`` on and before ``stop``."""
        start = int(self._ends[first - 1]) if first else 0
        ends = self._ends[first:stop]
        return NamePool.of_text(self._text[start : int(ends[-1]) if len(ends) else start], ends - start)

    def reordered(self, order: np.ndarray) -> NamePool:
        """The names at the places ``order``."""
        if len(order) == len(self) and bool((order == np.arange(len(self))).all()):
            return self
        names = list(self)
        return NamePool(names[place] for place in order.tolist())

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
        start = self._ends.item(index - 1) if index else 0
        return self._text[start : self._ends.item(index)]

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self._ends.tolist():
            yield self._text[start:end]
            start = end


class NameColumn:
    """Collects names one by one or a pool at a time; ``freeze`` makes the pool."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._lengths = array("q")

    def __len__(self) -> int:
        return len(self._lengths)

    def append(self, name: str) -> None:
        """Add one name."""
        self._pieces.append(name)
        self._lengths.append(len(name))

    def extend(self, pool: NamePool) -> None:
        """Add every name of a pool."""
        self._pieces.append(pool.text)
        grow(self._lengths, np.diff(pool.ends, prepend=0))

    def freeze(self) -> NamePool:
        """The pool of what was added."""
        text = self._pieces[0] if len(self._pieces) == 1 else "".join(self._pieces)
        return NamePool.of_text(text, np.cumsum(frozen(self._lengths)))


class KeyPool(Sequence[str | None]):
    """A sequence of strings of which some are None, kept as ``NamePool`` keeps strings."""

    __slots__ = ("_names", "_present")

    def __init__(self, names: NamePool, present: np.ndarray) -> None:
        self._names = names
        self._present = present  # bool; where it is False the name is empty

    @classmethod
    def missing(cls, count: int) -> KeyPool:
        """``count`` times None."""
        return cls(NamePool.of_text("", np.zeros(count, np.int64)), np.zeros(count, np.bool_))

    @classmethod
    def of(cls, names: NamePool) -> KeyPool:
        """Strings, none of them missing."""
        return cls(names, np.ones(len(names), np.bool_))

    @property
    def names(self) -> NamePool:
        """The strings, empty where there is None."""
        return self._names

    @property
    def present(self) -> np.ndarray:
        """bool, False where there is None."""
        return self._present

    def __len__(self) -> int:
        return len(self._present)

    @overload
    def __getitem__(self, index: int) -> str | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...
    def __getitem__(self, index: int | slice) -> str | list[str | None] | None:
        if isinstance(index, slice):
            return [
                name if here else None for name, here in zip(self._names[index], self._present[index].tolist())
            ]
        return self._names[index] if self._present[index] else None

    def __iter__(self) -> Iterator[str | None]:
        return (name if here else None for name, here in zip(self._names, self._present.tolist()))


class KeyColumn:
    """Collects keys, some of them None; ``freeze`` makes the pool."""

    def __init__(self) -> None:
        self._names = NameColumn()
        self._present = array("B")

    def append(self, key: str | None) -> None:
        """Add one key."""
        self._names.append(key or "")
        self._present.append(key is not None)

    def extend(self, keys: KeyPool) -> None:
        """Add every key of a pool."""
        self._names.extend(keys.names)
        grow(self._present, keys.present)

    def freeze(self) -> KeyPool:
        """The pool of what was added."""
        return KeyPool(self._names.freeze(), frozen(self._present).view(np.bool_))
