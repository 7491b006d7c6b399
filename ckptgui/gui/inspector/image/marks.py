"""The marks of values that are not finite: magenta with a sign in it, larger than their cell."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap

from ckptgui.analysis.blocks import NAN, NEGINF, POSINF
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.theme import Theme, theme, ui_font

SIDE = 7
"""A mark's pixels without its outline: one, and three on either side."""

WORDS = {NAN: "NaN", POSINF: "∞", NEGINF: "−∞"}


def draw_marks(
    painter: QPainter, marks: np.ndarray, centres: np.ndarray, cell: tuple[float, float], ratio: float
) -> None:
    """Mark cells at their ``centres`` (x, y) in device pixels; in a cell with room for it stands the word."""
    t = theme()
    side = SIDE * ratio
    font = ui_font(11, SEMIBOLD)
    font.setPixelSize(round(font.pixelSize() * ratio))
    metrics = QFontMetricsF(font)
    wide = metrics.horizontalAdvance("NaN") + 4 * ratio
    if cell[0] >= wide and cell[1] >= metrics.height():
        painter.setFont(font)
        painter.setPen(t.panel)
        for (_, _, flag), (x, y) in zip(marks.tolist(), centres.tolist()):
            box = QRectF(x - cell[0] / 2, y - cell[1] / 2, cell[0], cell[1])
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, WORDS[flag])
        return
    large = min(cell) > side
    for flag in (NAN, POSINF, NEGINF):
        chosen = centres[marks[:, 2] == flag]
        if not len(chosen):
            continue
        sign = _mark(
            t, flag, round(min(min(cell), 3 * side) if large else side), outline=0 if large else round(ratio)
        )
        half_x, half_y = sign.width() / 2, sign.height() / 2
        for x, y in chosen.tolist():
            painter.drawPixmap(QPointF(round(x - half_x), round(y - half_y)), sign)


@lru_cache(maxsize=64)
def _drawn(code: int, panel: int, flag: int, side: int, outline: int) -> QPixmap:
    whole = side + 2 * outline
    pixmap = QPixmap(whole, whole)
    pixmap.fill(QColor.fromRgb(panel))
    painter = QPainter(pixmap)
    painter.fillRect(outline, outline, side, side, QColor.fromRgb(code))
    painter.setPen(QPen(QColor.fromRgb(panel), max(1, round(side / 7))))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, side > 9)
    low, high, middle = outline + side * 0.22, outline + side * 0.78, outline + side / 2
    if side <= 9:
        low, high, middle = outline + 1.0, outline + side - 2.0, float(outline + side // 2)
    if flag == NAN:
        painter.drawLine(QPointF(low, low), QPointF(high, high))
        painter.drawLine(QPointF(low, high), QPointF(high, low))
    else:
        painter.drawLine(QPointF(low, middle), QPointF(high, middle))
        if flag == POSINF:
            painter.drawLine(QPointF(middle, low), QPointF(middle, high))
    painter.end()
    return pixmap


def _mark(t: Theme, flag: int, side: int, outline: int) -> QPixmap:
    return _drawn(t.nan.rgb(), t.panel.rgb(), flag, side, outline)


def text_font(ratio: float) -> QFont:
    """For numbers in cells."""
    font = ui_font(11)
    font.setPixelSize(round(font.pixelSize() * ratio))
    return font
