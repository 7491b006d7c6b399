"""From an identity in an extent back to an open source, with the handles kept and counted."""

from __future__ import annotations

import threading
from collections import OrderedDict

from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import ChangedOnDiskError
from ckptgui.sources.base import ByteSource
from ckptgui.sources.local import LocalSource

MAX_OPEN = 64
"""Handles kept at once; a checkpoint of a thousand shards must not exhaust a process's descriptors."""


class SourcePool:
    """Opens sources on demand and owns them; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[SourceIdentity, ByteSource] = OrderedDict()

    def get(self, identity: SourceIdentity) -> ByteSource:
        """The open source, opened now if need be.

        Raises ``ChangedOnDiskError`` when the path now leads to another file or state,
        ``UnreadableFileError`` when it leads nowhere.
        """
        with self._lock:
            source = self._open.get(identity)
            if source is not None:
                self._open.move_to_end(identity)
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

    def trim(self) -> None:
        """Close the handles that were used longest ago, down to ``MAX_OPEN``. Call between jobs only."""
        with self._lock:
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)[1].close()

    def close(self) -> None:
        """Close every handle."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()
