"""Epochs from left to right, values upwards: how densely they lie as colour, with lines at quantiles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen

from ckptgui.analysis.profile import PROFILE_QUANTILES
from ckptgui.analysis.ridges import heights
from ckptgui.gui.compare.evolution.scene import Scene
from ckptgui.gui.compare.evolution.strokes import marks, middles, paint_cross, paint_members_below, polygon
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.numbers import DASH, MINUS
from ckptgui.gui.palettes import STEPS, Palette, table
from ckptgui.gui.theme import Theme, ui_font
from ckptgui.gui.tree.badges import Badge, Tone
from ckptgui.gui.tree.glyphs import badge_width, fitted, paint_badge

LINES = (0.01, 0.25, 0.5, 0.75, 0.99)
"""The quantiles that are drawn."""

_TOP, _RIGHT, _FOOT, _STRIP = 10, 44, 26, 3


def area_of(scene: Scene, rect: QRectF) -> QRectF:
    """Where the columns stand, beside the numbers of the values."""
    inner = rect.adjusted(0, _TOP, -_RIGHT, -_FOOT)
    metrics = QFontMetricsF(ui_font(11, MEDIUM))
    texts = [text for _, text in marks(scene.evolution.axis, inner.height() * 2)] or ["0"]
    return inner.adjusted(max(map(metrics.horizontalAdvance, texts)) + 20, 0, 0, 0)


def member_at(scene: Scene, rect: QRectF, point: QPointF) -> int:
    """The column at a point; -1 for none."""
    area = area_of(scene, rect)
    if not scene.count or not area.adjusted(0, -_TOP, 0, _FOOT).contains(point):
        return -1
    return min(int((point.x() - area.left()) / area.width() * scene.count), scene.count - 1)


def column(scene: Scene, area: QRectF, member: int) -> QRectF:
    """Where one epoch stands; a pixel of ground between wide ones."""
    step = area.width() / max(scene.count, 1)
    left, right = area.left() + member * step, area.left() + (member + 1) * step
    gap = 1.0 if step >= 6 else 0.0
    return QRectF(round(left), area.top(), max(round(right) - round(left) - gap, 1.0), area.height())


def paint(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme) -> None:
    """Columns, axes, quantiles and signs."""
    area = area_of(scene, rect)
    _paint_columns(painter, scene, area, ink)
    painter.setFont(ui_font(11, MEDIUM))
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    for place, text in _apart(marks(scene.evolution.axis, area.height() * 2), area.height()):
        y = area.bottom() - place * area.height()
        painter.setPen(ink.text2)
        painter.drawText(QRectF(rect.left(), y - 8, area.left() - rect.left() - 6, 16), right, text)
    _paint_quantiles(painter, scene, area, ink)
    _paint_signs(painter, scene, area, ink)
    xs = middles(scene.count, area.left(), area.width()).tolist()
    ends = [member for member in dict.fromkeys((scene.b, scene.a)) if 0 <= member < scene.count]
    labels = [f"{label} {scene.letter(m)}".strip() for m, label in enumerate(scene.labels)]
    room = QRectF(rect.left(), 0, rect.width(), 1)
    paint_members_below(painter, xs, labels, ends, area.bottom() + 20, room, ink)


def paint_lit(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme, member: int) -> None:
    """A frame around one column."""
    area = area_of(scene, rect)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(ink.text, 1))
    painter.drawRect(column(scene, area, member).adjusted(-0.5, -0.5, 0.5, 0.5))


def _apart(ticks: list[tuple[float, str]], height: float) -> list[tuple[float, str]]:
    """Marks that keep a line's height apart; of the rest every second, every third."""
    least = min((b[0] - a[0] for a, b in pairwise(ticks)), default=1.0) * height
    stride = max(1, int(np.ceil(18 / max(least, 1e-9))))
    return ticks[::stride]


def _paint_columns(painter: QPainter, scene: Scene, area: QRectF, ink: Theme) -> None:
    counts = scene.evolution.counts
    colours = table(Palette.MAGNITUDE, ink.dark)
    totals = np.maximum(scene.evolution.totals, 1.0)[:, None]
    levels = heights(counts if scene.log_count else counts / totals, log=scene.log_count)
    pixels = colours[np.round(levels * (STEPS - 1)).astype(np.int64)]  # members × bars
    for member in range(scene.count):
        box = column(scene, area, member)
        if scene.evolution.totals[member]:
            bars = np.ascontiguousarray(pixels[member, ::-1])
            image = QImage(bars.data, 1, len(bars), 4, QImage.Format.Format_RGB32)
            painter.drawImage(box, image)
        strip = QRectF(box.left(), area.bottom() + 2, box.width(), _STRIP)
        painter.fillRect(strip, scene.colour(member, ink))


def _paint_quantiles(painter: QPainter, scene: Scene, area: QRectF, ink: Theme) -> None:
    """The median is the thickest; at the right end each says which it is."""
    there = np.flatnonzero(scene.evolution.has_values)
    if not there.size:
        return
    xs = middles(scene.count, area.left(), area.width())[there]
    painter.save()
    taken: list[float] = []
    for share in (0.5, 0.01, 0.99, 0.25, 0.75):
        values = scene.evolution.quantiles[there, PROFILE_QUANTILES.index(share)]
        ys = area.bottom() - np.clip(scene.evolution.axis.places(values), 0.0, 1.0) * area.height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        wide = 1.6 if share == 0.5 else 1.0
        for colour, width in ((ink.panel, wide + 1.6), (ink.text, wide)):
            pen = QPen(colour, width)
            if colour is ink.text and share in (0.01, 0.99):
                pen.setDashPattern([2.0, 2.0])
            painter.setPen(pen)
            for part in np.split(np.arange(len(there)), np.flatnonzero(np.diff(there) > 1) + 1):
                painter.drawPolyline(polygon(xs[part], ys[part]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if all(abs(ys[-1] - other) >= 12 for other in taken):
            taken.append(float(ys[-1]))
            painter.setFont(ui_font(11, MEDIUM))
            painter.setPen(ink.text2)
            box = QRectF(area.right() + 6, ys[-1] - 8, _RIGHT - 8, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"{share * 100:g} %".replace("-", MINUS))
    painter.restore()


def _paint_signs(painter: QPainter, scene: Scene, area: QRectF, ink: Theme) -> None:
    """A dash where there is nothing, a cross where something is not finite; the word where it fits."""
    for member in range(scene.count):
        box, broken = column(scene, area, member), scene.broken(member)
        if broken:
            paint_cross(painter, QPointF(box.center().x(), area.top() + 6), ink)
        if not scene.evolution.totals[member] and box.width() >= 8:
            painter.setFont(ui_font(11, MEDIUM))
            painter.setPen(ink.text2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, DASH)
        elif broken and box.width() >= 34:
            badge = fitted(Badge(broken, Tone.ALARM), round(box.width()) - 2)
            if badge is not None:
                left = round(box.center().x() - badge_width(badge) / 2)
                paint_badge(painter, badge, left, round(area.top()) + 22)
