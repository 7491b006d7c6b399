"""The values of a vector as a line: their range behind each pixel, or each value where there is room for it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.image.frame import Axis, Frame, closer_axis, farther_axis, filling_axis
from ckptgui.gui.inspector.image.marks import SIDE, draw_marks
from ckptgui.gui.inspector.image.shading import Picture
from ckptgui.gui.inspector.image.surface import Place, Surface
from ckptgui.gui.inspector.ticks import linear_ticks
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.numbers import integer
from ckptgui.gui.theme import theme, ui_font

_LEFT, _BOTTOM, _TOP = 52, 20, 6
"""Room for the marks of the axes."""

_DOTS_FROM = 5
"""Pixels between two values from which on each has a dot."""

_SEEN = 1.15
"""How much larger a step closer is at least; from the width that is filled the next whole number may be nearer."""


class LineView(Surface):
    """A matrix of one row over all of the width. Upwards it shows the range of the values that are seen."""

    role = Role.OTHER
    _range = (0.0, 1.0)

    def area(self) -> QRect:
        return self.rect().adjusted(_LEFT, _TOP, 0, -_BOTTOM)

    def room(self) -> tuple[int, int]:
        return 1, super().room()[1]

    def first(self, frame: Frame) -> Frame:
        """All of it."""
        return self.fitted(frame)

    def fitted(self, frame: Frame) -> Frame:
        across = filling_axis(frame.size[1], frame.room[1], 1, self.offers)
        return replace(frame, down=Axis(), across=across, top=0, left=0)

    def closer(self, frame: Frame, y: float, x: float) -> Frame:
        across = closer_axis(frame.across, 1, self.offers)
        if across.scale < frame.across.scale * _SEEN:
            across = closer_axis(across, 1, self.offers)
        return frame.scaled(Axis(), across, 0, x)

    def farther(self, frame: Frame, y: float, x: float) -> Frame:
        fitted = self.fitted(frame)
        across = farther_axis(frame.across, 1, self.offers)
        return fitted if across.scale < fitted.across.scale * _SEEN else frame.scaled(Axis(), across, 0, x)

    def resized(self, frame: Frame, room: tuple[int, int]) -> Frame:
        """What filled the width fills the new one; nothing is smaller than that."""
        resized = frame.resized(room)
        fitted, filled = self.fitted(resized), self.fitted(frame).across == frame.across
        return fitted if filled or resized.across.scale < fitted.across.scale else resized

    def _pixel(self, position: QPointF) -> tuple[float, float]:
        return 0.0, super()._pixel(position)[1]

    def cell_rect(self, place: Place) -> QRectF:
        cell = super().cell_rect(place)
        return QRectF(cell.x(), self.area().center().y() - 10, cell.width(), 1)

    def show_picture(self, picture: Picture) -> None:
        """Take the range of what came."""
        low, high = picture.view.cells.low, picture.view.cells.high
        known = np.isfinite(low)
        least, most = (float(low[known].min()), float(high[known].max())) if known.any() else (0.0, 1.0)
        if least == most:
            reach = abs(least) * 0.1 or 1.0
            least, most = least - reach, most + reach
        pad = (most / 2 - least / 2) * 0.08
        self._range = max(least - pad, -1.7e308), min(most + pad, 1.7e308)
        super().show_picture(picture)

    def _y(self, values: np.ndarray | float, height: float) -> np.ndarray:
        low, high = self._range
        share = (np.asarray(values, np.float64) / 2 - low / 2) / (high / 2 - low / 2)
        return (1 - share) * height

    def draw_around(self, painter: QPainter) -> None:
        """Marks on both axes, and lines across."""
        frame, area, t = self.frame, self.area(), theme()
        if frame is None or self.picture is None:
            return
        painter.setFont(ui_font(11, MEDIUM))
        metrics = painter.fontMetrics()
        for value, text in linear_ticks(*self._range, max(2, area.height() // 32)):
            y = area.y() + float(self._y(value, area.height()))
            painter.fillRect(QRectF(area.x(), round(y), area.width(), 1), t.hairline)
            painter.setPen(t.text2)
            box = QRectF(0, y - 9, _LEFT - 8, 18)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        ratio = self.devicePixelRatioF()
        columns = frame.visible()[1]
        end = float(area.x())
        for value, _ in linear_ticks(columns.start, max(columns.start + 1, columns.stop - 1), 8, whole=True):
            text = integer(round(value))
            x = area.x() + (frame.pixel_of(0, value)[1] + frame.across.pixels / 2) / ratio
            width = metrics.horizontalAdvance(text)
            left = min(max(x - width / 2, area.x()), area.right() - width)
            if left >= end and area.x() <= x <= area.right() + 1:
                painter.drawText(QPointF(left, self.height() - 5), text)
                end = left + width + 12

    def draw(self, painter: QPainter, ratio: float) -> None:
        frame, picture = self.frame, self.picture
        if frame is None or picture is None:
            return
        height = self.area().height() * ratio
        cells, step = picture.view.cells, picture.view.cells.block[1] * frame.across.scale
        start = frame.pixel_of(0, picture.view.column)[1]
        places = start + (np.arange(cells.low.shape[1]) + 0.5) * step
        seen = (places > -step) & (places < frame.room[1] + step)
        if cells.exact:
            self._draw_values(painter, places[seen], self._y(cells.mean[0][seen], height), step, ratio)
        else:
            low, high, mean = cells.low[0][seen], cells.high[0][seen], cells.mean[0][seen]
            self._draw_ranges(painter, places[seen], step, low, high, mean, height)
        marks = picture.marks
        if len(marks):
            x = start + (marks[:, 1] + 0.5) * step
            pen = QPen(theme().nan, max(1, round(ratio)), Qt.PenStyle.DashLine)
            painter.setPen(pen)
            painter.drawLines([QLineF(place, 0, place, height) for place in x.tolist()])
            inside = np.where(
                (x >= 0) & (x <= frame.room[1]), np.clip(x, (SIDE / 2 + 1) * ratio, None), x
            )  # not cut at 0
            centres = np.stack([inside, np.full(len(x), height - 6 * ratio)], axis=1)
            draw_marks(painter, marks, centres, (1.0, 1.0), ratio)

    def _draw_values(self, painter: QPainter, x: np.ndarray, y: np.ndarray, step: float, ratio: float) -> None:
        """A line through all values, broken where one is not finite; dots where there is room."""
        colour = theme().role(self.role)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.2 * ratio))
        known = np.isfinite(y)
        for part in _runs(known):
            _draw_line(painter, x[part], y[part])
        if step >= _DOTS_FROM * ratio:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            radius = min(3.0, step / ratio / 4) * ratio
            for a, b in zip(x[known].tolist(), y[known].tolist()):
                painter.drawEllipse(QPointF(a, b), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _draw_ranges(
        self,
        painter: QPainter,
        x: np.ndarray,
        step: float,
        low: np.ndarray,
        high: np.ndarray,
        mean: np.ndarray,
        height: float,
    ) -> None:
        """From the least to the greatest value of each block, touching its neighbour's; the mean on top."""
        t = theme()
        known = np.isfinite(low)
        bottom, top = self._y(low, height), self._y(high, height)
        bottom[1:] = np.where(known[1:] & known[:-1], np.maximum(bottom[1:], top[:-1]), bottom[1:])
        top[1:] = np.where(known[1:] & known[:-1], np.minimum(top[1:], bottom[:-1]), top[1:])
        pale = t.role_pale(self.role)
        edges = np.rint(np.append(x - step / 2, x[-1:] + step / 2))
        sides = edges[:-1][known], edges[1:][known], top[known], bottom[known]
        for left, right, above, below in zip(*(side.tolist() for side in sides)):
            painter.fillRect(QRectF(left, above, max(1.0, right - left), max(1.0, below - above)), pale)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.role(self.role), 1.2))
        for part in _runs(known):
            _draw_line(painter, x[part], self._y(mean[part], height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def draw_place(self, painter: QPainter, place: Place, ratio: float) -> None:
        """A line through the value that is read, and a dot on it."""
        frame, picture, t = self.frame, self.picture, theme()
        assert frame is not None
        x = (place[1] // frame.across.values + 0.5) * frame.across.pixels - frame.left
        height = self.area().height() * ratio
        painter.fillRect(QRectF(round(x), 0, max(1, round(ratio)), height), t.strong)
        if picture is None:
            return
        number = (place[1] - picture.view.column) // picture.view.cells.block[1]
        if 0 <= number < picture.view.cells.mean.shape[1] and np.isfinite(picture.view.cells.mean[0, number]):
            y = float(self._y(float(picture.view.cells.mean[0, number]), height))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(t.panel, ratio))
            painter.setBrush(t.text)
            painter.drawEllipse(QPointF(x, y), 3.5 * ratio, 3.5 * ratio)


def _draw_line(painter: QPainter, x: np.ndarray, y: np.ndarray) -> None:
    """Piece by piece: as one outline a line that goes up and down at every pixel takes a hundred times as long."""
    points = [QPointF(a, b) for a, b in zip(x.tolist(), y.tolist())]
    painter.drawLines([QLineF(a, b) for a, b in pairwise(points)])


def _runs(known: np.ndarray) -> list[slice]:
    """The stretches of values that are known."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2])]
