"""Names of a zip's records: refused where a file system or another reader could take them for something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from ckptgui.core.columns import ragged
from ckptgui.core.display import display
from ckptgui.errors import DamagedFileError

_STRETCH = 1 << 16

# Tried over all names at once with NUL between them; each begins with a literal, which the engine finds fast.
_BAD = tuple(
    re.compile(pattern)
    for pattern in (
        r"\A(?:[/\0]|[A-Za-z]:|\Z)",  # the first: empty, absolute, with a drive
        "\0(?:[/\0]|[A-Za-z]:|\\Z)",  # any other
        r"\\",
        r"\.\.(?<![^/\0]\.\.)(?=[/\0]|\Z)",  # climbing
    )
)


class RawNames:
    """The names of records as they stand in a directory: ``length[i]`` bytes at ``start[i]`` of ``data``."""

    def __init__(self, data: bytes | bytearray, start: np.ndarray, length: np.ndarray) -> None:
        self._data = np.frombuffer(data, np.uint8)
        self.start = start
        self.length = length

    def __len__(self) -> int:
        return len(self.start)

    def __iter__(self) -> Iterator[bytes]:
        for start, length in zip(self.start.tolist(), self.length.tolist()):
            yield self._data[start : start + length].tobytes()

    def bytes_of(self, rows: np.ndarray) -> np.ndarray:
        """The bytes (uint8) of some names, end to end."""
        found: np.ndarray = self._data[ragged(self.start[rows], self.length[rows])]
        return found

    def last_bytes(self) -> np.ndarray:
        """The last byte (uint8) of each name, which must not be empty."""
        found: np.ndarray = self._data.take(self.start + self.length - 1, mode="clip")
        return found

    def joined(self) -> bytes:
        """All names, with NUL between them."""
        pieces = []
        for first in range(0, len(self), _STRETCH):
            length = self.length[first : first + _STRETCH] + 1
            piece = self._data.take(ragged(self.start[first : first + _STRETCH], length), mode="clip")
            piece[np.cumsum(length) - 1] = 0
            pieces.append(piece.tobytes())
        return b"".join(pieces)[:-1]


def check_names(raw: RawNames) -> list[str]:
    """The names as text; raises for an empty, absolute or climbing one, and for two that fold to one.

    torch looks records up without regard to case, Python with: two names that differ in case alone are two
    different answers to one question.
    """
    try:
        text = raw.joined().decode()
    except UnicodeDecodeError:
        _refuse_one_of(raw)
    if len(raw) and (text.count("\0") >= len(raw) or _is_bad(text)):
        _refuse_one_of(raw)
    names = text.split("\0") if len(raw) else []
    folded = names if text.lower() == text else list(map(str.lower, names))
    if len(set(folded)) < len(folded):
        seen: set[str] = set()
        for name, fold in zip(names, folded):
            if fold in seen:
                raise DamagedFileError(f"It has two records named {display(name)}, letter case aside.")
            seen.add(fold)
    return names


def check_name(raw: bytes) -> str:
    """One name as text; raises for an empty, absolute or climbing one."""
    padded = raw + b"\0"  # of no bytes at all none can be taken
    return check_names(RawNames(padded, np.zeros(1, np.int64), np.array([len(raw)])))[0]


def _is_bad(text: str) -> bool:
    return any(pattern.search(text) for pattern in _BAD)


def _refuse_one_of(raw: RawNames) -> NoReturn:
    """Name the culprit, which the joined names hide."""
    for data in raw:
        try:
            name = data.decode()
        except UnicodeDecodeError as error:
            raise DamagedFileError(f"Its record {display(repr(data))} has a name that is not UTF-8.") from error
        if "\0" in name or _is_bad(name):
            raise DamagedFileError(f"Its record {display(repr(name))} is not named by a plain relative path.")
    raise AssertionError("names that are bad together are bad alone")
