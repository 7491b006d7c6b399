"""Extents in columns: a hundred thousand storages without an object each."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np

from ckptgui.core.columns import frozen, grow
from ckptgui.core.dtypes import ByteOrder
from ckptgui.core.extents import Codec, Extent, Segment, SourceIdentity

_CODECS = tuple(Codec)
_CODEC_NUMBER = {codec: number for number, codec in enumerate(_CODECS)}


@dataclass(frozen=True)
class ExtentTable(Sequence[Extent]):
    """The storages of a checkpoint. Most are one segment of one file and live in the columns alone.

    ``nbytes`` is the decoded length of each, ``offset`` and ``length`` (bytes in the file) describe its one
    segment in ``sources[source]``; ``source`` is -1 where there is none. Those that a line of columns cannot
    describe (inline bytes, several segments, assemblies) are in ``others`` by row.
    """

    sources: tuple[SourceIdentity, ...]
    nbytes: np.ndarray  # int64
    source: np.ndarray  # int32, into sources
    offset: np.ndarray  # int64
    length: np.ndarray  # int64
    codec: np.ndarray  # uint8, in the order of Codec
    big: np.ndarray  # bool: most significant byte first
    others: Mapping[int, Extent]

    def __len__(self) -> int:
        return len(self.nbytes)

    @overload
    def __getitem__(self, index: int) -> Extent: ...
    @overload
    def __getitem__(self, index: slice) -> list[Extent]: ...
    def __getitem__(self, index: int | slice) -> Extent | list[Extent]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = int(index)
        if row < 0:
            row += len(self)
        if not 0 <= row < len(self):
            raise IndexError(index)
        other = self.others.get(row)
        if other is not None:
            return other
        source = self.source.item(row)
        segments: tuple[Segment, ...] = ()
        if source >= 0:
            segments = (Segment(self.sources[source], self.offset.item(row), self.length.item(row)),)
        byteorder: ByteOrder = "big" if self.big.item(row) else "little"
        return Extent(self.nbytes.item(row), segments, _CODECS[self.codec.item(row)], byteorder)

    def __iter__(self) -> Iterator[Extent]:
        return (self[row] for row in range(len(self)))

    @cached_property
    def stored_bytes(self) -> np.ndarray:
        """int64 for each, the bytes that it takes in its files: the decoded length unless it is compressed."""
        stored = np.where(self.codec == _CODEC_NUMBER[Codec.STORED], self.nbytes, self.length)
        for row, extent in self.others.items():
            stored[row] = _stored(extent)
        return stored

    def moved(self, by: int) -> ExtentTable:
        """The same extents in a file in front of which ``by`` more bytes stand."""
        others = {row: extent.moved(by) for row, extent in self.others.items()}
        return replace(self, offset=self.offset + by, others=others)


def _stored(extent: Extent) -> int:
    if extent.assembly is not None:
        return sum(_stored(block.extent) for block in extent.assembly.blocks)
    if extent.codec is Codec.STORED:
        return extent.nbytes
    return sum(segment.length for segment in extent.segments)


class ExtentColumns:
    """Collects extents; ``freeze`` makes the table."""

    def __init__(self) -> None:
        self._sources: dict[SourceIdentity, int] = {}
        self._last: SourceIdentity | None = None
        self._number = -1
        self._nbytes = array("q")
        self._source = array("i")
        self._offset = array("q")
        self._length = array("q")
        self._codec = array("B")
        self._big = array("B")
        self._others: dict[int, Extent] = {}

    def __len__(self) -> int:
        return len(self._nbytes)

    def nbytes(self, row: int) -> int:
        """Decoded bytes of an extent that was added."""
        return self._nbytes[row]

    def source_number(self, source: SourceIdentity) -> int:
        """The number under which ``place`` knows a file."""
        if source is not self._last:  # to hash it takes as long as everything else
            self._last, self._number = source, self._sources.setdefault(source, len(self._sources))
        return self._number

    def add(self, extent: Extent) -> int:
        """Append any extent and return its row."""
        plain = extent.inline is None and extent.assembly is None and not extent.skip
        if plain and (not extent.segments or (len(extent.segments) == 1 and extent.segments[0].place == 0)):
            source, offset, length = -1, 0, 0
            if extent.segments:
                segment = extent.segments[0]
                source, offset, length = self.source_number(segment.source), segment.offset, segment.length
            return self.place(
                source, offset, extent.nbytes, length, _CODEC_NUMBER[extent.codec], extent.byteorder == "big"
            )
        row = self.place(-1, 0, extent.nbytes, 0, _CODEC_NUMBER[extent.codec], extent.byteorder == "big")
        self._others[row] = extent
        return row

    def place(self, source: int, offset: int, nbytes: int, length: int, codec: int = 0, big: bool = False) -> int:
        """Append one segment of a numbered source (-1: of none) without making an object of it."""
        row = len(self._nbytes)
        self._nbytes.append(nbytes)
        self._source.append(source)
        self._offset.append(offset)
        self._length.append(length)
        self._codec.append(codec)
        self._big.append(big)
        return row

    def place_all(
        self, sources: np.ndarray, offset: np.ndarray, nbytes: np.ndarray, length: np.ndarray, big: bool
    ) -> int:
        """Append many stored segments of numbered sources (-1: of none); the row of the first."""
        row, count = len(self._nbytes), len(offset)
        grow(self._nbytes, nbytes)
        grow(self._source, sources)
        grow(self._offset, offset)
        grow(self._length, length)
        grow(self._codec, np.full(count, _CODEC_NUMBER[Codec.STORED]))
        grow(self._big, np.full(count, big))
        return row

    def get(self, row: int) -> Extent:
        """An extent that was added."""
        other = self._others.get(row)
        if other is not None:
            return other
        source = self._source[row]
        segments: tuple[Segment, ...] = ()
        if source >= 0:
            segments = (Segment(list(self._sources)[source], self._offset[row], self._length[row]),)
        return Extent(
            self._nbytes[row], segments, _CODECS[self._codec[row]], "big" if self._big[row] else "little"
        )

    def freeze(self) -> ExtentTable:
        """The table of what was added."""
        return ExtentTable(
            tuple(self._sources),
            nbytes=frozen(self._nbytes),
            source=frozen(self._source),
            offset=frozen(self._offset),
            length=frozen(self._length),
            codec=frozen(self._codec),
            big=frozen(self._big).view(np.bool_),
            others=dict(self._others),
        )


def extent_table(extents: Iterable[Extent]) -> ExtentTable:
    """The table of some extents."""
    columns = ExtentColumns()
    for extent in extents:
        columns.add(extent)
    return columns.freeze()


def joined(tables: Sequence[ExtentTable]) -> ExtentTable:
    """Several tables, one after the other."""
    sources: dict[SourceIdentity, int] = {}
    others: dict[int, Extent] = {}
    numbers = []
    start = 0
    for table in tables:
        mine = np.array([sources.setdefault(s, len(sources)) for s in table.sources] + [-1], np.int32)
        numbers.append(mine[table.source])  # -1 takes the last, which is -1
        others.update({start + row: extent for row, extent in table.others.items()})
        start += len(table)

    def column(name: str, dtype: type) -> np.ndarray:
        return np.concatenate([np.zeros(0, dtype), *(getattr(table, name) for table in tables)])

    return ExtentTable(
        tuple(sources),
        nbytes=column("nbytes", np.int64),
        source=np.concatenate([np.zeros(0, np.int32), *numbers]),
        offset=column("offset", np.int64),
        length=column("length", np.int64),
        codec=column("codec", np.uint8),
        big=column("big", np.bool_),
        others=others,
    )
