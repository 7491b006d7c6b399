"""A storage's decoded bytes at any place, whatever pieces, codec or file they come from."""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass, replace
from typing import Any

from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.engine.assembling import AssemblingReader
from ckptgui.engine.reader import StorageReader
from ckptgui.errors import DamagedFileError, UnsupportedError
from ckptgui.sources.locate import PooledSource, SourcePool
from ckptgui.sources.zstd import ZstdStream

_COMPRESSED_CHUNK = 1 << 18
_SNAPSHOT_STEP = 4 << 20
_MAX_SNAPSHOTS = 256


def storage_reader(extent: Extent, pool: SourcePool) -> StorageReader:
    """The reader that fits the extent; several threads may use it at once."""
    if extent.assembly is not None:
        return AssemblingReader(extent.assembly, lambda part: storage_reader(part, pool))
    if extent.skip:
        whole = replace(extent, nbytes=extent.nbytes + extent.skip, skip=0)
        return _ReaderBehind(storage_reader(whole, pool), extent.skip)
    if extent.inline is not None:
        return _InlineReader(extent.inline)
    if extent.codec is Codec.STORED:
        return _StoredReader(extent, pool)
    if extent.codec is Codec.DEFLATE:
        return _InflatingReader(extent, pool)
    if extent.codec is Codec.ZSTD and len(extent.segments) == 1:
        return _ZstdReader(extent, pool)
    raise UnsupportedError(f"Its bytes are compressed with {extent.codec.value}, which is not read.")


class _ReaderBehind:
    """What follows the first ``skip`` bytes of another reader."""

    def __init__(self, reader: StorageReader, skip: int) -> None:
        self.sequential = reader.sequential
        self._reader = reader
        self._skip = skip

    def read_into(self, start: int, buffer: memoryview) -> None:
        self._reader.read_into(self._skip + start, buffer)


class _InlineReader:
    """Bytes that came with the header."""

    sequential = False

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def read_into(self, start: int, buffer: memoryview) -> None:
        piece = self._data[start : start + len(buffer)]
        if len(piece) < len(buffer):
            raise DamagedFileError(f"It needs {start + len(buffer):,} bytes; {len(self._data):,} are here.")
        buffer[:] = piece


class _StoredReader:
    """Bytes that lie in the file as they are, in one piece or several."""

    sequential = False

    def __init__(self, extent: Extent, pool: SourcePool) -> None:
        self._nbytes = extent.nbytes
        self._segments = sorted(extent.segments, key=lambda segment: segment.place)
        self._pool = pool

    def read_into(self, start: int, buffer: memoryview) -> None:
        end = start + len(buffer)
        reached = start
        for segment in self._segments:
            if segment.place > reached or reached >= end:
                break
            length = min(end, segment.place + segment.length) - reached
            if length > 0:
                self._read(segment, reached, buffer[reached - start : reached - start + length])
                reached += length
        if reached < end:
            raise DamagedFileError(f"Bytes {reached:,} to {end:,} of its {self._nbytes:,} are not in the file.")

    def _read(self, segment: Segment, start: int, buffer: memoryview) -> None:
        offset = segment.offset + start - segment.place
        got = self._pool.get(segment.source).read_into(offset, buffer)
        if got < len(buffer):
            raise DamagedFileError(
                f"The file ends at byte {offset + got:,}; {len(buffer) - got:,} more bytes belong to this tensor."
            )


class _ZstdReader:
    """A zstd frame, decoded from its start on; going back means starting again."""

    sequential = True

    def __init__(self, extent: Extent, pool: SourcePool) -> None:
        segment = extent.segments[0]
        self._nbytes = extent.nbytes
        self._stream = ZstdStream(PooledSource(pool, segment.source), segment.offset, segment.length)

    def read_into(self, start: int, buffer: memoryview) -> None:
        got = self._stream.read_into(start, buffer)
        if got < len(buffer):
            raise DamagedFileError(
                f"Its zstd frame ends after {start + got:,} decoded bytes; at least {self._nbytes:,} belong to it."
            )


@dataclass(slots=True)
class _Inflation:
    """How far inflating has come: bytes out, place in the compressed bytes, the engine and what it holds."""

    out: int
    segment: int
    position: int
    engine: Any
    held: bytes

    def copy(self) -> _Inflation:
        return _Inflation(self.out, self.segment, self.position, self.engine.copy(), self.held)


class _InflatingReader:
    """Deflated bytes, inflated in bounded pieces; snapshots on the way make going back affordable."""

    sequential = True

    def __init__(self, extent: Extent, pool: SourcePool) -> None:
        self._extent = extent
        self._pool = pool
        self._lock = threading.Lock()
        self._step = max(_SNAPSHOT_STEP, (extent.skip + extent.nbytes) // _MAX_SNAPSHOTS)
        self._now = _Inflation(0, 0, 0, zlib.decompressobj(-zlib.MAX_WBITS), b"")
        self._snapshots = [self._now.copy()]

    def read_into(self, start: int, buffer: memoryview) -> None:
        if start + len(buffer) > self._extent.nbytes:
            raise DamagedFileError(f"It needs more than the {self._extent.nbytes:,} bytes of its storage.")
        with self._lock:
            self._seek(self._extent.skip + start)
            done = 0
            while done < len(buffer):
                piece = self._inflate(min(len(buffer) - done, 1 << 20))
                buffer[done : done + len(piece)] = piece
                done += len(piece)

    def _seek(self, start: int) -> None:
        nearest = max((s for s in self._snapshots if s.out <= start), key=lambda snapshot: snapshot.out)
        if not nearest.out <= self._now.out <= start:
            self._now = nearest.copy()
        while self._now.out < start:
            self._inflate(min(start - self._now.out, 1 << 20))

    def _inflate(self, limit: int) -> bytes:
        """At least one and at most ``limit`` more bytes."""
        now = self._now
        if now.out >= self._snapshots[-1].out + self._step:
            self._snapshots.append(now.copy())
        while True:
            if not now.held:
                now.held = self._compressed()
            try:
                piece: bytes = now.engine.decompress(now.held, limit)
            except zlib.error as error:
                raise DamagedFileError(
                    f"Its compressed bytes are damaged after {now.out:,} of {self._extent.nbytes:,} bytes."
                ) from error
            ended = now.engine.eof or (not now.held and not piece)
            now.held = now.engine.unconsumed_tail
            now.out += len(piece)
            if piece:
                return piece
            if ended:
                raise DamagedFileError(
                    f"Its compressed bytes end after {now.out:,} of {self._extent.nbytes:,} bytes."
                )

    def _compressed(self) -> bytes:
        now = self._now
        segments = self._extent.segments
        while now.segment < len(segments):
            segment = segments[now.segment]
            length = min(_COMPRESSED_CHUNK, segment.length - now.position)
            if length > 0:
                buffer = bytearray(length)
                got = self._pool.get(segment.source).read_into(segment.offset + now.position, memoryview(buffer))
                if got == 0:
                    return b""
                now.position += got
                return bytes(memoryview(buffer)[:got])
            now.segment, now.position = now.segment + 1, 0
        return b""
