"""Lines over the epochs the size of a word: numbers in, a cached pixmap out, so that a repaint only copies."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from ckptgui.gui.compare.changes.columns import LINE
from ckptgui.gui.compare.changes.lines import Line
from ckptgui.gui.theme import theme, theme_signal

HEIGHT = 16
KEPT = 4_096
"""Pixmaps in memory; some 15 KiB each at double density."""

_MARGIN = 4
_LEAST_STEP = 4.5
"""Pixels between two epochs below which only A and B get their dots."""


class LinePictures:
    """Pixmaps by what they show; the least recently painted go first."""

    def __init__(self) -> None:
        self._pixmaps: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()
        theme_signal().changed.connect(self._pixmaps.clear)

    def pixmap(self, line: Line, shares: tuple[float, ...], ends: tuple[int, int], ratio: float) -> QPixmap:
        """The picture of a line; ``shares`` tell the epochs' colours, ``ends`` are the places that stand out."""
        key = (line.values.tobytes(), line.bad.tobytes(), shares, ends, theme().dark, ratio)
        found = self._pixmaps.get(key)
        if found is None:
            found = self._pixmaps[key] = _painted(line, shares, ends, ratio)
            if len(self._pixmaps) > KEPT:
                self._pixmaps.popitem(last=False)
        else:
            self._pixmaps.move_to_end(key)
        return found


def heights(values: np.ndarray) -> np.ndarray:
    """Where values stand between 0, the bottom, and 1: by their logarithm, over a decade at least; NaN stays."""
    positive = values[values > 0]
    if not positive.size:
        return np.where(np.isnan(values), np.nan, 0.0)
    low, high = np.log10(positive.min()), np.log10(positive.max())
    if high - low < 1:
        middle = (low + high) / 2
        low, high = middle - 0.5, middle + 0.5
    with np.errstate(divide="ignore"):
        found: np.ndarray = np.maximum((np.log10(values) - low) / (high - low), 0.0)
    return found


def _painted(line: Line, shares: tuple[float, ...], ends: tuple[int, int], ratio: float) -> QPixmap:
    pixmap = QPixmap(round(LINE * ratio), round(HEIGHT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    t, count = theme(), len(line.values)
    step = (LINE - 2 * _MARGIN) / max(1, count - 1)
    x = _MARGIN + step * np.arange(count)
    y = HEIGHT - 3.5 - heights(line.values) * (HEIGHT - 7)
    known = ~np.isnan(y) & ~line.bad
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    points = [QPointF(*point) for point in zip(x.tolist(), y.tolist())]
    early, late = sorted(ends)
    for first, last in ((0, early), (early, late), (late, count - 1)):
        inside = (first, last) == (early, late)
        painter.setPen(QPen(t.text2 if inside else t.control, 1.5 if inside else 1.0))
        for start, stop in _stretches(known, max(first, 0), last):
            painter.drawPolyline(QPolygonF(points[start:stop]))
    painter.setPen(Qt.PenStyle.NoPen)
    for place in np.flatnonzero(known).tolist():
        if place in ends or step >= _LEAST_STEP:
            painter.setBrush(t.epoch(shares[place]))
            radius = 2.25 if place in ends else 1.6
            painter.drawEllipse(QPointF(x[place], y[place]), radius, radius)
    for place in np.flatnonzero(line.bad).tolist():
        _cross(painter, QPointF(x[place], HEIGHT / 2), t.panel, t.nan)
    painter.end()
    return pixmap


def _stretches(known: np.ndarray, first: int, last: int) -> list[tuple[int, int]]:
    """From and to (not included) of the neighbours from ``first`` to ``last`` that are all known."""
    here = np.concatenate([[False], known[first : last + 1], [False]]).astype(np.int8)
    steps = np.diff(here)
    starts, stops = np.flatnonzero(steps == 1) + first, np.flatnonzero(steps == -1) + first
    return [(start, stop) for start, stop in zip(starts.tolist(), stops.tolist()) if stop - start > 1]


def _cross(painter: QPainter, centre: QPointF, ground: QColor, colour: QColor) -> None:
    """A × with an outline in the colour of the panel."""
    arm = 2.75
    for pen in (QPen(ground, 4.5), QPen(colour, 1.75)):
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(centre + QPointF(-arm, -arm), centre + QPointF(arm, arm))
        painter.drawLine(centre + QPointF(-arm, arm), centre + QPointF(arm, -arm))
