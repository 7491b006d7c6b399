"""The picture of a matrix: a colour a cell, lines between kernels, marks, and numbers where they have room."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from ckptgui.gui.inspector.cells import cell_text
from ckptgui.gui.inspector.image.frame import CLOSEST, Frame
from ckptgui.gui.inspector.image.marks import draw_marks, text_font
from ckptgui.gui.inspector.image.shading import MOST_MARKS, Picture
from ckptgui.gui.inspector.image.surface import Place, Surface
from ckptgui.gui.theme import theme

_LINES_FROM = 6
"""Pixels of a kernel from which on lines part it from its neighbours."""

_NUMBERS_FROM = 48, 16
"""Pixels of a cell, across and down, in which its number may stand."""


class ImageView(Surface):
    """Paints what it is handed, also where the view has moved on since."""

    def draw(self, painter: QPainter, ratio: float) -> None:
        frame, picture = self.frame, self.picture
        if frame is None or picture is None:
            return
        cells = picture.view.cells
        cell = cells.block[1] * frame.across.scale, cells.block[0] * frame.down.scale
        y, x = (round(place) for place in frame.pixel_of(picture.view.row, picture.view.column))
        target = QRectF(x, y, round(picture.image.width() * cell[0]), round(picture.image.height() * cell[1]))
        painter.drawImage(target, picture.image, QRectF(picture.image.rect()))
        self._draw_lines(painter, frame, ratio)
        self._draw_numbers(painter, frame, picture, cell, ratio)
        marks = picture.marks
        if 0 < len(marks) < MOST_MARKS:  # where there are more, lines go through their cells
            centres = np.stack([(marks[:, 1] + 0.5) * cell[0] + x, (marks[:, 0] + 0.5) * cell[1] + y], axis=1)
            seen = (centres > (-cell[0], -cell[1])).all(1)
            seen &= (centres < (frame.room[1] + cell[0], frame.room[0] + cell[1])).all(1)
            draw_marks(painter, marks[seen], centres[seen], cell, ratio)

    def _draw_lines(self, painter: QPainter, frame: Frame, ratio: float) -> None:
        """Lines between kernels, where these are large enough."""
        lengths = [tile * axis.scale for tile, axis in zip(self.tile, frame.axes)]
        parted = [length for length, tile in zip(lengths, self.tile) if tile > 1]
        if not parted or min(parted) < _LINES_FROM * ratio:
            return
        thick = max(1, round(ratio)) * (1 if min(parted) < 24 * ratio else 2)
        ground = theme().panel
        height, width = (axis.length(n) for axis, n in zip(frame.axes, frame.size))
        for y in _steps(frame.top, frame.room[0], lengths[0]) if self.tile[0] > 1 else []:
            painter.fillRect(QRectF(0, y - thick // 2, width, thick), ground)
        for x in _steps(frame.left, frame.room[1], lengths[1]) if self.tile[1] > 1 else []:
            painter.fillRect(QRectF(x - thick // 2, 0, thick, height), ground)

    def _draw_numbers(
        self, painter: QPainter, frame: Frame, picture: Picture, cell: tuple[float, float], ratio: float
    ) -> None:
        """The values themselves, once all have room in their cells: gaps between numbers look like a fault."""
        view, values = picture.view, picture.view.values
        if values is None or cell[0] < _NUMBERS_FROM[0] * ratio or cell[1] < _NUMBERS_FROM[1] * ratio:
            return
        painter.setFont(text_font(ratio))
        metrics = painter.fontMetrics()
        t = theme()
        light, dark = (t.text, t.panel) if t.dark else (t.panel, t.text)
        rows, columns = frame.visible()
        texts = {
            (row - view.row, column - view.column): cell_text(values[row - view.row, column - view.column])
            for row in range(max(rows.start, view.row), min(rows.stop, view.row + values.shape[0]))
            for column in range(max(columns.start, view.column), min(columns.stop, view.column + values.shape[1]))
            if not view.cells.odd[row - view.row, column - view.column]
        }
        room = cell[0] - 4 * ratio
        fitting = {place: text for place, text in texts.items() if metrics.horizontalAdvance(text) <= room}
        if len(fitting) < len(texts) and cell[0] < CLOSEST:
            return
        for (i, j), text in fitting.items():
            y, x = frame.pixel_of(i + view.row, j + view.column)
            painter.setPen(dark if picture.image.pixelColor(j, i).lightnessF() > 0.55 else light)
            painter.drawText(QRectF(x, y, cell[0], cell[1]), Qt.AlignmentFlag.AlignCenter, text)

    def draw_place(self, painter: QPainter, place: Place, ratio: float) -> None:
        """A box around the cell that is read."""
        frame = self.frame
        assert frame is not None
        y, x = frame.pixel_of(*place)
        one = max(1, round(ratio))
        out = 3 * one if max(frame.down.pixels, frame.across.pixels) < 12 * one else one
        box = QRectF(x - out, y - out, frame.across.pixels + 2 * out, frame.down.pixels + 2 * out)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        half = one / 2
        for grow, colour in ((one, theme().panel), (0, theme().text)):
            pen = QPen(colour, one)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(box.adjusted(half - grow, half - grow, grow - half, grow - half))


def _steps(start: int, room: int, length: float) -> list[int]:
    """Where things of a length end, in pixels of the area."""
    first = math.floor(start / length) + 1
    last = math.ceil((start + room) / length)
    return [round(number * length - start) for number in range(first, last + 1)]
