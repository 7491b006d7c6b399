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

_BESIDE = 10
"""Pixels between two marks' texts at least."""

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
    metrics = QFontMetricsF(ui_font(11, MEDIUM))
    if axis.scale == "symlog":
        taken: list[tuple[float, str]] = []
        for value, text in symlog_ticks(axis.low, axis.high, axis.threshold):
            place, wide = float(axis.places([value])[0]), metrics.horizontalAdvance(text)
            gaps = [(wide + metrics.horizontalAdvance(other)) / 2 + _BESIDE for _, other in taken]
            if all(abs(place - at) * width >= gap for gap, (at, _) in zip(gaps, taken)):
                taken.append((place, text))
        return sorted(taken)
    found: list[tuple[float, str]] = []
    for count in range(max(2, int(width // 60)), 1, -1):
        found = linear_ticks(axis.low, axis.high, count, whole=axis.integral)
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
    """Labels of members at ``xs``, those that are ``bold`` first, moved aside; of the others every so many."""
    taken: list[tuple[float, float]] = []
    plain = QFontMetricsF(ui_font(11, MEDIUM))
    step = abs(xs[1] - xs[0]) if len(xs) > 1 else room.width()
    widest = max((plain.horizontalAdvance(label) for label in labels), default=0.0) + _BESIDE
    stride = _round_stride(widest / max(step, 1e-9))
    for member in dict.fromkeys([*bold, *range(0, len(xs), stride)]):
        strong = member in bold
        font = ui_font(11, SEMIBOLD if strong else MEDIUM)
        wide = QFontMetricsF(font).horizontalAdvance(labels[member])
        left = min(max(xs[member] - wide / 2, room.left()), room.right() - wide)
        near = [span for span in taken if left < span[1] + _BESIDE and span[0] < left + wide + _BESIDE]
        if near and not strong:
            continue
        if near:
            before = member < bold[0]
            left = near[0][0] - _BESIDE - wide if before else near[0][1] + _BESIDE
        taken.append((left, left + wide))
        painter.setFont(font)
        painter.setPen(ink.text if strong else ink.text2)
        painter.drawText(QPointF(left, y), labels[member])


def _round_stride(least: float) -> int:
    """The first of 1, 2, 5, 10, 20 … that is no less."""
    stride = 1
    while stride < least:
        stride = stride * 5 // 2 if str(stride)[0] == "2" else stride * 2
    return stride


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
