"""The records of a zip in columns: an entry is made for the name that someone asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class ZipEntry(NamedTuple):
    """One record. ``offset`` is its local header's place, ``data_offset`` its first byte's, in the file.

    ``size`` is what it holds, ``compressed`` what it takes. ``whole`` is False for the record in which a cut
    file ends: ``compressed`` bytes of it are here.
    """

    name: str
    offset: int
    data_offset: int
    compressed: int
    size: int
    method: int
    crc: int
    flags: int
    whole: bool = True


@dataclass(frozen=True)
class Places:
    """Columns (int64) of ``ZipEntry``'s fields, a row a record in the order of the directory."""

    offset: np.ndarray
    data_offset: np.ndarray
    compressed: np.ndarray
    size: np.ndarray
    method: np.ndarray
    crc: np.ndarray
    flags: np.ndarray


class ZipEntries(Mapping[str, ZipEntry]):
    """Entries by name, in the order of the directory, all of them whole."""

    def __init__(self, names: Sequence[str], places: Places) -> None:
        self._rows = dict(zip(names, range(len(names))))
        self.places = places

    def rows(self, names: Sequence[str]) -> np.ndarray:
        """The row (int64) of each record; -1 where there is none of its name."""
        return np.fromiter((self._rows.get(name, -1) for name in names), np.int64, len(names))

    def stored(self, name: str) -> tuple[int, int] | None:
        """Place of the first byte and size of a record that is stored and not empty."""
        row = self._rows.get(name)
        if row is None or self.places.method[row] or not self.places.size[row]:
            return None
        return self.places.data_offset.item(row), self.places.size.item(row)

    def __getitem__(self, name: str) -> ZipEntry:
        row = self._rows[name]
        at = self.places
        return ZipEntry(
            name,
            int(at.offset[row]),
            int(at.data_offset[row]),
            int(at.compressed[row]),
            int(at.size[row]),
            int(at.method[row]),
            int(at.crc[row]),
            int(at.flags[row]),
        )

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def places_of(entries: Mapping[str, ZipEntry]) -> Places:
    """The columns of any entries."""
    if isinstance(entries, ZipEntries):
        return entries.places
    rows = np.array([entry[1:8] for entry in entries.values()], np.int64).reshape(-1, 7)
    return Places(*rows.T)
