"""A resident tensor's bytes as a source like a file's: figures, pictures and exports read it without knowing."""

from __future__ import annotations

from collections.abc import Callable

from ckptgui.core.extents import SourceIdentity
from ckptgui.device.messages import DeviceError
from ckptgui.errors import UnreadableFileError

Read = Callable[[int, memoryview], int]
"""Fills a buffer from a byte on and returns how many there were."""


class ResidentSource:
    """Row-major, little-endian values. Reading raises ``UnreadableFileError`` once it is let go or lost."""

    def __init__(self, identity: SourceIdentity, read: Read) -> None:
        self._identity, self._read = identity, read

    @property
    def identity(self) -> SourceIdentity:
        """Which tensor of which process; none has the same ever again."""
        return self._identity

    @property
    def size(self) -> int:
        """Bytes."""
        return self._identity.size

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset`` (see ``ByteSource``)."""
        try:
            return self._read(offset, buffer)
        except DeviceError as error:
            raise UnreadableFileError(str(error)) from error

    def close(self) -> None:
        """The tensor stays where it is; ``DeviceService.free`` lets go of it."""
