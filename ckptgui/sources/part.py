"""A stretch of a source as a source of its own: an archive that lies, as it is, inside another file."""

from __future__ import annotations

from ckptgui.core.extents import SourceIdentity
from ckptgui.sources.base import ByteSource


class PartSource:
    """``length`` bytes at ``offset`` of ``source``, which stays its owner's.

    Its identity is the whole file's. What a reader finds in it counts from ``offset``: ``Checkpoint.moved``
    turns that into places of the file.
    """

    def __init__(self, source: ByteSource, offset: int, length: int) -> None:
        self._source = source
        self.offset = offset
        self._length = max(0, min(length, source.size - offset))

    @property
    def identity(self) -> SourceIdentity:
        """Which file it is a part of."""
        return self._source.identity

    @property
    def size(self) -> int:
        """Bytes of the part."""
        return self._length

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset`` of the part; short only at its end (see ``ByteSource``)."""
        length = max(0, min(len(buffer), self._length - offset))
        return self._source.read_into(self.offset + offset, buffer[:length]) if length else 0

    def close(self) -> None:
        """The whole is not this part's to close."""
