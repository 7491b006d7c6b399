"""A file that is opened for each read and closed again: for a few values, at times nobody knows beforehand."""

from __future__ import annotations

from ckptgui.core.extents import SourceIdentity
from ckptgui.sources.locate import SourcePool


class ReopenedSource:
    """A ``ByteSource`` that holds no handle; it must still be the same file each time."""

    def __init__(self, identity: SourceIdentity) -> None:
        self._identity = identity

    @property
    def identity(self) -> SourceIdentity:
        """Which file in which state."""
        return self._identity

    @property
    def size(self) -> int:
        """Bytes, as of that state."""
        return self._identity.size

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from ``offset`` (see ``ByteSource``)."""
        pool = SourcePool()
        try:
            return pool.get(self._identity).read_into(offset, buffer)
        finally:
            pool.close()

    def close(self) -> None:
        """Nothing is held."""
