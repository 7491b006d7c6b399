"""The file as a line of pixels: which record lies where, what was read of it, what is wrong; all in columns."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.sharing import unreached_bytes
from ckptgui.core.tree.build import ROLES

_ROLE_NUMBER = {role: number for number, role in enumerate(ROLES)}
PLAIN = _ROLE_NUMBER[Role.SCHEDULER]
"""What the pickle, the zip's directory and all that is no storage look like."""

FILE_GAP = 3
"""Columns between two files."""

MAX_HATCHED = 2_000
GAP_FROM = 5.0
"""Storages whose unreached bytes get their hatching, and pixels of a record from which its edge is drawn."""


@dataclass(frozen=True)
class Pixels:
    """One entry a pixel column. ``role`` indexes ``ROLES``; ``errors`` are columns with a broken tensor."""

    role: np.ndarray  # uint8
    read: np.ndarray  # bool
    wasted: np.ndarray  # bool
    gap: np.ndarray  # bool, the hairline between two records, wider between two files
    errors: np.ndarray  # int64


@dataclass(frozen=True)
class _Line:
    """Where records fall on a line of one width; only a resize changes it, while every tensor read repaints."""

    at: np.ndarray  # int64 a column, the record in its middle
    first: np.ndarray  # int32 a record, its first column
    small: np.ndarray  # bool a record of a storage, less than a pixel wide
    gap: np.ndarray  # bool a column
    wasted: np.ndarray  # bool a column


class RibbonMap:
    """Records in file order (several files one after the other), and the state of each."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        table = checkpoint.tensors
        bases = np.concatenate([[0], np.cumsum([source.size for source in checkpoint.sources])]).astype(np.int64)
        self._bases = bases  # where each file begins, and the end
        records = _records(checkpoint)
        order = np.argsort(bases[records[0]] + records[1], kind="stable")
        self.start = (bases[records[0]] + records[1])[order]
        self.length = records[2][order]
        self.storage = records[3][order]
        self.index = records[4][order]  # into checkpoint.records, -1 without one
        self.total = max(1, checkpoint.nbytes, int(bases[-1]))
        self._by_storage = np.argsort(self.storage, kind="stable")  # a storage in pieces has several records
        self._sorted = self.storage[self._by_storage]
        has = self.storage >= 0
        self.role = np.full(len(self.start), PLAIN, np.uint8)
        self.role[has] = _storage_roles(checkpoint)[self.storage[has]]
        self.read = ~has  # what is no storage was read to open the file
        self.error = np.zeros(len(self.start), bool)
        self._unreached = unreached_bytes(table)
        self._line: _Line | None = None
        self.mark_errors(np.fromiter(table.errors, np.int64, len(table.errors)))

    def records_of(self, row: int) -> np.ndarray:
        """Where in file order a tensor's records stand: one, or one for each piece; none without a place."""
        return self._of_storage(int(self._checkpoint.tensors.storage[row]))

    def _of_storage(self, storage: int) -> np.ndarray:
        first, last = np.searchsorted(self._sorted, (storage, storage + 1))
        return self._by_storage[first:last] if storage >= 0 else self._by_storage[:0]

    def mark_read(self, rows: np.ndarray) -> bool:
        """Note that tensors' bytes were read; False when that was known."""
        return self._mark(self.read, rows)

    def mark_errors(self, rows: np.ndarray) -> bool:
        """Note that tensors cannot be read, or hold NaN; False when that was known."""
        return self._mark(self.error, rows)

    def _mark(self, column: np.ndarray, rows: np.ndarray) -> bool:
        storages = self._checkpoint.tensors.storage[rows]
        storages = storages[storages >= 0]
        first, last = np.searchsorted(self._sorted, (storages, storages + 1))
        # Nearly every storage has one record; of the others the k-th pieces are marked together.
        changed = False
        while (more := first < last).any():
            records = self._by_storage[first[more]]
            changed = changed or not column[records].all()
            column[records] = True
            first = first + 1
        return changed

    def at(self, byte: int) -> int:
        """The record over a byte of the file, or the last one before it; -1 in front of the first."""
        return int(np.searchsorted(self.start, byte, side="right")) - 1

    def file_at(self, byte: int) -> tuple[str, int]:
        """The file that a byte of the line is in, unnamed where it is the only one, and the place in that file."""
        file = min(int(np.searchsorted(self._bases, byte, side="right")), len(self._bases) - 1) - 1
        if file < 0:
            return "", byte
        name = PurePath(self._checkpoint.sources[file].path).name if len(self._bases) > 2 else ""
        return name, byte - int(self._bases[file])

    def row_at(self, record: int, byte: int) -> int:
        """The tensor of a record that is at a byte, or the one nearest before it, else its first; or -1."""
        table = self._checkpoint.tensors
        if record < 0 or self.storage[record] < 0:
            return -1
        rows = np.flatnonzero(table.storage == self.storage[record])
        if not len(rows):
            return -1
        bits = np.fromiter((dtype.bits for dtype in table.dtypes), np.int64, len(table.dtypes))[table.dtype[rows]]
        offsets = np.minimum(table.storage_offset[rows], 8 * self.length[record])  # a file may claim any
        begins = offsets * bits // 8
        before = np.flatnonzero(begins <= byte - self.start[record])
        return int(rows[before[np.argmax(begins[before])]]) if len(before) else int(rows[0])

    def spans(self, row: int, width: int) -> list[tuple[float, float]]:
        """From where to where a tensor reaches on a line of ``width``, piece by piece."""
        records, table = self.records_of(row), self._checkpoint.tensors
        begin, end = self.start[records], self.start[records] + self.length[records]
        if len(records) == 1:
            reach = int(self.length[records[0]])  # a file may claim an offset, or a size, that int64 cannot hold
            offset = table.dtypes[table.dtype[row]].nbytes(int(table.storage_offset[row]))
            begin = begin + min(offset, reach)
            end = np.minimum(begin + min(int(table.nbytes[row]), reach), end)
        scale = width / self.total
        return list(zip((begin * scale).tolist(), (end * scale).tolist()))

    def pixels(self, width: int) -> Pixels:
        """Every column of a line. Records below a pixel merge, and the worst state among them wins."""
        count = len(self.start)
        if not count:
            none = np.zeros(width, bool)
            return Pixels(np.full(width, PLAIN, np.uint8), none, none, none, np.zeros(0, np.int64))
        scale = width / self.total
        line = self._line if self._line is not None and len(self._line.at) == width else self._lay_out(width)
        self._line = line
        read = self.read[line.at].copy()
        read[line.first[line.small & ~self.read]] = False
        wrong = np.flatnonzero(self.error)
        middle = np.minimum(((self.start[wrong] + self.length[wrong] / 2) * scale).astype(np.int64), width - 1)
        return Pixels(self.role[line.at], read, line.wasted, line.gap, np.unique(middle))

    def _lay_out(self, width: int) -> _Line:
        scale = width / self.total
        centres = ((np.arange(width) + 0.5) / scale).astype(np.int64)
        at = np.clip(np.searchsorted(self.start, centres, side="right") - 1, 0, len(self.start) - 1)
        first = np.minimum((self.start * scale).astype(np.int32), width - 1)
        wide = self.length * scale
        gap = np.zeros(width, bool)
        gap[first[1:][(wide[1:] >= GAP_FROM) & (wide[:-1] >= GAP_FROM)]] = True
        between = (self._bases[1:-1] * scale).astype(np.int64)
        for step in range(FILE_GAP):
            gap[np.clip(between - step, 0, width - 1)] = True
        return _Line(at, first, (wide < 1) & (self.storage >= 0), gap, self._wasted(width, scale))

    def _wasted(self, width: int, scale: float) -> np.ndarray:
        """Columns of storages that no tensor reaches."""
        wasted, table = np.zeros(width, bool), self._checkpoint.tensors
        for storage in np.flatnonzero(self._unreached > 0)[:MAX_HATCHED].tolist():
            records = self._of_storage(storage)
            for begin, end in zip(self.start[records], self.start[records] + self.length[records]):
                wasted[int(begin * scale) : round(end * scale)] = True
            for row in np.flatnonzero(table.storage == storage)[:MAX_HATCHED].tolist():
                for first, last in self.spans(row, width):
                    wasted[int(first) : round(last)] = False
        return wasted


def _storage_roles(checkpoint: Checkpoint) -> np.ndarray:
    """The role of each storage: that of the first tensor that stands on it."""
    table = checkpoint.tensors
    by_row = np.full(len(table), _ROLE_NUMBER[Role.OTHER], np.uint8)
    for section in checkpoint.sections:
        by_row[section.start : section.stop] = _ROLE_NUMBER[section.role]
    roles = np.full(len(table.extents), _ROLE_NUMBER[Role.OTHER], np.uint8)
    rows = np.flatnonzero(table.storage >= 0)[::-1]
    roles[table.storage[rows]] = by_row[rows]
    return roles


def _records(checkpoint: Checkpoint) -> tuple[np.ndarray, ...]:
    """Source, offset, length, storage and number of each record; the storages' own places where none are told."""
    records = checkpoint.records
    if len(records):
        return records.source, records.offset, records.length, records.storage, np.arange(len(records))
    sources = {source: number for number, source in enumerate(checkpoint.sources)}
    rows = [
        (sources.get(segment.source, 0), segment.offset, segment.length, storage, -1)
        for storage, extent in enumerate(checkpoint.tensors.extents)
        for segment in extent.segments
    ]
    return tuple(np.array(rows, np.int64).reshape(-1, 5).T)
