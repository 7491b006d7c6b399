"""A pickle that is read from its file a window at a time, its long values of bytes left where they lie.

What a bare pickle holds of arrays and embedded tensors may be gigabytes; what it says about them is little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ckptgui.core.dtypes import ByteOrder
from ckptgui.core.extents import Extent, Segment
from ckptgui.formats.limits import DEFAULT, Limits, exceeded
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.memory import MemorySource

FIRST = 1 << 10
"""Bytes of a window where reading begins, or goes on behind values that were left in the file."""

WINDOW = 1 << 18
"""Bytes to which windows grow while the pickle goes on, unless one operation needs more."""


class Feed:
    """The bytes of ``source`` up to ``end``, as windows; how many were read is held to a limit.

    ``data`` is given where the source is not a file but these very bytes.
    """

    def __init__(
        self, source: ByteSource, end: int | None = None, data: bytes | None = None, limits: Limits = DEFAULT
    ) -> None:
        self.source = source
        self.end = source.size if end is None else min(end, source.size)
        self._data = data
        self._limits = limits
        self._read = 0
        self._last = 0, b""

    def window(self, start: int, had: int) -> bytes:
        """The bytes from ``start`` on, more than the ``had`` that were not enough unless the bytes end there."""
        begin, last = self._last
        stop = begin + len(last)
        if begin <= start and stop > start + had:
            return (
                last[start - begin :] if had else last[start - begin : start - begin + FIRST]
            )  # many pickles are tiny
        goes_on = begin <= start <= stop
        size = min(2 * len(last), WINDOW) if goes_on else 0
        length = max(0, min(max(size, FIRST, 2 * had), self.end - start))
        self._read += length - had
        if self._read > self._limits.pickle_bytes:
            raise exceeded("pickle_bytes", self._limits)
        self._last = start, read_exactly(self.source, start, length)
        return self._last[1]

    def value(self, offset: int, length: int) -> bytes | FileBytes:
        """A value that lies whole in the bytes."""
        if self._data is not None:
            return self._data[offset : offset + length]
        return FileBytes(self.source, offset, length)

    def extent(self, offset: int, length: int, byteorder: ByteOrder = "little") -> Extent:
        """Where ``length`` bytes lie, as far as they are there."""
        here = max(0, min(length, self.end - offset))
        if self._data is not None:
            return Extent(length, byteorder=byteorder, inline=self._data[offset : offset + here])
        segments = (Segment(self.source.identity, offset, here),) if here else ()
        return Extent(length, segments, byteorder=byteorder)

    def placed(self, start: int, extent: Extent) -> Extent:
        """The extent of an archive that begins at ``start``, counted from where the bytes begin."""
        if self._data is None:
            return extent.moved(start)
        if extent.file_offset is None:  # compressed within bytes that are in memory: nothing of it is at hand
            return Extent(extent.nbytes, byteorder=extent.byteorder)
        return self.extent(start + extent.file_offset, extent.nbytes, extent.byteorder)


@dataclass(frozen=True, slots=True, eq=False)
class FileBytes:
    """A value of bytes in a pickle, not read: ``length`` bytes at ``offset`` of ``source``."""

    source: ByteSource
    offset: int
    length: int

    LEAST: ClassVar[int] = 17
    """Shorter values are read at once: numbers, for the most part."""

    def __len__(self) -> int:
        return self.length

    def read(self, most: int = DEFAULT.string_bytes) -> bytes | None:
        """The bytes, or None where they are more than ``most``."""
        return read_exactly(self.source, self.offset, self.length) if self.length <= most else None


def feed_of(data: bytes | FileBytes) -> tuple[Feed, int]:
    """The bytes of a value, to be read as a stream of their own, and where that begins."""
    if isinstance(data, FileBytes):
        return Feed(data.source, data.offset + data.length), data.offset
    return Feed(MemorySource(data), data=data), 0


def extent_of(data: bytes | FileBytes, byteorder: ByteOrder) -> Extent:
    """Where the bytes of a value lie: in the file, or here."""
    feed, start = feed_of(data)
    return feed.extent(start, len(data), byteorder)
