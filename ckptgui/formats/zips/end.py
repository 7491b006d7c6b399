"""The tail of a zip: where its directory lies, by one end record that nothing may follow or contradict."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ckptgui.errors import DamagedFileError
from ckptgui.sources.base import ByteSource, read_exactly

END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"
END_SIZE, END64_SIZE, LOCATOR_SIZE = 22, 56, 20
MAX_COMMENT = 0xFFFF
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF


class DirectoryMissingError(DamagedFileError):
    """There is no end record: the file was cut, or is being written. Its records may still be walked."""


class DirectoryDamagedError(DamagedFileError):
    """What stands at the end is no directory of these records; they may still be walked."""


@dataclass(frozen=True, slots=True)
class End:
    """Where the central directory lies (bytes from the start of the file) and how many entries it claims."""

    offset: int
    size: int
    count: int


def find_end(source: ByteSource) -> End:
    """Read the end record and, where there is one, its 64-bit companion.

    Strict, because a loader that is not may read another archive out of the same bytes: one end record,
    at the very end, agreeing with the 64-bit one, the directory ending where they begin.
    """
    start = max(0, source.size - END_SIZE - MAX_COMMENT)
    tail = read_exactly(source, start, source.size - start)
    at = _end_position(tail, start)
    disk, disk_of_directory, here, count, size, offset, _ = struct.unpack_from("<4H2IH", tail, at - start + 4)
    if disk not in (0, _FULL16) or disk_of_directory not in (0, _FULL16) or here != count:
        raise DirectoryDamagedError(f"The zip's end record at byte {at:,} says that it is one disk of several.")
    locator = read_exactly(source, at - LOCATOR_SIZE, LOCATOR_SIZE) if at >= LOCATOR_SIZE else b""
    if locator[:4] == LOCATOR64:
        end, limit = _end64(source, locator, at - LOCATOR_SIZE)
        for small, full, large in (
            (size, _FULL32, end.size),
            (offset, _FULL32, end.offset),
            (count, _FULL16, end.count),
        ):
            if small not in (full, large):
                raise DirectoryDamagedError(
                    f"The zip's two end records before byte {at:,} disagree: {small:,} and {large:,}."
                )
    else:
        end, limit = End(offset, size, count), at
    if end.offset + end.size != limit:
        raise DirectoryDamagedError(
            f"The zip's directory should end at byte {limit:,}, but claims bytes {end.offset:,} to "
            f"{end.offset + end.size:,}; something was put before or into the archive."
        )
    return end


def _end_position(tail: bytes, start: int) -> int:
    """Absolute place of the one end record whose comment reaches exactly the end of the file."""
    exact: list[int] = []
    followed: int | None = None
    at = tail.find(END)
    while at >= 0:
        if at + END_SIZE <= len(tail):
            size, offset, comment = struct.unpack_from("<2IH", tail, at + 12)
            left = len(tail) - at - END_SIZE - comment
            if left == 0:
                exact.append(start + at)
            elif left > 0 and offset + size <= start + at:
                followed = start + at + END_SIZE + comment
        at = tail.find(END, at + 1)
    if len(exact) > 1:
        raise DirectoryDamagedError(
            f"The zip has {len(exact)} end records, at bytes {exact[0]:,} and {exact[1]:,}."
        )
    if exact:
        return exact[0]
    if followed is not None:
        extra = start + len(tail) - followed
        raise DirectoryDamagedError(f"{extra:,} bytes follow the zip's end record, from byte {followed:,} on.")
    raise DirectoryMissingError(
        "Its zip directory is missing at the end: the file was cut, or is still being written."
    )


def _end64(source: ByteSource, locator: bytes, limit: int) -> tuple[End, int]:
    """The 64-bit end record, which must lie directly before its locator at ``limit``."""
    disk, at, disks = struct.unpack_from("<IQI", locator, 4)
    if disk != 0 or disks > 1:
        raise DirectoryDamagedError(
            f"The zip's 64-bit locator at byte {limit:,} says that it is one disk of several."
        )
    record = read_exactly(source, at, END64_SIZE) if at + END64_SIZE <= limit else b""
    if record[:4] != END64:
        raise DirectoryDamagedError(f"The zip's locator at byte {limit:,} points to no end record at byte {at:,}.")
    length, _, _, disk, disk_of_directory, here, count, size, offset = struct.unpack_from("<Q2H2I4Q", record, 4)
    if at + 12 + length != limit:
        raise DirectoryDamagedError(f"The zip's 64-bit end record at byte {at:,} does not end at its locator.")
    if disk != 0 or disk_of_directory != 0 or here != count:
        raise DirectoryDamagedError(
            f"The zip's 64-bit end record at byte {at:,} says that it is one disk of several."
        )
    return End(offset, size, count), at
