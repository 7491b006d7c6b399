"""The named stretches of a checkpoint's files, for the byte ribbon, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from ckptgui.core.names import NamePool


@dataclass(frozen=True, slots=True)
class Record:
    """One stretch of the file ``source``: ``offset`` and ``length`` in bytes."""

    name: str
    source: int
    offset: int
    length: int
    storage: int = -1  # row of the extents when the record is one storage


@dataclass(frozen=True)
class RecordTable(Sequence[Record]):
    """Records in the order of their files, each column as ``Record`` has it."""

    names: NamePool
    source: np.ndarray  # int32
    offset: np.ndarray  # int64
    length: np.ndarray  # int64
    storage: np.ndarray  # int32

    def __len__(self) -> int:
        return len(self.offset)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        return Record(
            self.names[index],
            int(self.source[index]),
            int(self.offset[index]),
            int(self.length[index]),
            int(self.storage[index]),
        )

    def __iter__(self) -> Iterator[Record]:
        return (self[row] for row in range(len(self)))

    def followed_by(self, other: RecordTable) -> RecordTable:
        """These records, then others of the same files."""
        pairs = ((getattr(self, name), getattr(other, name)) for name in ("source", "offset", "length", "storage"))
        return RecordTable(NamePool.joined([self.names, other.names]), *map(np.concatenate, pairs))

    def moved(self, by: int) -> RecordTable:
        """The same records in a file in front of which ``by`` more bytes stand."""
        return replace(self, offset=self.offset + by)


def record_table(records: Iterable[Record] = ()) -> RecordTable:
    """The table of some records."""
    rows = list(records)
    numbers = np.array([(r.source, r.offset, r.length, r.storage) for r in rows], np.int64).reshape(-1, 4).T
    return RecordTable(
        NamePool(record.name for record in rows),
        numbers[0].astype(np.int32),
        numbers[1].copy(),
        numbers[2].copy(),
        numbers[3].astype(np.int32),
    )


NO_RECORDS = record_table()
