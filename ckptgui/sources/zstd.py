"""A zstd frame within a source, decoded from its start on: the only direction in which it can be read."""

from __future__ import annotations

import threading
from typing import Any

from ckptgui.errors import DamagedFileError
from ckptgui.sources.base import ByteSource

_FIRST, _COMPRESSED = 1 << 12, 1 << 18
"""Compressed bytes read at first and at most; often only the beginning of a frame is wanted."""

_SKIPPED = 1 << 20
"""Decoded bytes that are thrown away at once on the way to a place."""

MAX_WINDOW = 1 << 27
"""Bytes of earlier output that a frame may refer to; what zstd itself allows unless told otherwise."""


class ZstdStream:
    """The decoded bytes of the first frame in ``length`` bytes at ``offset`` of ``source``.

    Usable from several threads, one after the other; a place before the last one starts from the beginning.
    Never more than some hundred kilobytes beside the frame's window are in memory.
    """

    def __init__(self, source: ByteSource, offset: int, length: int) -> None:
        self._compressed = _Compressed(source, offset, length)
        self._lock = threading.Lock()
        self._at = 0
        self._stream: Any = None

    def read_into(self, start: int, buffer: memoryview) -> int:
        """Fill ``buffer`` from decoded byte ``start``; short only where the frame ends.

        Raises ``DamagedFileError`` where it is no frame or damaged, and what the source raises.
        """
        with self._lock:
            if self._stream is None or start < self._at:
                self._restart()
            while self._at < start:
                if not self._take(min(_SKIPPED, start - self._at)):
                    return 0
            done = 0
            while done < len(buffer) and (piece := self._take(min(_SKIPPED, len(buffer) - done))):
                buffer[done : done + len(piece)] = piece
                done += len(piece)
            return done

    def _restart(self) -> None:
        import zstandard  # most files have no need of it

        self._compressed.position = self._at = 0
        decoder = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        compressed: Any = self._compressed  # it asks a file object for nothing but ``read``
        self._stream = decoder.stream_reader(compressed, read_size=_COMPRESSED)

    def _take(self, limit: int) -> bytes:
        import zstandard

        try:
            piece: bytes = self._stream.read(limit)
        except zstandard.ZstdError as error:
            self._stream = None
            raise DamagedFileError(f"Its zstd frame is damaged after {self._at:,} decoded bytes.") from error
        self._at += len(piece)
        return piece


class _Compressed:
    """The frame as the file object that zstandard reads."""

    def __init__(self, source: ByteSource, offset: int, length: int) -> None:
        self._source = source
        self._offset = offset
        self._length = length
        self.position = 0

    def read(self, size: int) -> bytes:
        """Up to ``size`` further bytes; none at the end."""
        size = min(size, max(_FIRST, self.position), self._length - self.position)
        if size <= 0:
            return b""
        buffer = bytearray(size)
        got = self._source.read_into(self._offset + self.position, memoryview(buffer))
        self.position += got
        return bytes(memoryview(buffer)[:got])
