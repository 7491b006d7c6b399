"""The header in front of each record, which must say what the directory says, and where the data begins."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ckptgui.core.columns import ragged
from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.zips.end import DirectoryDamagedError
from ckptgui.formats.zips.names import RawNames
from ckptgui.sources.base import ByteSource, read_exactly, read_whole

_LOCAL = np.dtype(
    [
        ("signature", "S4"), ("needs", "<u2"), ("flags", "<u2"), ("method", "<u2"), ("time", "<u2"),
        ("date", "<u2"), ("crc", "<u4"), ("compressed", "<u4"), ("size", "<u4"), ("name", "<u2"),
        ("extra", "<u2"),
    ]
)  # fmt: skip
HEADER = 30
HAS_DESCRIPTOR = 0x8
REFUSED_FLAGS = 0x1 | 0x20 | 0x40 | 0x2000
"""Encrypted, patched data, strong encryption, masked headers."""

_NEAR = 8 << 10
"""Headers closer than this are read in one go, with the data between them; farther ones one by one."""

_SPAN = 8 << 20
_WRONG = DirectoryDamagedError
"""For a directory that is merely wrong; what two readers may take for two archives is refused outright."""

FULL32 = 0xFFFFFFFF
"""A 32-bit field that says: look in the zip64 block."""


@dataclass(frozen=True)
class Claims:
    """What the directory says of each record: names, the entries' fixed fields, and 64-bit values as int64."""

    raw_names: RawNames
    names: list[str]
    fields: np.ndarray
    compressed: np.ndarray
    size: np.ndarray
    offset: np.ndarray


def check_local_headers(source: ByteSource, limit: int, claims: Claims, check: Check) -> np.ndarray:
    """Where each record's data begins (int64); raises where a local header contradicts its entry.

    ``limit`` is the directory's place. Sizes and CRC in a local header count only when no descriptor
    follows the data.
    """
    names, offset = claims.names, claims.offset
    if not names:
        return offset
    refuse(offset > limit - HEADER, names, "begins beyond the records' part of the file", _WRONG)
    order = np.argsort(offset, kind="stable")
    if offset[order[0]] != 0:
        raise DirectoryDamagedError(
            f"{int(offset[order[0]]):,} bytes that belong to no record stand before the zip."
        )
    back = np.argsort(order)
    local, renamed = _read_headers(source, order, offset, claims.raw_names, check)
    local = local[back]
    refuse(local["signature"] != b"PK\x03\x04", names, "has no header where the directory says", _WRONG)
    renamed = renamed[back] | (local["name"] != claims.fields["name"])
    refuse(renamed, names, "has another name in its own header")
    refuse((local["flags"] & REFUSED_FLAGS) != 0, names, "is marked as encrypted or patched")
    refuse(local["method"] != claims.fields["method"], names, "has another compression in its own header")
    data: np.ndarray = offset + HEADER + local["name"] + local["extra"]
    _check_sizes(source, claims, local, data)
    following = np.append(offset[order][1:], limit)[back]
    refuse((data > following) | (claims.compressed > following - data), names, "overlaps what follows it")
    return data


def _check_sizes(source: ByteSource, claims: Claims, local: np.ndarray, data: np.ndarray) -> None:
    """Compare CRC and sizes where the local header has them, that is, where no descriptor follows."""
    plain = (local["flags"] & HAS_DESCRIPTOR) == 0
    refuse(
        plain & (local["crc"] != claims.fields["crc"]), claims.names, "has another CRC in its own header", _WRONG
    )
    size, compressed = local["size"].astype(np.int64), local["compressed"].astype(np.int64)
    for row in np.flatnonzero(plain & ((size == FULL32) | (compressed == FULL32))).tolist():
        length = int(local["extra"][row])
        wide = zip64_values(read_exactly(source, int(data[row]) - length, length))
        for column in (size, compressed):
            if column[row] == FULL32:
                column[row] = min(next(wide, 0), (1 << 63) - 1)
    differs = (size != claims.size) | (compressed != claims.compressed)
    refuse(plain & differs, claims.names, "has another size in its own header")


def zip64_values(extra: bytes | bytearray) -> Iterator[int]:
    """The 64-bit numbers in an extra field's zip64 block, in order; none where there is no such block."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<2H", extra, at)
        if tag == 1:
            block = extra[at + 4 : at + 4 + length]
            yield from (struct.unpack_from("<Q", block, i)[0] for i in range(0, len(block) - 7, 8))
            return
        at += 4 + length


def _read_headers(
    source: ByteSource, order: np.ndarray, offset: np.ndarray, raw_names: RawNames, check: Check
) -> tuple[np.ndarray, np.ndarray]:
    """Fixed fields of every header in file order, and for each record whether its name differs."""
    sorted_offset = offset[order]
    fields, renamed = [], []
    pieces, shifts, counts, size = [], [], [], 0
    begun = 0
    groups = list(_groups(sorted_offset))
    for first, stop in groups:
        check()
        base = int(sorted_offset[first])
        end = int(sorted_offset[stop - 1]) + HEADER + int(raw_names.length[order[stop - 1]])
        piece = read_whole(source, base, end - base)
        pieces.append(piece)
        shifts.append(size - base)
        counts.append(stop - first)
        size += len(piece)
        if size >= _SPAN or stop == len(order):
            at = sorted_offset[begun:stop] + np.repeat(np.array(shifts, np.int64), counts)
            found, differs = _compared(b"".join([*pieces, bytes(HEADER)]), at, raw_names, order[begun:stop])
            fields.append(found)
            renamed.append(differs)
            pieces, shifts, counts, size = [], [], [], 0
            begun = stop
    return np.concatenate(fields), np.concatenate(renamed)


def _compared(data: bytes, at: np.ndarray, raw_names: RawNames, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The fixed fields of the headers at ``at``, and which names are not those of ``rows``."""
    fields = np.ndarray(len(data) - HEADER + 1, _LOCAL, data, strides=(1,))[at]
    length = raw_names.length[rows]
    here = np.frombuffer(data, np.uint8).take(ragged(at + HEADER, length), mode="clip")
    differs = np.zeros(len(rows), np.bool_)
    wrong = here != raw_names.bytes_of(rows)
    if wrong.any():
        differs[np.repeat(np.arange(len(rows)), length)[wrong]] = True
    return fields, differs


def _groups(offsets: np.ndarray) -> Iterator[tuple[int, int]]:
    """Start and stop of each run of headers that one read should fetch."""
    ends = np.append(np.flatnonzero(np.diff(offsets) > _NEAR) + 1, len(offsets)).tolist()
    first = 0
    for end in ends:
        while first < end:
            stop = end
            if offsets[end - 1] - offsets[first] > _SPAN:
                stop = int(np.searchsorted(offsets[:end], offsets[first] + _SPAN, "right"))
            yield first, stop
            first = stop


def refuse(bad: np.ndarray, names: list[str], what: str, kind: type[DamagedFileError] = DamagedFileError) -> None:
    """Raise a sentence on the first record for which ``bad`` is true."""
    if bad.any():
        raise kind(f"Its record {display(names[int(np.argmax(bad))])} {what}.")
