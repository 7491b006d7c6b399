"""Paints cells with NaN or infinities so that they cannot be missed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from ckptgui.gui.compare.layers.geometry import HEAD
from ckptgui.gui.compare.layers.painting import Scene
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.numbers import integer
from ckptgui.gui.theme import ui_font

_GROWN = 3
"""Pixels by which a broken cell is larger than its place, on each side."""


def paint_broken(painter: QPainter, scene: Scene) -> None:
    """Cells with NaN or infinities: larger than others, with a word or a cross, and a line up to their epoch."""
    size, ink = scene.geometry, scene.ink
    rows, columns = size.rows_seen(scene.y), size.columns_seen(scene.x)
    broken = scene.layers.broken
    if not len(rows) or not len(columns) or not broken.any():
        return
    painter.save()
    painter.setClipRect(scene.area.adjusted(-_GROWN - 2, -4, _GROWN + 8, 0))
    _paint_lines(painter, scene, rows, columns)
    part = broken[rows.start : rows.stop, columns.start : columns.stop]
    places = [(rows.start + r, columns.start + c) for r, c in zip(*(axis.tolist() for axis in part.nonzero()))]
    grown = min(_GROWN, max(1, size.pitch // 3))
    rects = [scene.cell(*place).adjusted(-grown, -_GROWN, grown, _GROWN) for place in places]
    painter.setPen(Qt.PenStyle.NoPen)
    for colour, more in ((ink.panel, 1.5), (ink.nan, 0.0)):
        painter.setBrush(colour)
        painter.drawRects([rect.adjusted(-more, -more, more, more) for rect in rects])
    _paint_words(painter, scene, places, rects)
    painter.restore()


def _paint_lines(painter: QPainter, scene: Scene, rows: range, columns: range) -> None:
    """From the epoch down to the last broken cell that is seen, or on to those below."""
    painter.setPen(QPen(scene.ink.nan, 2.0, Qt.PenStyle.CustomDashLine, Qt.PenCapStyle.FlatCap))
    pen = painter.pen()
    pen.setDashPattern([1.0, 1.0])
    painter.setPen(pen)
    broken = scene.layers.broken[rows.start :, columns.start : columns.stop]
    lines = []
    for number in np.flatnonzero(np.any(broken, axis=0)).tolist():
        column = columns.start + number
        within = np.flatnonzero(broken[: len(rows), number])
        below = bool(broken[len(rows) :, number].any())
        cell = scene.cell(rows.start + int(within[-1]) if len(within) else rows.start, column)
        end = scene.area.bottom() if below else cell.top()
        x = round(cell.center().x())
        lines.append(QLineF(x, HEAD - 4, x, end))
    painter.drawLines(lines)


def _paint_words(painter: QPainter, scene: Scene, places: list[tuple[int, int]], rects: list[QRectF]) -> None:
    layers, size, ink = scene.layers, scene.geometry, scene.ink
    font = QFont(ui_font(10, SEMIBOLD))
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    painter.setPen(ink.panel)
    fits = metrics.horizontalAdvance("NaN") <= size.pitch + 2
    crosses: list[QLineF] = []
    for (row, column), rect in zip(places, rects):
        word = "NaN" if layers.nan[row, column] else "Inf"
        if layers.figure.key == "nan":
            word = integer(int(layers.nan[row, column] + layers.inf[row, column]))
        if fits and metrics.horizontalAdvance(word) <= rect.width() - 2:
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, word)
        else:
            middle, arm = rect.center(), min(3.0, rect.width() / 3)
            corners = (QPointF(-arm, -arm), QPointF(arm, arm), QPointF(-arm, arm), QPointF(arm, -arm))
            a, b, c, d = (middle + corner for corner in corners)
            crosses += [QLineF(a, b), QLineF(c, d)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink.panel, 1.5))
    painter.drawLines(crosses)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
