"""A zip whose end was cut off or is wrong: its records walked from the start, as far as they go.

torch writes no sizes into local headers, only into a descriptor behind the data, so a walk must know where
data ends. A caller that has read the pickle by then knows each storage's size and tells it; otherwise the
descriptor is searched: a signature followed by exactly the distance at which it was found.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.zips.directory import DEFLATED, MAX_ENTRIES, STORED, ZipDirectory
from ckptgui.formats.zips.entries import ZipEntry
from ckptgui.formats.zips.local import FULL32, HAS_DESCRIPTOR, HEADER, REFUSED_FLAGS, zip64_values
from ckptgui.formats.zips.names import check_name
from ckptgui.sources.base import ByteSource, read_exactly

Expected = Callable[[str, ZipDirectory], int | None]
"""Bytes that a record should hold, given its name and the records before it; None where nobody knows."""

_SIGNATURE = b"PK\x07\x08"
_LONGEST = 24
"""Bytes of a descriptor with 64-bit sizes."""

_CHUNKS = 4 << 10, 8 << 20
"""Bytes of the first read of a search, and of the longest: most records are small."""

_PATIENCE = 4, 64 << 20
"""Bytes that all searches together may read: so many times the file, and so many more."""


class _Searches:
    """Reads for the searches of one walk, and no more than a file without tricks needs."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._left = _PATIENCE[0] * source.size + _PATIENCE[1]

    def read(self, at: int, length: int) -> bytes:
        """Bytes at ``at``; none once the walk has searched enough."""
        if self._left <= 0:
            return b""
        self._left -= length
        return read_exactly(self._source, at, length)


class _Header(NamedTuple):
    """A local header: the record's name, where header and data begin, and what it says of the data."""

    name: str
    offset: int
    data_offset: int
    flags: int
    method: int
    crc: int
    compressed: int
    size: int


class _Descriptor(NamedTuple):
    """What follows the data: its CRC and sizes, and the bytes that the descriptor itself takes."""

    crc: int
    compressed: int
    size: int
    length: int


def nothing_expected(_name: str, _before: ZipDirectory) -> int | None:
    """For archives of which nothing is known."""
    return None


def salvage(
    source: ByteSource, check: Check = lambda: None, expected: Expected = nothing_expected
) -> ZipDirectory:
    """Every record that can be found without a directory; the one in which the file ends is not ``whole``.

    Reads headers and, where a size is not known from ``expected``, the data in between. A record of whose
    data not one byte is left is listed with none; one whose header is cut is not.
    """
    entries: dict[str, ZipEntry] = {}
    found = ZipDirectory(entries, cut=True)
    folded: set[str] = set()
    searches = _Searches(source)
    at = 0
    while len(entries) < MAX_ENTRIES and (header := _header_at(source, at)) is not None:
        if header.name.lower() in folded:
            raise DamagedFileError(f"It has two records named {display(header.name)}, letter case aside.")
        check()
        folded.add(header.name.lower())
        size = expected(header.name, found) if header.flags & HAS_DESCRIPTOR else None
        entry, at = _entry(source, header, size, searches, check)
        entries[entry.name] = entry
        if not entry.whole:
            break
    return found


def _header_at(source: ByteSource, at: int) -> _Header | None:
    """The local header at ``at``; None where there is none, or only a part of one."""
    raw = read_exactly(source, at, HEADER)
    if len(raw) < HEADER or raw[:4] != b"PK\x03\x04":
        return None
    _, flags, method, _, _, crc, compressed, size, name, extra = struct.unpack_from("<5H3I2H", raw, 4)
    rest = read_exactly(source, at + HEADER, name + extra)
    if len(rest) < name + extra:
        return None
    text = check_name(rest[:name])
    if flags & REFUSED_FLAGS or method not in (STORED, DEFLATED):
        raise DamagedFileError(f"Its record {display(text)} is encrypted, patched or oddly compressed.")
    if FULL32 in (size, compressed):
        wide = zip64_values(rest[name:])
        size = next(wide, size) if size == FULL32 else size
        compressed = next(wide, compressed) if compressed == FULL32 else compressed
    return _Header(text, at, at + HEADER + name + extra, flags, method, crc, compressed, size)


def _entry(
    source: ByteSource, header: _Header, expected: int | None, searches: _Searches, check: Check
) -> tuple[ZipEntry, int]:
    """The record of a header, and where the next header should be."""
    name, offset, data, flags, method, crc, compressed, size = header
    left = source.size - data
    if flags & HAS_DESCRIPTOR:
        described = _descriptor(source, header, expected, searches, check)
        if described is None:
            known = expected if expected is not None and method == STORED else None
            whole = known is not None and known <= left
            present = left if known is None else min(known, left)
            size = present if known is None else known
            return ZipEntry(name, offset, data, present, size, method, 0, flags, whole), data + present
        crc, compressed, size, length = described
        return ZipEntry(name, offset, data, compressed, size, method, crc, flags), data + compressed + length
    present = min(compressed, left)
    whole = present == compressed
    return ZipEntry(name, offset, data, present, size, method, crc, flags, whole), data + present


def _descriptor(
    source: ByteSource, header: _Header, expected: int | None, searches: _Searches, check: Check
) -> _Descriptor | None:
    """The descriptor behind a record's data: where it is expected, else the first that fits its distance."""
    start = header.data_offset
    if expected is not None and header.method == STORED:
        if start + expected + 16 > source.size:
            return None
        described = _fitting(read_exactly(source, start + expected, _LONGEST), expected, header.method)
        if described is not None:
            return described
    at, (size, longest) = start, _CHUNKS
    while at < source.size:
        check()
        chunk = searches.read(at, size + _LONGEST)
        if not chunk:
            break
        hit = chunk.find(_SIGNATURE)
        while hit >= 0:
            described = _fitting(chunk[hit : hit + _LONGEST], at + hit - start, header.method)
            if described is not None:
                return described
            hit = chunk.find(_SIGNATURE, hit + 1)
        at += size
        size = min(2 * size, longest)
    return None


def _fitting(raw: bytes, distance: int, method: int) -> _Descriptor | None:
    """The descriptor in ``raw`` if it speaks of ``distance`` bytes, with 32- or with 64-bit sizes."""
    for layout, length in (("<2I", 16), ("<2Q", _LONGEST)):
        if raw[:4] == _SIGNATURE and len(raw) >= length:
            (crc,) = struct.unpack_from("<I", raw, 4)
            compressed, size = struct.unpack_from(layout, raw, 8)
            if compressed == distance and (method == DEFLATED or size == distance):
                return _Descriptor(crc, compressed, size, length)
    return None
