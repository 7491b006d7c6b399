"""The members of a tar archive by name, each with its place in the file; nothing is unpacked.

A walk of our own over the headers (POSIX.1-1988 ustar, the pax records ``path`` and ``size`` of POSIX.1-2001)
because all that is wanted is where four plain members lie: Python's ``tarfile`` would give that too, and with
it sparse members, links and long names whose length the file decides.
"""

from __future__ import annotations

from typing import NamedTuple

from ckptgui.errors import DamagedFileError
from ckptgui.sources.base import ByteSource, read_exactly

BLOCK = 512
"""Bytes of a header; members fill whole blocks."""

_PAX_BYTES = 1 << 16
_MOST_HEADERS = 64
_PLAIN = (b"0", b"\0", b"7")


class Member(NamedTuple):
    """Where a member's bytes lie, and how many it should have; the file may end before them."""

    offset: int
    length: int


def members(source: ByteSource) -> dict[str, Member]:
    """The first members of an archive; of two with one name the later counts, as in ``tarfile``.

    Raises ``DamagedFileError`` for a header that is none; an archive that simply ends is not damaged here.
    """
    found: dict[str, Member] = {}
    position = 0
    renamed: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        header = read_exactly(source, position, BLOCK)
        if len(header) < BLOCK or not header.strip(b"\0"):
            break
        if not _is_header(header):
            raise DamagedFileError(f"Its tar header at byte {position:,} is damaged.")
        size = _number(header[124:136])
        if "size" in renamed and renamed["size"].isdecimal():
            size = int(renamed["size"][:20])
        if size < 0:
            raise DamagedFileError(f"The size in its tar header at byte {position:,} is no number.")
        kind = header[156:157]
        if kind == b"x":
            renamed = _pax(read_exactly(source, position + BLOCK, min(size, _PAX_BYTES)))
        elif kind != b"g":
            if kind in _PLAIN:
                name = renamed.get("path") or header[:100].partition(b"\0")[0].decode("utf-8", "replace")
                found[name] = Member(position + BLOCK, size)
            renamed = {}
        position += BLOCK + -(-size // BLOCK) * BLOCK
    return found


def _is_header(header: bytes) -> bool:
    """Whether the sum of the bytes is what the header says, its own field counted as blanks."""
    return header[257:262] == b"ustar" and sum(header) - sum(header[148:156]) + 8 * 32 == _number(header[148:156])


def _number(field: bytes) -> int:
    """A number in octal digits, or in base 256 where its first bit is set; -1 where it is none."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else 0 if not digits else -1


def _pax(data: bytes) -> dict[str, str]:
    """The records ``length key=value`` of an extended header."""
    found: dict[str, str] = {}
    while data:
        length, _, rest = data.partition(b" ")
        if not length.isdigit() or len(length) > 6 or not 0 < int(length) - len(length) - 1 <= len(rest):
            break
        record = rest[: int(length) - len(length) - 1]
        key, _, value = record.rstrip(b"\n").partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        data = data[int(length) :]
    return found
