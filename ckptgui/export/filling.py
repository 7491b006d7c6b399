"""Fills a file with pieces that lie at known places: small ones together, large ones in parts, on all cores.

Each thread reads a part, casts it, sums it and writes it while it is in the core's cache; nothing is handed over.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from ckptgui.engine.job import Cancel
from ckptgui.errors import DamagedFileError
from ckptgui.export.checksum import joined
from ckptgui.export.output import Output, Stretch
from ckptgui.export.pieces import Piece, cut
from ckptgui.export.spreading import APART, TOGETHER, Task, spread
from ckptgui.sources.locate import SourcePool

Wrote = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Placed:
    """At ``offset`` of the file ``head``, a piece, and behind it what ``tail`` makes of the piece's CRC-32."""

    offset: int
    head: bytes
    piece: Piece
    tail: Callable[[int], bytes] | None = None

    @property
    def start(self) -> int:
        """Where the piece itself begins."""
        return self.offset + len(self.head)


class DamagedPieceError(DamagedFileError):
    """The piece of this ``number`` cannot be read whole."""

    def __init__(self, text: str, number: int) -> None:
        super().__init__(text)
        self.number = number


def fill(output: Output, rows: Iterable[Placed], pool: SourcePool, cancel: Cancel, wrote: Wrote) -> list[int]:
    """Write all ``rows``, which lie one behind the other; return each one's CRC-32, 0 where it has no tail.

    ``wrote`` hears, on any thread, of bytes of pieces. Raises ``DamagedPieceError`` where one cannot be read.
    """
    filling = _Filling(output, pool, wrote)
    spread(filling.tasks(rows), cancel)
    for number, row, parts in filling.large:
        filling.end(number, row, joined(parts))
    return [filling.sums.get(number, 0) for number in range(filling.count)]


class _Filling:
    """One file being filled; ``sums`` are CRCs by number, ``large`` the rows of which the parts' are known."""

    def __init__(self, output: Output, pool: SourcePool, wrote: Wrote) -> None:
        self._output = output
        self._pool = pool
        self._wrote = wrote
        self.count = 0
        self.sums: dict[int, int] = {}
        self.large: list[tuple[int, Placed, list[tuple[int, int]]]] = []

    def tasks(self, rows: Iterable[Placed]) -> Iterator[Task]:
        """The work in tasks of a like size."""
        batch: list[tuple[int, Placed]] = []
        held = 0
        for number, row in enumerate(rows):
            self.count += 1
            if row.piece.nbytes > APART:
                yield from self._parts(number, row)
                continue
            if batch and (held >= TOGETHER or batch[-1][0] != number - 1):
                yield partial(self._together, batch)
                batch, held = [], 0
            batch.append((number, row))
            held += row.piece.nbytes + len(row.head)
        if batch:
            yield partial(self._together, batch)

    def _parts(self, number: int, row: Placed) -> Iterator[Task]:
        self._output.at(row.offset).write_now(row.head)
        parts = cut(row.piece, APART)
        sums = [(0, part.nbytes) for part in parts]
        self.large.append((number, row, sums))
        place = row.start
        for index, part in enumerate(parts):
            yield partial(self._part, number, place, part, sums, index, row.tail is not None)
            place += part.nbytes

    def _part(
        self,
        number: int,
        place: int,
        part: Piece,
        sums: list[tuple[int, int]],
        index: int,
        summed: bool,
        cancel: Cancel,
    ) -> None:
        stretch = self._output.at(place)
        crc = self._copy(number, part, stretch, summed, cancel, self._wrote)
        stretch.flush()
        sums[index] = (crc, part.nbytes)

    def _together(self, batch: list[tuple[int, Placed]], cancel: Cancel) -> None:
        stretch = self._output.at(batch[0][1].offset)
        told = 0

        def tell(nbytes: int) -> None:
            nonlocal told
            told += nbytes
            if told >= TOGETHER:
                self._wrote(told)
                told = 0

        for number, row in batch:
            cancel.check()
            stretch.write(row.head)
            crc = self._copy(number, row.piece, stretch, row.tail is not None, cancel, tell)
            if row.tail is not None:
                stretch.write(row.tail(crc))
                self.sums[number] = crc
        stretch.flush()
        self._wrote(told)

    def end(self, number: int, row: Placed, crc: int) -> None:
        """What follows a piece of several parts."""
        if row.tail is not None:
            self._output.at(row.start + row.piece.nbytes).write_now(row.tail(crc))
            self.sums[number] = crc

    def _copy(
        self, number: int, piece: Piece, stretch: Stretch, summed: bool, cancel: Cancel, wrote: Wrote
    ) -> int:
        crc = done = 0
        try:
            for data in piece.read(self._pool, cancel):
                if summed:
                    crc = zlib.crc32(data, crc)
                stretch.write(data)
                done += len(data)
                wrote(len(data))
        except DamagedFileError as error:
            raise DamagedPieceError(str(error), number) from error
        if done != piece.nbytes:
            raise AssertionError(f"{done} bytes of {piece.nbytes}")
        return crc
