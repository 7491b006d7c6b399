"""Compares every record of a zip with the CRC-32 that its directory has: the checksum of torch's own files."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.zips.directory import DEFLATED, read_directory
from ckptgui.formats.zips.entries import ZipEntry
from ckptgui.sources.base import ByteSource

_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record whose bytes are not those that were saved, and a sentence about it."""

    record: str
    text: str


def check_records(
    source: ByteSource, check: Check, read: Callable[[int], None] = lambda nbytes: None
) -> Iterator[BadRecord | None]:
    """For each record that has a checksum what is wrong with it, None where nothing is; ``read`` hears of bytes.

    A CRC of zero is none: torch writes it when it is told not to compute them. Raises ``CheckpointError`` where
    the directory itself cannot be read.
    """
    for entry in read_directory(source, check).entries.values():
        if entry.crc:
            sentence = _fault(source, entry, check, read)
            yield BadRecord(entry.name, sentence) if sentence else None


def _fault(source: ByteSource, entry: ZipEntry, check: Check, read: Callable[[int], None]) -> str:
    crc = size = 0
    try:
        for piece in _contents(source, entry, check, read):
            crc = zlib.crc32(piece, crc)
            size += len(piece)
    except (zlib.error, DamagedFileError):
        return f"The record {display(entry.name)} at byte {entry.data_offset:,} does not inflate."
    if size != entry.size:
        return f"The record {display(entry.name)} has {size:,} bytes, the directory says {entry.size:,}."
    if crc != entry.crc:
        return (
            f"The record {display(entry.name)} at byte {entry.data_offset:,} has CRC {crc:08x}, the directory "
            f"says {entry.crc:08x}: its bytes were changed after saving."
        )
    return ""


def _contents(
    source: ByteSource, entry: ZipEntry, check: Check, read: Callable[[int], None]
) -> Iterator[bytes | memoryview]:
    """What a record holds, some MiB at a time and not more of it than the directory says."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == DEFLATED else None
    buffer = memoryview(bytearray(min(_CHUNK, entry.compressed)))
    left = entry.size
    for start in range(0, entry.compressed, _CHUNK):
        check()
        piece = buffer[: entry.compressed - start]
        got = source.read_into(entry.data_offset + start, piece)
        read(got)
        held: bytes | memoryview = piece[:got]
        if engine is None:
            yield held
            continue
        while held and left > 0:
            check()
            found = engine.decompress(held, min(_CHUNK, left))
            held = engine.unconsumed_tail
            left -= len(found)
            yield found
    if engine is not None and not engine.eof and left > 0:
        raise DamagedFileError("Its compressed bytes end too soon.")
