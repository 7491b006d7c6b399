"""Pictures of matrices larger than a screen: an overview made in one pass, and what any view shows at any zoom.

A view of whole blocks of the overview is joined from it; a closer one reads the values behind its pixels, which
are then few. Both are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.blocks import Cells, folded
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import Box
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.plan import CHUNK, Layout, Plan
from ckptgui.engine.plane import Plane, PlaneValues, floats_of
from ckptgui.engine.run import run

CELLS = 1 << 22
"""Cells of an overview of float32 values, 64 MiB with what is kept of each; half as many of wider ones."""

_INLINE = 1 << 18
"""Up to this many bytes are read on the calling thread."""


@dataclass(frozen=True, slots=True)
class View:
    """What is behind the pixels of a view: cells, the place of the first one, and the values where each is one."""

    row: int
    column: int
    cells: Cells
    values: np.ndarray | None = None

    def holds(self, rows: range, columns: range) -> bool:
        """Whether a part of the plane is in it."""
        height, width = self.cells.size
        return (
            self.row <= rows.start
            and rows.stop <= self.row + height
            and self.column <= columns.start
            and columns.stop <= self.column + width
        )


class Pyramid:
    """The overview of a plane. Its cells are there from the beginning, unread, and fill as ``build`` goes on."""

    def __init__(self, reader: PlaneValues) -> None:
        self.reader = reader
        plane = reader.plane
        self.size = plane.height, plane.width
        self.cells = Cells.unread(self.size, overview_block(reader.info, plane), floats_of(reader.info))
        self.whole = False
        self._lying = _step(reader, plane.down) < _step(reader, plane.across)
        self._along = reader.over(plane.flipped) if self._lying else reader

    @property
    def block(self) -> tuple[int, int]:
        """Rows and columns of values behind a cell of the overview: powers of two."""
        return self.cells.block

    def build(self, cancel: Cancel, report: Report = silent) -> Pyramid:
        """Read every value once; raises ``CheckpointError`` when one cannot be had, ``Cancelled``."""
        cells = self.cells.flipped if self._lying else self.cells
        layout = Layout(cells.size, (0, 0), (0, 0), (), 1)
        reader = self._along
        scan = _Scan(reader.info, layout, reader.storage, _Counted(), lambda values, _: values, reader, cells)
        run(scan, chunk_executor() if scan.total > _INLINE else None, cancel, report)
        self.whole = True
        return self

    def fits(self, block: tuple[int, int]) -> bool:
        """Whether a view of such blocks is joined from the overview."""
        return not block[0] % self.block[0] and not block[1] % self.block[1]

    def view(self, rows: range, columns: range, block: tuple[int, int], cancel: Cancel) -> View:
        """The cells of ``block`` values each that make up a part of the plane, which begins with a whole one.

        With one value a cell the values themselves come too. Raises ``CheckpointError``, ``Cancelled``.
        """
        cancel.check()
        if block == (1, 1):
            values = self.reader.values(rows, columns)
            real = np.ascontiguousarray(self.reader.real(values))
            return View(rows.start, columns.start, folded(real, block), values)
        if self.fits(block):
            places = [
                slice(part.start // step, -(-part.stop // step)) for part, step in zip((rows, columns), self.block)
            ]
            part = self.cells.part(places[0], places[1])
            joined = part.joined(block[0] // self.block[0], block[1] // self.block[1])
            return View(rows.start, columns.start, joined)
        return View(rows.start, columns.start, self._read(rows, columns, block, cancel))

    def _read(self, rows: range, columns: range, block: tuple[int, int], cancel: Cancel) -> Cells:
        """Fold a part that is read now, in bands as rows lie in the file, spread over the threads."""
        if self._lying:
            return _folded(self._along, columns, rows, block[::-1], cancel).flipped
        return _folded(self._along, rows, columns, block, cancel)


def _folded(reader: PlaneValues, rows: range, columns: range, block: tuple[int, int], cancel: Cancel) -> Cells:
    cells = Cells.unread((len(rows), len(columns)), block, floats_of(reader.info))
    step = max(1, CHUNK // floats_of(reader.info).itemsize // max(1, len(columns)) // block[0]) * block[0]

    def fold(start: int) -> None:
        cancel.check()
        band = range(start, min(rows.stop, start + step))
        cells.fold(reader.numbers(band, columns), (start - rows.start) // block[0], 0)

    starts = range(rows.start, rows.stop, step)
    spread = len(starts) > 2 and not reader.sequential
    for _ in chunk_executor().map(fold, starts) if spread else map(fold, starts):
        pass
    return cells


def overview_block(info: TensorInfo, plane: Plane) -> tuple[int, int]:
    """Rows and columns of values behind a cell of the overview."""
    return block_for((plane.height, plane.width), CELLS * 4 // floats_of(info).itemsize)


def offers(block: tuple[int, int], values: int, axis: int) -> bool:
    """Whether views have so many values a pixel along an axis (0 down): what is read for one has to be little."""
    return not values % block[axis] or values <= block[axis] // 2


def block_for(size: tuple[int, int], most: int) -> tuple[int, int]:
    """The smallest blocks, in powers of two and square where the matrix allows, that are at most ``most``."""
    down = across = 1
    while -(-size[0] // down) * -(-size[1] // across) > most:
        taller, wider = down < size[0], across < size[1]
        down, across = down * (2 if taller else 1), across * (2 if wider else 1)
    return down, across


def _step(reader: PlaneValues, side: tuple[int, ...]) -> int:
    """How far apart neighbours on a side lie at most, in elements."""
    return max((reader.info.strides[dim] for dim in side if reader.plane.shape[dim] > 1), default=0)


class _Counted:
    """Counts what was folded; the cells themselves are filled in place, each by one piece."""

    def of(self, chunk: object) -> int:
        """Never asked: ``_Scan`` folds its pieces itself, as they have two dimensions."""
        raise NotImplementedError

    def merge(self, left: int, right: int) -> int:
        return left + right

    def finish(self, whole: int) -> int:
        return whole


@dataclass(frozen=True)
class _Scan(Plan[int, int]):
    """The pass over a plane: pieces of whole blocks, in the order in which rows lie in the file."""

    plane: PlaneValues
    cells: Cells

    def pieces(self) -> Iterator[Box]:
        """Bands of rows; of very long rows, parts of bands."""
        height, width = self.cells.size
        down, across = self.cells.block
        most = max(1, CHUNK // floats_of(self.info).itemsize)
        columns = min(width, max(1, most // down // across) * across)
        tile = self.plane.plane.tile[0]
        unit = math.lcm(down, tile) if tile * columns <= most else down
        rows = max(unit, most // columns // unit * unit)
        for top in range(0, height, rows):
            for left in range(0, width, columns):
                yield (top, left), (min(rows, height - top), min(columns, width - left))

    def reduce(self, piece: Box) -> int:
        """Read one piece and fold it; runs on any thread."""
        (top, left), (height, width) = piece
        values = self.plane.numbers(range(top, top + height), range(left, left + width))
        self.cells.fold(values, top // self.cells.block[0], left // self.cells.block[1])
        return height * width
