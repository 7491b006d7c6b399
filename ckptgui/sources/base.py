"""What a source of bytes promises."""

from __future__ import annotations

from typing import Protocol

from ckptgui.core.extents import SourceIdentity


class ByteSource(Protocol):
    """Random access to bytes that somebody else may be rewriting. Usable from several threads at once."""

    @property
    def identity(self) -> SourceIdentity:
        """Which file in which state was opened."""
        ...

    @property
    def size(self) -> int:
        """Bytes, as of opening."""
        ...

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset`` and return the bytes read; fewer only at the end of the file.

        Raises ``UnreadableFileError`` when the system fails, ``ChangedOnDiskError`` when the file is no
        longer the one that was opened.
        """
        ...

    def close(self) -> None:
        """Give the handle back; reading afterwards is an error."""
        ...


def read_exactly(source: ByteSource, offset: int, length: int) -> bytes:
    """Read up to ``length`` bytes; the result is shorter only where the file ends."""
    return bytes(read_whole(source, offset, length))


def read_whole(source: ByteSource, offset: int, length: int) -> bytearray:
    """The same, not copied once more: for what takes much of the memory."""
    if length <= 0 or offset >= source.size:
        return bytearray()
    buffer = bytearray(min(length, source.size - offset))
    got = source.read_into(offset, memoryview(buffer))
    del buffer[got:]
    return buffer
