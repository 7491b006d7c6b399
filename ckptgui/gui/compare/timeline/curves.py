"""The curves above the epochs: each in a stroke of its own, named where nothing else is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPolygonF

from ckptgui.core.series.scalar_curves import Measure, ScalarCurve, is_held_out
from ckptgui.gui.compare.timeline.scale import Scale
from ckptgui.gui.inspector.ticks import linear_ticks
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, ui_font

MOST_DOTS = 120
"""Epochs whose dots on a curve can be told apart."""

_AROUND = 3.0
_SAMPLES = 24
_DASHES: dict[Qt.PenStyle, str] = {
    Qt.PenStyle.SolidLine: "",
    Qt.PenStyle.DashLine: "dashed",
    Qt.PenStyle.DotLine: "dotted",
    Qt.PenStyle.DashDotLine: "dash-dotted",
    Qt.PenStyle.DashDotDotLine: "dash-dot-dotted",
}


@dataclass(frozen=True, eq=False)
class DrawnCurve:
    """A curve with its stroke and its points within the plot, NaN where there is none."""

    curve: ScalarCurve
    style: Qt.PenStyle
    xs: np.ndarray
    ys: np.ndarray

    @property
    def title(self) -> str:
        """Its name, and the stroke where that is not a plain line."""
        words = _DASHES[self.style]
        return f"{self.curve.name}, {tr(words)}" if words else self.curve.name


def styles_of(curves: Sequence[ScalarCurve]) -> list[Qt.PenStyle]:
    """A stroke a curve: a training loss is a line, one on held-out data dashed, a learning rate dotted."""
    free = list(_DASHES)
    styles: list[Qt.PenStyle] = []
    for curve in curves:
        wish = Qt.PenStyle.SolidLine
        if curve.measure is Measure.RATE:
            wish = Qt.PenStyle.DotLine
        elif is_held_out(curve.path):
            wish = Qt.PenStyle.DashLine
        elif curve.measure is Measure.SCORE:
            wish = Qt.PenStyle.DashDotLine
        style = wish if wish in free else free[0] if free else Qt.PenStyle.SolidLine
        if style in free:
            free.remove(style)
        styles.append(style)
    return styles


def axis_range(curves: Sequence[ScalarCurve], curve: ScalarCurve) -> tuple[float, float]:
    """The ends of a curve's axis, which those that measure the same have in common."""
    alike = [each for each in curves if each.measure is curve.measure and curve.measure is not Measure.OTHER]
    values = np.concatenate([each.values for each in alike or [curve]])
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low - 0.5, high + 0.5
    return low, high


def drawn(curves: Sequence[ScalarCurve], scale: Scale, area: QRectF) -> list[DrawnCurve]:
    """Place curves in ``area``."""
    found = []
    xs = np.array([scale.x(member) for member in range(scale.count)])
    for curve, style in zip(curves, styles_of(curves)):
        low, high = axis_range(curves, curve)
        with np.errstate(invalid="ignore", over="ignore"):
            share = (curve.values / 2 - low / 2) / (high / 2 - low / 2)  # halves: the ends may be 1e308 apart
        ys = np.where(np.isfinite(curve.values), area.bottom() - share * area.height(), np.nan)
        found.append(DrawnCurve(curve, style, xs, ys))
    return found


def paint_axis(painter: QPainter, curves: Sequence[ScalarCurve], area: QRectF) -> None:
    """Lines and numbers for the first curve's measure."""
    if not curves:
        return
    low, high = axis_range(curves, curves[0])
    painter.setFont(ui_font(11))
    for value, text in linear_ticks(low, high, 3):
        y = round(area.bottom() - (value / 2 - low / 2) / (high / 2 - low / 2) * area.height()) + 0.5
        painter.setPen(QPen(theme().hairline, 1))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setPen(theme().text2)
        box = QRectF(area.left() - 64, y - 8, 56, 16)
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def paint_curve(painter: QPainter, each: DrawnCurve, *, first: bool) -> None:
    """The stroke; the first curve is the strongest."""
    pen = QPen(theme().text if first else theme().text2, 1.6 if first else 1.2, each.style)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    told = np.flatnonzero(np.isfinite(each.ys))
    points = [QPointF(x, y) for x, y in zip(each.xs[told].tolist(), each.ys[told].tolist())]
    painter.drawPolyline(QPolygonF(points))


def paint_dots(painter: QPainter, each: DrawnCurve) -> None:
    """A dot an epoch in the epoch's colour."""
    count = len(each.xs)
    if count > MOST_DOTS:
        return
    painter.setPen(QPen(theme().panel, 1))
    for member in np.flatnonzero(np.isfinite(each.ys)).tolist():
        painter.setBrush(theme().epoch(member / max(1, count - 1)))
        painter.drawEllipse(QPointF(each.xs[member], each.ys[member]), 3.5, 3.5)


def placed_titles(curves: Sequence[DrawnCurve], area: QRectF) -> list[tuple[QRectF, str]]:
    """Each curve's name with a box beside it, where it covers the least of the others; some have no room."""
    metrics = QFontMetrics(ui_font(11))
    found: list[tuple[QRectF, str]] = []
    for each in curves:
        width = metrics.horizontalAdvance(each.title) + 2
        box = _best_place(each, curves, width, area, [other for other, _ in found])
        if box is not None:
            found.append((box, each.title))
    return found


def paint_titles(painter: QPainter, titles: Sequence[tuple[QRectF, str]]) -> None:
    """Names at their places."""
    painter.setFont(ui_font(11))
    painter.setPen(theme().text)
    for box, title in titles:
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, title)


def _best_place(
    each: DrawnCurve, curves: Sequence[DrawnCurve], width: int, area: QRectF, taken: Sequence[QRectF]
) -> QRectF | None:
    best: tuple[float, QRectF] | None = None
    xs = area.left() + np.array([0.2, 0.3, 0.45, 0.6, 0.75, 0.1, 0.88]) * area.width()
    for x, y in zip(xs.tolist(), _heights_at(each, xs).tolist()):
        if math.isnan(y):
            continue
        for above in (True, False):
            box = QRectF(x - width / 2, y - 19 if above else y + 5, width, 14)
            if box.left() < area.left() + 4 or box.right() > area.right():
                continue
            cost = _cost(box, curves) + 50.0 * sum(box.intersects(other) for other in taken)
            cost += 100.0 * (box.top() < area.top() - 14 or box.bottom() > area.bottom() + 8)
            if best is None or cost < best[0]:
                best = cost, box
    return best[1] if best is not None and best[0] < 50 else None


def _cost(box: QRectF, curves: Sequence[DrawnCurve]) -> float:
    """How much of the curves a text in ``box`` would cover."""
    wide = box.adjusted(0, -_AROUND, 0, _AROUND)
    xs = np.linspace(wide.left(), wide.right(), _SAMPLES + 1)
    heights = np.concatenate([_heights_at(each, xs) for each in curves])
    return float(((heights >= wide.top()) & (heights <= wide.bottom())).sum())


def _heights_at(each: DrawnCurve, xs: np.ndarray) -> np.ndarray:
    """The curve's heights over some places, NaN where it has none."""
    told = np.isfinite(each.ys)
    if not told.any():
        return np.full(xs.shape, np.nan)
    heights: np.ndarray = np.interp(xs, each.xs[told], each.ys[told])
    return heights
