"""The objects of which a description of a distributed checkpoint has most, each taken in one step.

A piece's offsets and sizes, its name in the table of places, its place: as torch has them their attributes are
the same operations every time, which one pattern each recognises. Every part of a pattern begins with its own
byte and has a bounded width, so there is nothing to backtrack over.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from ckptgui.formats.distributed.metadata import Sizes, Slice
from ckptgui.formats.pickles.graph import Ref
from ckptgui.formats.pickles.idioms import numbers_of

_MOST_SIZES = 1 << 16
"""Sizes that are remembered, because the same few come again and again."""

_INT = rb"(?:K.|M..|J.{4})"
_INTS = _INT + rb"(?:\x85|" + _INT + rb"(?:\x86|" + _INT + rb"\x87))|\((?:" + _INT + rb"){4,32}+t"
_GET = rb"(h.|j.{4})"
_NUMBER = rb"(K.|M..|J.{4}|\x8a(?:\x05.{5}|\x06.{6}|\x07.{7}))"
_SIZE = rb"(\)|(?:" + _INTS + rb")\x94)\x85\x94R\x94"
"""The numbers of a ``torch.Size``, which is called with their tuple: the tuples and the size are remembered."""

SIZES = re.compile(_SIZE, re.DOTALL)
_CHUNK = re.compile(_GET + _GET + _SIZE + _GET + _GET + _SIZE + rb"ub", re.DOTALL)
_INDEX = re.compile(_GET + _NUMBER + _GET + _GET + _SIZE + rb"ub", re.DOTALL)
_PLACE = re.compile(_GET + _GET + _GET + _NUMBER + _GET + _NUMBER + rb"ub", re.DOTALL)
"""The attributes of the three classes of which there are many; an index's name stands in front of what is here."""

NEW = b")\x81\x94}\x94("
"""An object of the class before it, and the beginning of its attributes."""


class Chunk(NamedTuple):
    """A ``ChunkStorageMetadata``; nothing else is one, so its numbers can be relied on."""

    offsets: Sizes
    sizes: Sizes


class Index(NamedTuple):
    """A ``MetadataIndex``: whose place is told, by the tensor's name and where the piece begins in it."""

    name: str
    offsets: Sizes | None


class Opaque:
    """An instance before it has its attributes; afterwards it is what they say, unless nothing is read of it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


_SIZE_CLASS: Final = object()
_HIDDEN: Final = Opaque("")
"""Stands in the memo for an object that was taken in one step, and its attributes; nobody recalls them."""

_WIDTHS = {0x68: 2, 0x6A: 5}
"""Bytes of the operations that recall a value."""


class Idioms:
    """Takes a whole object in one step where its attributes stand as torch has them; None where they do not."""

    def __init__(self, buf: bytes, memo: list[Any], sizes: dict[bytes, Sizes]) -> None:
        self._buf = buf
        self._memo = memo
        self._sizes = sizes
        self._right: set[tuple[bytes, ...]] = set()

    def chunk(self, pos: int) -> tuple[Any, int] | None:
        """The ``ChunkStorageMetadata`` whose attributes stand at ``pos``: offsets and sizes."""
        found = _CHUNK.match(self._buf, pos)
        if found is None:
            return None
        key, kind, offsets, key2, kind2, sizes = found.groups()
        gets = key, kind, key2, kind2
        if gets not in self._right and not self._are(gets, ("offsets", _SIZE_CLASS, "sizes", _SIZE_CLASS)):
            return None
        return Chunk(self._size(offsets, (_HIDDEN, _HIDDEN)), self._size(sizes, ())), found.end()

    def index(self, pos: int) -> tuple[Any, int] | None:
        """The ``MetadataIndex`` of a piece: its tensor's name and its offsets."""
        buf = self._buf
        at = pos + _WIDTHS.get(buf[pos], 0)
        key = buf[pos:at]
        if not key:
            return None
        if buf[at] == 0x8C:
            start, stop = at + 2, at + 2 + buf[at + 1]
            if buf[stop] != 0x94:
                return None
            name, at = buf[start:stop].decode("utf-8", "surrogatepass"), stop + 1
            before: tuple[Any, ...] = (_HIDDEN, _HIDDEN, name)
        else:
            width = _WIDTHS.get(buf[at], 0)
            name, before = self._memo[int.from_bytes(buf[at + 1 : at + width], "little")], (_HIDDEN, _HIDDEN)
            at += width
            if not width:
                return None
        found = _INDEX.match(buf, at)
        if found is None or name.__class__ is not str:
            return None
        key2, _, key3, kind, offsets = found.groups()
        gets = key, key2, key3, kind
        if gets not in self._right and not self._are(gets, ("fqn", "index", "offset", _SIZE_CLASS)):
            return None
        return Index(name, self._size(offsets, before)), found.end()

    def place(self, pos: int) -> tuple[Any, int] | None:
        """The ``_StorageInfo`` of something that went through no transform."""
        found = _PLACE.match(self._buf, pos)
        if found is None:
            return None
        key, file, key2, offset, key3, length = found.groups()
        name = self._memo[int.from_bytes(file[1:], "little")]
        gets = key, key2, key3
        if gets not in self._right and not self._are(gets, ("relative_path", "offset", "length")):
            return None
        if name.__class__ is not str:
            return None
        self._memo += (_HIDDEN, _HIDDEN)
        return Slice(name, _number(offset), _number(length), ()), found.end()

    def _are(self, gets: tuple[bytes, ...], expected: tuple[Any, ...]) -> bool:
        """Whether what is recalled is what torch has there; what is remembered here never changes."""
        for get, right in zip(gets, expected):
            value = self._memo[int.from_bytes(get[1:], "little")]
            if value.__class__ is Ref:
                if right is not _SIZE_CLASS or value.path != "torch.Size" or not value.called:
                    return False
            elif value.__class__ is not str or value != right:
                return False
        self._right.add(gets)
        return True

    def _size(self, token: bytes, before: tuple[Any, ...]) -> Sizes:
        """A size from its tuple as it stands there; it and its tuples are remembered behind ``before``."""
        numbers = self._sizes.get(token)
        if numbers is None:
            numbers = numbers_of(token)
            if len(self._sizes) < _MOST_SIZES:
                self._sizes[token] = numbers
        if token == b")":
            self._memo += (*before, _HIDDEN, numbers)
        else:
            self._memo += (*before, numbers, _HIDDEN, numbers)
        return numbers


def _number(token: bytes) -> int:
    code = token[0]
    if code == 0x8A:
        return int.from_bytes(token[2:], "little", signed=True)
    return int.from_bytes(token[1:], "little", signed=code == 0x4A)
