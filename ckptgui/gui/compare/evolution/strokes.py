"""What drawings over the epochs are made with: polygons from arrays, marks of an axis, labels that keep apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shiboken6
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF

from ckptgui.analysis.ridges import Axis
from ckptgui.gui.inspector.ticks import linear_ticks, symlog_ticks
from ckptgui.gui.labels import MEDIUM, SEMIBOLD
from ckptgui.gui.theme import Theme, ui_font

_BESIDE = 44
"""Pixels between two marks at least."""

CROSS = 3.5
"""Half the side of a cross that says NaN."""


def polygon(xs: np.ndarray, ys: np.ndarray) -> QPolygonF:
    """Points from two float64 arrays, without an object each."""
    points = QPolygonF()
    points.resize(len(xs))
    if len(xs):
        memory = shiboken6.VoidPtr(points.data(), 16 * len(xs), True)  # type: ignore[call-arg, arg-type]
        flat = np.frombuffer(memory, np.float64)  # type: ignore[call-overload]  # a buffer, if not by its type
        flat[0::2], flat[1::2] = xs, ys
    return points


def middles(count: int, left: float, width: float) -> np.ndarray:
    """Where the middles of so many bars stand."""
    places: np.ndarray = left + (np.arange(count) + 0.5) / max(count, 1) * width
    return places


def marks(axis: Axis, width: float) -> list[tuple[float, str]]:
    """Places between 0 and 1 with their texts, as many as ``width`` pixels have room for."""
    if axis.scale == "symlog":
        taken: list[tuple[float, str]] = []
        for value, text in symlog_ticks(axis.low, axis.high, axis.threshold):
            place = float(axis.places([value])[0])
            if all(abs(place - other) * width >= _BESIDE for other, _ in taken):
                taken.append((place, text))
        return sorted(taken)
    metrics = QFontMetricsF(ui_font(11))
    found: list[tuple[float, str]] = []
    for count in range(max(2, int(width // 60)), 1, -1):
        found = linear_ticks(axis.low, axis.high, count)
        widest = max((metrics.horizontalAdvance(text) for _, text in found), default=0.0) + 14
        if widest * max(len(found) - 1, 1) <= width:
            break
    return [(float(axis.places([value])[0]), text) for value, text in found]


def paint_values_below(painter: QPainter, area: QRectF, axis: Axis, ink: Theme) -> None:
    """Grid lines and the numbers of the values below."""
    painter.setFont(ui_font(11, MEDIUM))
    metrics = QFontMetricsF(painter.font())
    for place, text in marks(axis, area.width()):
        x = area.left() + place * area.width()
        painter.fillRect(QRectF(round(x), area.top(), 1, area.height()), ink.hairline)
        wide = metrics.horizontalAdvance(text)
        left = min(max(x - wide / 2, area.left() - 6), area.right() + 6 - wide)
        painter.setPen(ink.text2)
        painter.drawText(QPointF(left, area.bottom() + 5 + metrics.ascent()), text)


def paint_members_below(
    painter: QPainter,
    xs: Sequence[float],
    labels: Sequence[str],
    bold: Sequence[int],
    y: float,
    room: QRectF,
    ink: Theme,
) -> None:
    """Labels of members at ``xs``, those that are ``bold`` first; others where they keep apart."""
    taken: list[tuple[float, float]] = []
    rest = _spread(len(xs))
    for member in dict.fromkeys([*bold, *rest]):
        strong = member in bold
        font = ui_font(11, SEMIBOLD if strong else MEDIUM)
        wide = QFontMetricsF(font).horizontalAdvance(labels[member])
        left = min(max(xs[member] - wide / 2, room.left()), room.right() - wide)
        if any(left < end + 8 and start < left + wide + 8 for start, end in taken):
            continue
        taken.append((left, left + wide))
        painter.setFont(font)
        painter.setPen(ink.text if strong else ink.text2)
        painter.drawText(QPointF(left, y), labels[member])


def _spread(count: int) -> list[int]:
    """All numbers, the ends first, then in even strides that get narrower."""
    order = [0, count - 1] if count else []
    stride = 1 << max(count - 1, 1).bit_length()
    while stride:
        order += range(0, count, stride)
        stride //= 2
    return list(dict.fromkeys(order))


def paint_cross(painter: QPainter, at: QPointF, ink: Theme) -> None:
    """A NaN, an infinity: magenta, and never by colour alone."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in ((ink.panel, 5.0), (ink.nan, 2.0)):
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        for way in (-1, 1):
            by = QPointF(CROSS, CROSS * way)
            painter.drawLine(at - by, at + by)
    painter.restore()
