"""The quantiles above the bars: a box for the middle half, ticks, and dotted lines at 1 and 99 %."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from ckptgui.gui.inspector.histogram.painting import RAIL, Frame
from ckptgui.gui.inspector.histogram.picture import Picture
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.theme import Theme, ui_font

_TICKS = (0.001, 0.01, 0.05, 0.95, 0.99, 0.999)
_HALF = 4.0
"""Pixels that a tick and the box reach above and below the rail."""

_GAP = 5.0
"""Pixels between a label and what it stands beside."""


def paint_rail(painter: QPainter, frame: Frame, picture: Picture, ink: Theme) -> None:
    """Paint what of it lies in the view; one value has nothing to divide."""
    quantiles = picture.quantiles
    if not quantiles[0.001] < quantiles[0.999]:
        return
    y = frame.top - RAIL + 22
    one = frame.pixel
    x = {share: frame.x(picture.place(value)) for share, value in quantiles.items()}
    seen = {share for share, value in quantiles.items() if picture.sees(value)}
    painter.fillRect(QRectF(x[0.001], y, max(x[0.999] - x[0.001], one), one), ink.text2)
    for share in _TICKS:
        if share in seen:
            painter.fillRect(QRectF(x[share], y - _HALF, one, 2 * _HALF + 1), ink.text2)
    if quantiles[0.75] >= picture.edges[0] and quantiles[0.25] <= picture.edges[-1]:
        _box(painter, QRectF(x[0.25], y - _HALF, max(x[0.75] - x[0.25], 2.0), 2 * _HALF + 1), one, ink, seen)
    if 0.5 in seen:
        painter.fillRect(QRectF(x[0.5] - 0.5, y - 6, 2, 13), ink.text)
    painter.setPen(QPen(ink.text2, 1, Qt.PenStyle.DotLine))
    for share in (0.01, 0.99):
        if share in seen:
            painter.drawLine(QPointF(x[share] + 0.5, y + 8), QPointF(x[share] + 0.5, frame.base - 1))
    painter.setFont(ui_font(11, MEDIUM))
    painter.setPen(ink.text2)
    metrics = QFontMetricsF(painter.font())
    for place, text in labels(frame, {share: x[share] for share in seen}, y, metrics):
        painter.drawText(QPointF(place.left(), round(place.top() + metrics.ascent())), text)


def _box(painter: QPainter, box: QRectF, one: float, ink: Theme, seen: set[float]) -> None:
    """The middle half; an end that lies outside the view stays open."""
    painter.fillRect(box, ink.text)
    left = one if 0.25 in seen else 0.0
    inner = box.adjusted(left, one, -one if 0.75 in seen else 0.0, -one)
    if inner.width() > 0:
        painter.fillRect(inner, ink.panel)


def labels(frame: Frame, x: dict[float, float], y: float, metrics: QFontMetricsF) -> list[tuple[QRectF, str]]:
    """Texts and where they stand for the quantiles at ``x``, the most telling first; none touches another."""
    height = metrics.height()
    taken: list[QRectF] = []
    placed: list[tuple[QRectF, str]] = []

    def put(text: str, left: float, top: float) -> None:
        rect = QRectF(left, top, metrics.horizontalAdvance(text), height)
        apart = all(not rect.adjusted(-_GAP, 0, _GAP, 0).intersects(other) for other in taken)
        if apart and rect.left() >= frame.left and rect.right() <= frame.right + 8:
            taken.append(rect)
            placed.append((rect, text))

    above, beside = y - 9 - metrics.ascent(), y + 1 - height / 2
    pair = [(share, text) for share, text in ((0.01, "1 %"), (0.99, "99 %")) if share in x]
    widths = [metrics.horizontalAdvance(text) for _, text in pair]
    if len(pair) < 2 or x[0.99] - x[0.01] > sum(widths) / 2 + _GAP:
        for (share, text), width in zip(pair, widths):
            put(text, min(max(x[share] - width / 2, frame.left), frame.right + 8 - width), above)
    if 0.001 in x:
        put("0.1 %", x[0.001] - _GAP - metrics.horizontalAdvance("0.1 %"), beside)
    if 0.999 in x:
        put("99.9 %", x[0.999] + _GAP + 1, beside)
    return placed
