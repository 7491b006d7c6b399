"""Writes the zip container as torch writes it: records stored, their data aligned, offsets of 64 bits.

Byte for byte the layout of torch's own writer (``caffe2/serialize/inline_container.cc`` over miniz):
padding in the local header's extra field ``FB``, sizes in a data descriptor behind the data, and the
ZIP64 end records always. So torch can map the file and compute where storages lie without reading.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from ckptgui.engine.job import Cancel
from ckptgui.export.filling import Placed, Wrote, fill
from ckptgui.export.output import Output
from ckptgui.export.pieces import Piece
from ckptgui.sources.locate import SourcePool

ALIGNMENT = 64
"""Every record's data begins at a multiple of this, counted from the file's start."""

_MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
_UTF8 = 0x0800
_DESCRIPTOR = 0x0008

_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
_END_64 = struct.Struct("<IQHHIIQQQQ")
_LOCATOR = struct.Struct("<IIQI")
_END = struct.Struct("<IHHHHIIH")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the central directory tells of a record."""

    name: bytes
    offset: int
    size: int
    crc: int


class ZipWriter:
    """Appends records to an output that starts empty; ``finish`` writes the directory."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._entries: list[_Entry] = []

    def add(self, name: str, content: bytes) -> None:
        """Write one small record."""
        encoded, offset, size = name.encode(), self._output.position, len(content)
        crc = zlib.crc32(content)
        self._output.write(local_header(encoded, offset, size))
        self._output.write(content)
        if size:
            self._output.write(_descriptor(offset, size, crc))
        self._entries.append(_Entry(encoded, offset, size, crc))

    def add_pieces(
        self, pieces: Iterable[tuple[str, Piece]], pool: SourcePool, cancel: Cancel, wrote: Wrote
    ) -> None:
        """Write many records, which are known by name, on all cores; ``wrote`` hears of their bytes."""
        first = len(self._entries)
        self._output.flush()
        sums = fill(self._output, self._placed(pieces), pool, cancel, wrote)
        self._entries[first:] = [
            replace(entry, crc=crc) for entry, crc in zip(self._entries[first:], sums, strict=True)
        ]

    def _placed(self, pieces: Iterable[tuple[str, Piece]]) -> Iterator[Placed]:
        """Where each record lies; notes it for the directory and goes on behind it."""
        for name, piece in pieces:
            encoded, offset, size = name.encode(), self._output.position, piece.nbytes
            head = local_header(encoded, offset, size)
            tail = partial(_descriptor, offset, size)
            self._output.skip(len(head) + size + len(tail(0)) * bool(size))
            self._entries.append(_Entry(encoded, offset, size, 0))
            yield Placed(offset, head, piece, tail if size else None)

    def checksums(self) -> Iterable[tuple[bytes, int]]:
        """Name and CRC-32 of every record so far."""
        return ((entry.name, entry.crc) for entry in self._entries)

    def finish(self) -> None:
        """Write the central directory and the end records."""
        start = self._output.position
        for entry in self._entries:
            self._output.write(_central_header(entry))
        self._output.write(_end(len(self._entries), start, self._output.position - start))


def archive_size(records: Iterable[tuple[int, int]]) -> int:
    """Bytes of an archive with records of these (bytes of the name, bytes of the content), in order."""
    offset = directory = count = 0
    local, central = _LOCAL.size + 4, _CENTRAL.size
    for name, size in records:
        wide, descriptor = 0, 16
        if size >= _MAX_32 or offset >= _MAX_32:
            wide, descriptor = 4 + 16 * (size >= _MAX_32) + 8 * (offset >= _MAX_32), 24
        directory += central + name + wide
        offset += local + name + wide
        offset += -offset % ALIGNMENT + (size + descriptor if size else 0)
        count += 1
    return offset + directory + len(_end(count, 0, 0))


def local_header(name: bytes, offset: int, size: int) -> bytes:
    """A local header at ``offset`` whose extra field puts the data on a multiple of ``ALIGNMENT``."""
    wide = _wide_extra(size, offset)
    unpadded = offset + _LOCAL.size + len(name) + len(wide) + 4
    padding = -unpadded % ALIGNMENT
    extra = wide + b"FB" + struct.pack("<H", padding) + b"Z" * padding
    flags = _UTF8 | (_DESCRIPTOR if size else 0)
    return _LOCAL.pack(0x04034B50, 0, flags, 0, 0, 0, 0, 0, 0, len(name), len(extra)) + name + extra


def _wide_extra(size: int, offset: int) -> bytes:
    """The ZIP64 field with whatever does not fit 32 bits; empty when everything does."""
    numbers = [size, size] if size >= _MAX_32 else []
    if offset >= _MAX_32:
        numbers.append(offset)
    if not numbers:
        return b""
    return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def _descriptor(offset: int, size: int, crc: int) -> bytes:
    wide = size >= _MAX_32 or offset >= _MAX_32
    return struct.pack("<IIQQ" if wide else "<IIII", 0x08074B50, crc, size, size)


def _central_header(entry: _Entry) -> bytes:
    extra = _wide_extra(entry.size, entry.offset)
    size, offset = min(entry.size, _MAX_32), min(entry.offset, _MAX_32)
    flags = _UTF8 | (_DESCRIPTOR if entry.size else 0)
    lengths = (len(entry.name), len(extra), 0, 0, 0, 0)
    head = _CENTRAL.pack(0x02014B50, 0, 0, flags, 0, 0, 0, entry.crc, size, size, *lengths, offset)
    return head + entry.name + extra


def _end(count: int, start: int, length: int) -> bytes:
    wide = _END_64.pack(0x06064B50, 44, 0x031E, 45, 0, 0, count, count, length, start)
    locator = _LOCATOR.pack(0x07064B50, 0, start + length, 1)
    short = min(count, _MAX_16)
    end = _END.pack(0x06054B50, 0, 0, short, short, min(length, _MAX_32), min(start, _MAX_32), 0)
    return wide + locator + end
