"""The header in front of each record, which must say what the directory says, and where the data begins."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.zip_end import DirectoryDamagedError
from ckptgui.sources.base import ByteSource, read_exactly

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

    raw_names: list[bytes]
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
    joined, renamed = _read_headers(source, order, offset, claims.raw_names, check)
    local = np.frombuffer(joined, _LOCAL)[back]
    refuse(local["signature"] != b"PK\x03\x04", names, "has no header where the directory says", _WRONG)
    renamed |= local["name"] != claims.fields["name"]
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


def zip64_values(extra: bytes) -> Iterator[int]:
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
    source: ByteSource, order: np.ndarray, offset: np.ndarray, raw_names: list[bytes], check: Check
) -> tuple[bytes, np.ndarray]:
    """Fixed fields of every header in file order, joined, and for each record whether its name differs."""
    sorted_offset = offset[order].tolist()
    rows = order.tolist()
    heads: list[bytes] = []
    renamed = np.zeros(len(rows), np.bool_)
    for first, last in _groups(sorted_offset):
        check()
        base = sorted_offset[first]
        stop = sorted_offset[last] + HEADER + len(raw_names[rows[last]])
        data = read_exactly(source, base, stop - base)
        for i in range(first, last + 1):
            at = sorted_offset[i] - base
            head = data[at : at + HEADER]
            heads.append(head if len(head) == HEADER else head.ljust(HEADER, b"\0"))
            name = raw_names[rows[i]]
            if data[at + HEADER : at + HEADER + len(name)] != name:
                renamed[rows[i]] = True
    return b"".join(heads), renamed


def _groups(offsets: list[int]) -> Iterator[tuple[int, int]]:
    """First and last index of each run of headers that one read should fetch."""
    first = 0
    for i in range(1, len(offsets) + 1):
        if i == len(offsets) or offsets[i] - offsets[i - 1] > _NEAR or offsets[i] - offsets[first] > _SPAN:
            yield first, i - 1
            first = i


def refuse(bad: np.ndarray, names: list[str], what: str, kind: type[DamagedFileError] = DamagedFileError) -> None:
    """Raise a sentence on the first record for which ``bad`` is true."""
    if bad.any():
        raise kind(f"Its record {display(names[int(np.argmax(bad))])} {what}.")
