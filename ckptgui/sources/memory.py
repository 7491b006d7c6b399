"""Bytes that are already here: for tests, and for archives inside archives."""

from __future__ import annotations

from ckptgui.core.extents import SourceIdentity


class MemorySource:
    """A ``ByteSource`` over a bytes object."""

    def __init__(self, data: bytes, name: str = "<memory>") -> None:
        self._data = memoryview(data)
        self._identity = SourceIdentity(name, 0, id(data), len(data), 0)

    @property
    def identity(self) -> SourceIdentity:
        """A made-up identity that is unique while the bytes live."""
        return self._identity

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._data)

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Copy from ``offset`` into ``buffer``; short only at the end."""
        piece = self._data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Nothing is held."""
