"""A zip's records: names and where their bytes lie, from the central directory, checked against the records.

Read with few large reads and vectorised checks, because a checkpoint may hold a hundred thousand records.
Strict where readers of zips are known to differ (``read_directory``): a file that two programs would read
differently is refused. CRCs are checked for the records that are read here, which are small.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError, LimitExceededError, UnsupportedError
from ckptgui.formats.base import Check
from ckptgui.formats.lockstep import Lockstep
from ckptgui.formats.zips.end import DirectoryDamagedError, find_end
from ckptgui.formats.zips.entries import Places, ZipEntries, ZipEntry
from ckptgui.formats.zips.local import FULL32, REFUSED_FLAGS, Claims, check_local_headers, refuse, zip64_values
from ckptgui.formats.zips.names import RawNames, check_names
from ckptgui.sources.base import ByteSource, read_exactly, read_whole

STORED, DEFLATED = 0, 8
MAX_ENTRIES = 4_000_000
"""Records of one archive; a million tensors is the most that anyone has shown."""

ROOM, MAX_RATIO = 64 << 20, 32
"""What a small file may inflate to in memory: pickles and tables of tensors shrink to a fifth or a tenth."""

MAX_DIRECTORY = 1 << 30
"""Bytes of a central directory."""

_CENTRAL = np.dtype(
    [
        ("signature", "S4"), ("made_by", "<u2"), ("needs", "<u2"), ("flags", "<u2"), ("method", "<u2"),
        ("time", "<u2"), ("date", "<u2"), ("crc", "<u4"), ("compressed", "<u4"), ("size", "<u4"),
        ("name", "<u2"), ("extra", "<u2"), ("comment", "<u2"), ("disk", "<u2"), ("internal", "<u2"),
        ("external", "<u4"), ("offset", "<u4"),
    ]
)  # fmt: skip
_SIGNATURE = b"PK\x01\x02"
_STRETCH = 1 << 22
_CHECK_EVERY = 20_000


@dataclass(frozen=True)
class ZipDirectory:
    """The records by name, in the order of the directory; ``cut`` when they were found without it."""

    entries: Mapping[str, ZipEntry]
    cut: bool = False

    def read(
        self, source: ByteSource, name: str, limit: int, warnings: list[str] | None = None, *, room: int = ROOM
    ) -> bytes:
        """A whole record of at most ``limit`` bytes, inflated and compared with its CRC.

        Beyond ``room`` bytes it may not inflate more than what tells of tensors does.

        torch ignores CRCs, so a caller that passes ``warnings`` gets the bytes and a sentence there; without
        it a wrong CRC raises. A CRC of zero is not compared: torch writes it when told to skip CRCs.
        """
        entry = self.entries[name]
        if entry.size > limit:
            raise LimitExceededError(
                f"Its record {display(name)} claims {entry.size:,} bytes; at most {limit:,} are read."
            )
        if entry.size > max(room, MAX_RATIO * entry.compressed):
            raise LimitExceededError(
                f"Its record {display(name)} claims that {entry.compressed:,} bytes inflate to {entry.size:,}: "
                f"beyond {room:,} bytes, {MAX_RATIO} times is the most that is read."
            )
        data = read_exactly(source, entry.data_offset, entry.compressed)
        if len(data) < entry.compressed or not entry.whole:
            raise DamagedFileError(f"The file is cut within its record {display(name)}, at byte {source.size:,}.")
        if entry.method == DEFLATED:
            data = _inflated(data, entry)
        if entry.crc and zlib.crc32(data) != entry.crc:
            sentence = (
                f"The record {display(name)} at byte {entry.data_offset:,} has CRC {zlib.crc32(data):08x}, "
                f"the directory says {entry.crc:08x}: its bytes were changed after saving."
            )
            if warnings is None:
                raise DamagedFileError(sentence)
            warnings.append(sentence)
        return data


def _inflated(data: bytes, entry: ZipEntry) -> bytes:
    """Deflated bytes inflated to the declared size, never beyond it."""
    stream = zlib.decompressobj(-15)
    try:
        result = stream.decompress(data, entry.size + 1)
    except zlib.error as error:
        raise DamagedFileError(
            f"The compressed record {display(entry.name)} at byte {entry.data_offset:,} is damaged."
        ) from error
    if len(result) != entry.size or not stream.eof:
        raise DamagedFileError(
            f"The compressed record {display(entry.name)} at byte {entry.data_offset:,} does not hold the "
            f"{entry.size:,} bytes that it claims."
        )
    return result


def read_directory(source: ByteSource, check: Check = lambda: None) -> ZipDirectory:
    """Every record of the archive, or a sentence on the first rule that it breaks.

    Raises ``DirectoryMissingError`` where the end of the file holds no directory and ``DirectoryDamagedError``
    where it holds one that is merely wrong: then records may still be walked (see ``zip_salvage``).
    """
    end = find_end(source)
    if end.size > MAX_DIRECTORY or end.count > MAX_ENTRIES:
        raise LimitExceededError(
            f"Its zip directory claims {end.count:,} records in {end.size:,} bytes; at most {MAX_ENTRIES:,} "
            f"in {MAX_DIRECTORY:,} are read."
        )
    central = read_whole(source, end.offset, end.size)
    at = _places(central, end.count, end.offset, check)
    fields = np.ndarray(max(0, len(central) - 45), _CENTRAL, central, strides=(1,))[at]
    raw = RawNames(central, at + _CENTRAL.itemsize, fields["name"].astype(np.int64))
    names = check_names(raw)
    _check_fields(fields, names)
    compressed, size, offset = _wide_fields(central, at, fields, names)
    refuse((raw.last_bytes() == ord("/")) & (size > 0), names, "is a folder, yet holds bytes")
    claims = Claims(raw, names, fields, compressed, size, offset)
    data_offset = check_local_headers(source, end.offset, claims, check)
    others = (fields[name].astype(np.int64) for name in ("method", "crc", "flags"))
    return ZipDirectory(ZipEntries(names, Places(offset, data_offset, compressed, size, *others)))


def _places(central: bytearray, count: int, base: int, check: Check) -> np.ndarray:
    """Where each entry begins in the directory; each tells only its own length."""
    at = _signatures(central, check)
    fields = Lockstep(central, at)
    following = at + 46 + sum(fields.little(2, ahead) for ahead in (28, 30, 32))
    chained = np.concatenate([np.zeros(1, np.int64), following])
    if len(at) == count and bool((chained == np.append(at, len(central))).all()):
        return at
    return _walked(central, count, base, check)


def _signatures(central: bytearray, check: Check) -> np.ndarray:
    """Where the signature of an entry stands, be it in a name."""
    data = np.frombuffer(central, np.uint8)
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(data), _STRETCH):
        check()
        at = start + np.flatnonzero(data[start : start + _STRETCH] == _SIGNATURE[0])
        for ahead in range(1, len(_SIGNATURE)):
            at = at[data.take(at + ahead, mode="clip") == _SIGNATURE[ahead]]
        found.append(at)
    return np.concatenate(found)


def _walked(central: bytearray, count: int, base: int, check: Check) -> np.ndarray:
    """The same entry by entry, where a signature stands elsewhere too, or the directory is damaged."""
    places: list[int] = []
    append, lengths = places.append, struct.Struct("<3H").unpack_from
    at, limit = 0, len(central) - _CENTRAL.itemsize
    for done in range(count):
        if at > limit:
            break
        append(at)
        name, extra, comment = lengths(central, at + 28)
        at += 46 + name + extra + comment
        if done % _CHECK_EVERY == 0:
            check()
    if len(places) != count or at != len(central):
        raise DirectoryDamagedError(
            f"The zip's directory claims {count:,} records in {len(central):,} bytes from byte {base:,} on, "
            f"but they do not fill it exactly."
        )
    return np.array(places, np.int64)


def _check_fields(fields: np.ndarray, names: list[str]) -> None:
    """Refuse what no checkpoint has and what readers disagree about."""
    refuse(fields["signature"] != _SIGNATURE, names, "has a damaged directory entry", DirectoryDamagedError)
    refuse((fields["flags"] & REFUSED_FLAGS) != 0, names, "is marked as encrypted or patched")
    refuse((fields["disk"] != 0) & (fields["disk"] != 0xFFFF), names, "is said to lie on another disk")
    odd = np.flatnonzero((fields["method"] != STORED) & (fields["method"] != DEFLATED))
    if len(odd):
        raise UnsupportedError(
            f"Its record {display(names[odd[0]])} is compressed with zip method {int(fields['method'][odd[0]])}; "
            "only stored and deflated records are read."
        )


def _wide_fields(
    central: bytearray, places: np.ndarray, fields: np.ndarray, names: list[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compressed size, size and offset as int64, taken from the zip64 extra where the entry points there."""
    compressed, size, offset = (fields[key].astype(np.int64) for key in ("compressed", "size", "offset"))
    for row in np.flatnonzero((compressed == FULL32) | (size == FULL32) | (offset == FULL32)).tolist():
        start = int(places[row]) + 46 + int(fields["name"][row])
        wide = zip64_values(central[start : start + int(fields["extra"][row])])
        for column in (size, compressed, offset):  # the order that the format fixes
            if column[row] == FULL32:
                value = next(wide, None)
                if value is None or value >= 1 << 63:
                    raise DirectoryDamagedError(
                        f"The 64-bit sizes of its record {display(names[row])} are damaged."
                    )
                column[row] = value
    refuse((fields["method"] == STORED) & (compressed != size), names, "is stored, yet has two sizes")
    return compressed, size, offset
