"""The outlines of all epochs over each other, as shares of each one's values; A and B are the strong ones."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from ckptgui.gui.compare.evolution.scene import Scene
from ckptgui.gui.compare.evolution.strokes import middles, paint_cross, paint_values_below, polygon
from ckptgui.gui.inspector.ticks import log_share_ticks, share_ticks
from ckptgui.gui.labels import MEDIUM, SEMIBOLD
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import Theme, ui_font

_LEFT, _RIGHT, _TOP, _FOOT = 54, 12, 24, 22
_PALE, _PALER = 0.55, 0.25


def area_of(rect: QRectF) -> QRectF:
    """Where the outlines stand."""
    return rect.adjusted(_LEFT, _TOP, -_RIGHT, -_FOOT)


def shares_of(scene: Scene) -> np.ndarray:
    """float64, members × bars: which part of an epoch's values lies in each bar."""
    totals = np.maximum(scene.evolution.totals, 1.0)
    shares: np.ndarray = scene.evolution.counts / totals[:, None]
    return shares


def _heights(scene: Scene) -> tuple[np.ndarray, list[tuple[float, str]]]:
    """Between 0 and 1, and the marks of the axis."""
    shares = shares_of(scene)
    top = float(shares.max(initial=0.0)) or 1.0
    if not scene.log_count:
        ticks = share_ticks(top)
        end = ticks[-1][0]
        return shares / end, [(value / end, text) for value, text in ticks]
    one = 1.0 / max(float(scene.evolution.totals.max(initial=1.0)), 1.0)
    ticks = log_share_ticks(one, top)
    low, high = np.log10(ticks[0][0]) - 0.3, np.log10(ticks[-1][0])
    places = (np.log10(np.maximum(shares, 1e-300)) - low) / (high - low)
    marks = [(float((np.log10(value) - low) / (high - low)), text) for value, text in ticks]
    return np.clip(places, 0.0, 1.0), marks


def member_at(scene: Scene, rect: QRectF, point: QPointF) -> int:
    """The member whose outline is nearest to a point, within 12 pixels; -1 for none."""
    area = area_of(rect)
    there = np.flatnonzero(scene.evolution.has_values)
    if not area.adjusted(0, -6, 0, 6).contains(point) or not there.size:
        return -1
    shapes, _ = _heights(scene)
    at = (point.x() - area.left()) / area.width() * shapes.shape[1] - 0.5
    places = np.arange(shapes.shape[1])
    ys = np.array([area.bottom() - np.interp(at, places, shapes[member]) * area.height() for member in there])
    order = np.abs(ys - point.y())
    nearest = int(np.argmin(order))
    return int(there[nearest]) if order[nearest] <= 12 else -1


def paint(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme) -> None:
    """Axes, the pale ones, then A and B, and what is what."""
    area = area_of(rect)
    paint_values_below(painter, area, scene.evolution.axis, ink)
    shapes, marks = _heights(scene)
    painter.setFont(ui_font(11, MEDIUM))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for place, text in marks:
        y = round(area.bottom() - place * area.height())
        painter.fillRect(QRectF(area.left(), y, area.width(), 1), ink.strong if place == 0 else ink.hairline)
        painter.setPen(ink.text2)
        painter.drawText(QRectF(rect.left(), y - 8, _LEFT - 6, 16), right, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    there = np.flatnonzero(scene.evolution.has_values).tolist()
    ends = [member for member in dict.fromkeys((scene.a, scene.b)) if member in there]
    for member in [*(m for m in there if m not in ends), *ends]:
        _paint_outline(painter, area, scene, ink, member, shapes[member], strong=member in ends)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    _paint_legend(painter, rect, scene, ink)


def paint_lit(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme, member: int) -> None:
    """One outline before all others."""
    if not scene.evolution.totals[member]:
        return
    area = area_of(rect)
    shape = _heights(scene)[0][member]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for colour, width in ((ink.panel, 5.0), (scene.colour(member, ink), 3.0)):
        painter.setPen(QPen(colour, width))
        painter.drawPolyline(_line(area, shape))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _line(area: QRectF, shape: np.ndarray) -> QPolygonF:
    return polygon(middles(len(shape), area.left(), area.width()), area.bottom() - shape * area.height())


def _paint_outline(
    painter: QPainter, area: QRectF, scene: Scene, ink: Theme, member: int, shape: np.ndarray, *, strong: bool
) -> None:
    colour = scene.colour(member, ink)
    if not strong:
        colour.setAlphaF(_PALE if scene.count <= 16 else _PALER)
    pen = QPen(colour, 2.2 if strong else 1.2 if scene.count <= 16 else 1.0)
    if strong and member == scene.a and scene.a != scene.b:
        pen.setDashPattern([4.0, 2.0])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(_line(area, shape))


def _paint_legend(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme) -> None:
    """From the right: B, A, and the first to the last epoch as a band of their colours."""
    x, y = rect.right() - _RIGHT, rect.top() + _TOP / 2 - 2
    for member in dict.fromkeys((scene.b, scene.a)):
        if not 0 <= member < scene.count:
            continue
        painter.setFont(ui_font(11, SEMIBOLD))
        text = f"{scene.letter(member)} {scene.words[member]}"
        text += f", {scene.broken(member)}" if scene.broken(member) else ""
        x -= _text_left(painter, x, y, text, ink.text)
        if scene.broken(member):
            paint_cross(painter, QPointF(x - 7, y), ink)
            x -= 16
        pen = QPen(scene.colour(member, ink), 2.2)
        if member == scene.a and scene.a != scene.b:
            pen.setDashPattern([4.0, 2.0])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(x - 24, round(y) + 0.5), QPointF(x - 6, round(y) + 0.5))
        x -= 40
    if scene.count < 3 or x - rect.left() < 150:
        return
    painter.setFont(ui_font(11, MEDIUM))
    x -= _text_left(painter, x, y, scene.labels[-1], ink.text2) + 6
    wide = 48
    for at in range(wide):
        painter.fillRect(QRectF(x - wide + at, y - 3, 1, 6), ink.epoch(at / (wide - 1)))
    x -= wide + 6
    _text_left(
        painter, x, y, tr("{counter} {label}").format(counter=scene.counter, label=scene.labels[0]), ink.text2
    )


def _text_left(painter: QPainter, right: float, y: float, text: str, colour: QColor) -> float:
    """A text that ends at ``right``; its width."""
    wide = QFontMetricsF(painter.font()).horizontalAdvance(text)
    painter.setPen(colour)
    painter.drawText(QRectF(right - wide, y - 9, wide + 1, 18), Qt.AlignmentFlag.AlignVCenter, text)
    return wide
