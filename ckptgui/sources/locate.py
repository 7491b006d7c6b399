"""From an identity in an extent back to an open source, with the handles that were used last kept."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import ChangedOnDiskError
from ckptgui.sources.base import ByteSource
from ckptgui.sources.local import LocalSource

MOST_OPEN = 256
"""Files kept open at once; a system allows a process 1,024, and a checkpoint may be ten thousand files."""


class SourcePool:
    """Opens sources on demand and owns them; safe from several threads.

    A file that was not asked for in a long while is closed, and opened again when it is: so ask for a source
    each time that it is read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[SourceIdentity, ByteSource] = OrderedDict()
        self._kept: dict[SourceIdentity, ByteSource] = {}  # not of a file: they could not be opened again

    def get(self, identity: SourceIdentity) -> ByteSource:
        """The open source, opened now if need be.

        Raises ``ChangedOnDiskError`` when the path now leads to another file or state,
        ``UnreadableFileError`` when it leads nowhere.
        """
        with self._lock:
            source = self._kept.get(identity) or self._open.get(identity)
            if source is not None:
                if identity in self._open:
                    self._open.move_to_end(identity)
                return source
            source = LocalSource(identity.path)
            if source.identity != identity:
                source.close()
                raise ChangedOnDiskError("The file changed on disk after it was opened.")
            self._keep(source)
            return source

    def add(self, source: ByteSource) -> None:
        """Adopt an open source, a memory source for instance."""
        with self._lock:
            if isinstance(source, LocalSource):
                self._keep(source)
            else:
                self._kept[source.identity] = source

    def _keep(self, source: ByteSource) -> None:
        self._open[source.identity] = source
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)[1].close()

    def close(self) -> None:
        """Close every handle."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()
            while self._kept:
                self._kept.popitem()[1].close()


class PooledSource:
    """A file of a pool, asked for anew at each read; it outlives the handle, and not the pool."""

    def __init__(self, pool: SourcePool, identity: SourceIdentity) -> None:
        self._pool = pool
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
        return self._pool.get(self._identity).read_into(offset, buffer)

    def close(self) -> None:
        """The pool has the handle."""
