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

WINDOW = 1 << 17
"""Bytes of a window at least."""


class Feed:
    """The bytes of ``source`` up to ``end``, as windows; how many were read is held to a limit."""

    def __init__(self, source: ByteSource, end: int | None = None, limits: Limits = DEFAULT) -> None:
        self.source = source
        self.end = source.size if end is None else min(end, source.size)
        self._limits = limits
        self._read = 0

    def window(self, start: int, had: int) -> bytes:
        """The bytes from ``start`` on, more than the ``had`` that were not enough unless the file ends there."""
        length = min(max(WINDOW, 2 * had), self.end - start)
        self._read += length - had
        if self._read > self._limits.pickle_bytes:
            raise exceeded("pickle_bytes", self._limits)
        return read_exactly(self.source, start, length)


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

    def placed(self, byteorder: ByteOrder) -> Extent:
        """Where they lie."""
        here = max(0, min(self.length, self.source.size - self.offset))
        segments = (Segment(self.source.identity, self.offset, here),)
        return Extent(self.length, segments, byteorder=byteorder)


def extent_of(data: bytes | FileBytes, byteorder: ByteOrder) -> Extent:
    """Where the bytes of a value lie: in the file, or here."""
    return (
        data.placed(byteorder)
        if isinstance(data, FileBytes)
        else Extent(len(data), byteorder=byteorder, inline=data)
    )
