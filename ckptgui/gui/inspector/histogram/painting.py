"""Paints a chart with any painter, on the screen, into a picture or into a drawing: grid, bars, outlines, axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.histogram.chart import Chart
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.theme import Theme, ui_font

RAIL = 38.0
"""Height in pixels of the band above the bars where the quantiles stand."""

WIDEST = 48
"""Pixels of a bar; where few values have one each, it stands in the middle of its place."""

_SHARES = (1.0, 0.0, 0.2)
"""Places on the ramp of epochs that can be told apart, and from the bars."""

_DASHES = ((), (4.0, 2.0), (1.5, 1.5))
"""Of the first three pins, the next three, and the last two."""


def outline_pen(ink: Theme, slot: int, wide: float = 1.5) -> QPen:
    """The line of a pin."""
    pen = QPen(ink.epoch(_SHARES[slot % len(_SHARES)]), wide)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    dashes = _DASHES[slot // len(_SHARES) % len(_DASHES)]
    if dashes:
        pen.setDashPattern(dashes)
    return pen


@dataclass(frozen=True)
class Frame:
    """Where the bars stand on the paper: from ``left`` to ``right``, from ``base`` up to ``top``.

    ``ratio`` is how many device pixels a pixel has; edges fall on whole ones.
    """

    left: float
    right: float
    top: float
    base: float
    bins: int
    ratio: float = 1.0

    @property
    def pixel(self) -> float:
        """The thinnest line: a pixel, on coarse paper a device's."""
        return max(1.0, 1.0 / self.ratio)

    @property
    def width(self) -> float:
        """Of the bars."""
        return self.right - self.left

    def x(self, place: float) -> float:
        """Of a place in bins."""
        return self._snapped(self.left + self.width * place / max(self.bins, 1))

    def y(self, height: float) -> float:
        """Of a height between 0 and 1."""
        return self._snapped(self.base - (self.base - self.top) * height)

    def _snapped(self, at: float) -> float:
        return round(at * self.ratio) / self.ratio


def frame_in(rect: QRectF, bins: int, ratio: float = 1.0) -> Frame:
    """The frame that leaves room for the axes and the rail within ``rect``."""
    metrics = QFontMetricsF(ui_font(11, MEDIUM))
    left = rect.left() + round(metrics.horizontalAdvance("000.0 M")) + 14
    base = rect.bottom() - round(metrics.height()) - 6
    return Frame(left, rect.right() - 8, min(rect.top() + RAIL, base - 1), base, bins, ratio)


def paint_grid(painter: QPainter, frame: Frame, chart: Chart, ink: Theme) -> None:
    """Lines at the marks of the counts."""
    for place, _ in chart.count_marks:
        if place > 0:
            painter.fillRect(QRectF(frame.left, frame.y(place), frame.width, frame.pixel), ink.hairline)


def paint_bars(painter: QPainter, frame: Frame, chart: Chart, ink: Theme, role: Role, read: int = -1) -> None:
    """All bars, pale where outlines stand before them; the one that is read takes the text's colour."""
    places = [frame.x(number) for number in range(chart.picture.bins + 1)]
    step = places[1] - places[0]
    gap = max(frame.pixel if step >= 3 else 0.0, step - WIDEST)
    side = round(gap / 2) if gap > 1 else 0.0
    colour = ink.role_pale(role) if chart.outlines else ink.role(role)
    for number, height in enumerate(chart.heights.tolist()):
        if height > 0:
            top = min(frame.y(height), frame.base - frame.pixel)
            room = max(1.0 / frame.ratio, places[number + 1] - places[number] - gap)
            bar = QRectF(places[number] + side, top, room, frame.base - top)
            painter.fillRect(bar, ink.text if number == read else colour)
    painter.fillRect(QRectF(frame.left, frame.base, frame.width, frame.pixel), ink.strong)


def paint_outlines(
    painter: QPainter, frame: Frame, chart: Chart, ink: Theme, role: Role, slots: Sequence[int], lit: int = -1
) -> None:
    """The pins' bars as steps, with that of the bars themselves below them; ``lit`` is the slot shown thicker."""
    if not chart.outlines:
        return
    painter.save()
    painter.setClipRect(QRectF(frame.left, frame.top - 2, frame.width, frame.base - frame.top + 2))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    own = QPen(ink.role(role), 1.5)
    own.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(own)
    painter.drawPath(_steps(frame, chart.heights))
    for heights, slot in zip(chart.outlines, slots):
        painter.setPen(outline_pen(ink, slot, 2.5 if slot == lit else 1.5))
        painter.drawPath(_steps(frame, heights))
    painter.restore()


def _steps(frame: Frame, heights: np.ndarray) -> QPainterPath:
    """The line over the bars, from the base to the base; where there are none it is left away."""
    path = QPainterPath()
    high = False
    for number, height in enumerate(heights.tolist()):
        left, right, top = frame.x(number), frame.x(number + 1), frame.y(height)
        if height > 0 and not high:
            path.moveTo(QPointF(left, frame.base))
        if height > 0:
            path.lineTo(QPointF(left, top))
            path.lineTo(QPointF(right, top))
        elif high:
            path.lineTo(QPointF(left, frame.base))
        high = height > 0
    if high:
        path.lineTo(QPointF(frame.right, frame.base))
    return path


def paint_axes(painter: QPainter, frame: Frame, chart: Chart, ink: Theme) -> None:
    """The numbers beside and below the bars; one that would reach over an end is moved in or left away."""
    painter.setFont(ui_font(11, MEDIUM))
    painter.setPen(ink.text2)
    metrics = QFontMetricsF(painter.font())
    for place, text in chart.count_marks:
        y = frame.y(place) + metrics.ascent() / 2 - 1
        painter.drawText(QPointF(frame.left - 9 - metrics.horizontalAdvance(text), round(y)), text)
    y = frame.base + 5 + metrics.ascent()
    before = frame.left - 30
    for place, text in chart.value_marks:
        width = metrics.horizontalAdvance(text)
        x = min(max(frame.x(place) - width / 2, frame.left - 24), frame.right + 8 - width)
        if x >= before + 8:
            painter.drawText(QPointF(round(x), y), text)
            before = x + width


def paint_selection(painter: QPainter, frame: Frame, ink: Theme, first: float, last: float) -> None:
    """The range that is being dragged, in places."""
    x, right = frame.x(min(first, last)), frame.x(max(first, last))
    ground = QColor(ink.sel)
    ground.setAlphaF(0.6)
    painter.fillRect(QRectF(x, frame.top, right - x, frame.base - frame.top), ground)
    for edge in (x, right - frame.pixel):
        painter.fillRect(QRectF(edge, frame.top, frame.pixel, frame.base - frame.top), ink.accent)
