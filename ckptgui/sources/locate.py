"""From an identity in an extent back to an open source, with the handles kept."""

from __future__ import annotations

import threading

from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import ChangedOnDiskError
from ckptgui.sources.base import ByteSource
from ckptgui.sources.local import LocalSource


class SourcePool:
    """Opens sources on demand and owns them; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[SourceIdentity, ByteSource] = {}

    def get(self, identity: SourceIdentity) -> ByteSource:
        """The open source, opened now if need be.

        Raises ``ChangedOnDiskError`` when the path now leads to another file or state,
        ``UnreadableFileError`` when it leads nowhere.
        """
        with self._lock:
            source = self._open.get(identity)
            if source is not None:
                return source
            source = LocalSource(identity.path)
            if source.identity != identity:
                source.close()
                raise ChangedOnDiskError("The file changed on disk after it was opened.")
            self._open[identity] = source
            return source

    def add(self, source: ByteSource) -> None:
        """Adopt an open source, a memory source for instance."""
        with self._lock:
            self._open[source.identity] = source

    def close(self) -> None:
        """Close every handle."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()
