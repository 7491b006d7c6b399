"""Small signs that the tree paints itself: chevrons, tensor glyphs in their own proportions, badges."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from ckptgui.gui.theme import RADIUS_BADGE, theme, ui_font
from ckptgui.gui.tree.badges import Badge, Tone

GLYPH = 14
"""Side of a tensor glyph's box."""

_BADGE_HEIGHT = 16
_BADGE_PAD = 5


def chevron(painter: QPainter, centre: QPointF, opened: bool, colour: QColor) -> None:
    """An arrow to the right, or downwards when open."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(_pen(colour, 1.5))
    painter.translate(centre)
    if opened:
        painter.rotate(90)
    painter.drawPolyline([QPointF(-1.75, -3.5), QPointF(1.75, 0), QPointF(-1.75, 3.5)])
    painter.restore()


def tensor_glyph(painter: QPainter, centre: QPointF, shape: Sequence[int], colour: QColor) -> None:
    """A rectangle with sides by the logarithm of the last two dimensions; 1-d is a bar, 0-d a dot."""
    if len(shape) == 0:
        dot(painter, centre, colour, 2.0)
        return
    x, y = round(centre.x()), round(centre.y())
    if len(shape) == 1:
        half = max(3, round(_side(shape[0], 16_384) / 2))
        painter.fillRect(QRect(x - half, y - 1, 2 * half, 2), colour)
        return
    high, wide = glyph_sides(shape[-2], shape[-1])
    rect = QRectF(x - wide // 2 + 0.5, y - high // 2 + 0.5, wide - 1, high - 1)
    fill = QColor(colour)
    fill.setAlphaF(0.22)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(fill)
    painter.drawRect(rect)


def glyph_sides(rows: int, columns: int) -> tuple[int, int]:
    """Height and width of a matrix's glyph; the longer side fills the box, the ratio's logarithm shapes it."""
    tall, wide = math.log2(max(rows, 1) + 1), math.log2(max(columns, 1) + 1)
    ratio = 2 ** ((tall - wide) / 3)  # a ratio of 8 becomes a ratio of 2
    longer = 9 + 5 * min(1.0, max(tall, wide) / 12)
    high, across = (longer, longer / ratio) if ratio >= 1 else (longer * ratio, longer)
    return max(4, min(GLYPH, round(high))), max(4, min(GLYPH, round(across)))


def _side(size: int, most: int) -> float:
    return 6 + (GLYPH - 6) * min(1.0, math.log2(max(size, 1)) / math.log2(most))


def dot(painter: QPainter, centre: QPointF, colour: QColor, radius: float) -> None:
    """A scalar, or a plain value."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(centre, radius, radius)
    painter.restore()


def badge_width(badge: Badge) -> int:
    """How much room a badge takes."""
    return QFontMetrics(_badge_font(badge)).horizontalAdvance(badge.text) + 2 * _BADGE_PAD + 1


def fitted(badge: Badge, room: int) -> Badge | None:
    """The badge, or one with its middle left out; None where not even that says anything."""
    if badge_width(badge) <= room:
        return badge
    if room < 56:
        return None
    metrics = QFontMetrics(_badge_font(badge))
    text = metrics.elidedText(badge.text, Qt.TextElideMode.ElideMiddle, room - 2 * _BADGE_PAD - 2)
    return Badge(text, badge.tone)


def paint_badge(painter: QPainter, badge: Badge, left: int, middle: int) -> None:
    """Paint a badge, its vertical middle at ``middle``."""
    t = theme()
    rect = QRectF(left + 0.5, middle - _BADGE_HEIGHT / 2 + 0.5, badge_width(badge) - 1, _BADGE_HEIGHT - 1)
    line, ground, text = {
        Tone.PLAIN: (t.strong, None, t.text2),
        Tone.WARN: (None, t.warn_ground, t.warn),
        Tone.ALARM: (None, t.nan, t.panel if t.dark else t.on_accent),
    }[badge.tone]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(line, 1) if line is not None else Qt.PenStyle.NoPen)
    painter.setBrush(ground if ground is not None else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect, RADIUS_BADGE, RADIUS_BADGE)
    painter.setFont(_badge_font(badge))
    painter.setPen(text)
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, badge.text)
    painter.restore()


def _badge_font(badge: Badge) -> QFont:
    return ui_font(11, QFont.Weight.Normal if badge.tone is Tone.PLAIN else QFont.Weight.DemiBold)


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
