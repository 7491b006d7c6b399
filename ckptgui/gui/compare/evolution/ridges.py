"""A ridge an epoch, one before the other, with a figure of each beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from ckptgui.analysis.ridges import Stack, heights, stacked
from ckptgui.gui.compare.evolution.scene import Scene, figure_title
from ckptgui.gui.compare.evolution.strokes import middles, paint_values_below, polygon
from ckptgui.gui.labels import MEDIUM, SEMIBOLD
from ckptgui.gui.theme import Theme, ui_font
from ckptgui.gui.tree.badges import Badge, Tone
from ckptgui.gui.tree.glyphs import badge_width, paint_badge

HEAD = 18
"""Pixels above the ridges for the words over the columns."""

_FOOT, _SIDE, _GAP = 22, 12, 10
_DENSE = 7.0
"""Pixels between two ridges under which they are lines."""

_LABEL, _BADGE = 14.0, 18.0
_ONE, _NINETY_NINE = 1, 7  # places in PROFILE_QUANTILES


@dataclass(frozen=True, eq=False)
class RidgePlan:
    """Where all of it stands."""

    area: QRectF
    stack: Stack
    labels: QRectF  # the column of members, right-aligned
    letters: QRectF
    figures: QRectF

    def member_at(self, point: QPointF) -> int:
        """The member whose ridge, or row, is at a point; -1 for none."""
        bases = self.stack.bases
        if not len(bases) or not self.area.top() - HEAD <= point.y() <= self.area.bottom() + 4:
            return -1
        return min(int(np.searchsorted(bases, point.y() - 3)), len(bases) - 1)


def plan(scene: Scene, rect: QRectF) -> RidgePlan:
    """Part the room."""
    strong = QFontMetricsF(ui_font(11, SEMIBOLD))
    shown = [*scene.labels[:1], *scene.labels[-1:], *_longest(scene.labels), scene.counter]
    labels = max(map(strong.horizontalAdvance, shown)) + 2
    texts = [figure_title(scene.figure) + "  ▾", "0.00000", "−0.0000"]
    figures = max(map(strong.horizontalAdvance, texts)) + 4
    letters = strong.horizontalAdvance("AB") + 8
    if rect.width() < 300:
        figures = 0.0
    right = rect.right() - _SIDE
    top, bottom = rect.top() + HEAD, rect.bottom() - _FOOT
    figure_box = QRectF(right - figures, top, figures, bottom - top)
    letter_box = QRectF(figure_box.left() - letters, top, letters, bottom - top)
    label_box = QRectF(letter_box.left() - labels, top, labels, bottom - top)
    area = QRectF(rect.left() + _SIDE, top, max(label_box.left() - _GAP - rect.left() - _SIDE, 20), bottom - top)
    return RidgePlan(area, stacked(scene.count, area.top() + 2, area.bottom()), label_box, letter_box, figure_box)


def _longest(labels: tuple[str, ...]) -> list[str]:
    """The longest."""
    return [max(labels, key=len)] if labels else []


def member_at(scene: Scene, rect: QRectF, point: QPointF) -> int:
    """The member whose ridge, or row, is at a point; -1 for none."""
    return plan(scene, rect).member_at(point)


def paint(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme) -> None:
    """All ridges from the first, which is at the back, to the last."""
    place = plan(scene, rect)
    paint_values_below(painter, place.area, scene.evolution.axis, ink)
    shapes = heights_of(scene)
    for member in range(scene.count):
        paint_ridge(painter, place, scene, ink, member, shapes[member])
    if place.stack.step < _DENSE:
        _paint_broken_lines(painter, place, scene, ink, shapes)
    else:
        _paint_words(painter, place, scene, ink)
    _paint_columns(painter, place, scene, ink)


def paint_lit(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme, member: int) -> None:
    """One ridge before all others, in full and with its quantiles."""
    place = plan(scene, rect)
    shape = heights_of(scene, member)[0]
    paint_ridge(painter, place, scene, ink, member, shape, lit=True)
    base = float(place.stack.bases[member])
    row = _row(place, base)
    ground = QRectF(
        place.labels.left() - 4, row.top(), place.figures.right() - place.labels.left() + 8, row.height()
    )
    painter.fillRect(ground, ink.hover)
    _paint_row(painter, place, scene, ink, member, base)


def heights_of(scene: Scene, member: int | None = None) -> np.ndarray:
    """Between 0 and 1, each epoch's highest bar being 1: of all, or of one member."""
    counts = scene.evolution.counts
    if member is not None:
        counts = counts[member : member + 1]
    return np.array([heights(row, log=scene.log_count) for row in counts]).reshape(counts.shape)


def paint_ridge(
    painter: QPainter,
    place: RidgePlan,
    scene: Scene,
    ink: Theme,
    member: int,
    shape: np.ndarray,
    lit: bool = False,
) -> None:
    """Its fill, the line over it that parts it from those behind, its base and its marks."""
    area, base, colour = place.area, float(place.stack.bases[member]), scene.colour(member, ink)
    broken = bool(scene.broken(member))
    if not scene.evolution.totals[member]:
        line = QRectF(area.left(), round(base), area.width(), 1)
        painter.fillRect(line, ink.nan if broken else ink.hairline)
        return
    dense = place.stack.step < _DENSE and not lit
    xs = middles(len(shape), area.left(), area.width())
    ys = base - shape * place.stack.height
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink.panel if dense else colour)
    ends_x = np.concatenate([[area.left()], xs, [area.right()]])
    ends_y = np.concatenate([[base], ys, [base]])
    painter.drawPolygon(polygon(ends_x, ends_y))
    ink_of_line = ink.text if lit else colour if dense else ink.panel
    strong = dense and bool(scene.letter(member))
    painter.setPen(QPen(ink_of_line, 2.0 if strong else 1.0 if dense else 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for part in _parts(shape) if dense and not strong else [slice(None)]:
        painter.drawPolyline(polygon(ends_x[part], ends_y[part]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if not dense:
        painter.fillRect(QRectF(area.left(), round(base), area.width(), 1), ink.nan if broken else colour)
        _paint_marks(painter, place, scene, ink, member)


def _parts(shape: np.ndarray) -> list[slice]:
    """Where there are values, of the points with both ends: hundreds of lines at nothing would be a wall."""
    some = np.flatnonzero(shape > 0) + 1
    parts = np.split(some, np.flatnonzero(np.diff(some) > 2) + 1)
    return [slice(int(part[0]) - 1, int(part[-1]) + 2) for part in parts if len(part)]


def _paint_marks(painter: QPainter, place: RidgePlan, scene: Scene, ink: Theme, member: int) -> None:
    """Ticks at the 1 % and the 99 % quantile."""
    found = scene.evolution.quantiles[member]
    tall = min(8.0, max(4.0, place.stack.step * 0.35))
    for at in scene.evolution.axis.places(found[[_ONE, _NINETY_NINE]]).tolist():
        if 0 <= at <= 1:
            x, base = round(place.area.left() + at * place.area.width()), round(float(place.stack.bases[member]))
            painter.fillRect(QRectF(x, base - tall, 1, tall + 1), ink.text)


def _paint_broken(painter: QPainter, place: RidgePlan, scene: Scene, member: int) -> None:
    """How many values are NaN, in words, at the right end of the ridge."""
    badge = Badge(scene.broken(member), Tone.ALARM)
    middle = float(place.stack.bases[member]) - 10
    paint_badge(painter, badge, round(place.area.right()) - badge_width(badge), round(middle))


def _paint_broken_lines(painter: QPainter, place: RidgePlan, scene: Scene, ink: Theme, shapes: np.ndarray) -> None:
    """Where ridges are lines: those with NaN before all others, and in words where the words keep apart."""
    said = -np.inf
    for member in range(scene.count):
        if not scene.broken(member):
            continue
        base = float(place.stack.bases[member])
        xs = middles(shapes.shape[1], place.area.left(), place.area.width())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(ink.nan, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon(xs, base - shapes[member] * place.stack.height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if base - said >= _BADGE:
            said = base
            _paint_broken(painter, place, scene, member)


def _paint_words(painter: QPainter, place: RidgePlan, scene: Scene, ink: Theme) -> None:
    """Before all ridges: how many values are NaN, and why there is no ridge."""
    painter.setFont(ui_font(11))
    metrics = QFontMetricsF(painter.font())
    for member in range(scene.count):
        if scene.broken(member):
            _paint_broken(painter, place, scene, member)
        if scene.evolution.totals[member] or place.stack.step < _LABEL:
            continue
        room = place.area.width() * 0.55
        text = metrics.elidedText(scene.reasons[member], Qt.TextElideMode.ElideRight, room)
        base = float(place.stack.bases[member])
        line = QRectF(
            place.area.left(), base - metrics.height() - 1, metrics.horizontalAdvance(text) + 8, metrics.height()
        )
        ground = QColor(ink.panel)
        ground.setAlphaF(0.85)
        painter.fillRect(line, ground)
        painter.setPen(ink.text2)
        painter.drawText(line.adjusted(4, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)


def _paint_columns(painter: QPainter, place: RidgePlan, scene: Scene, ink: Theme) -> None:
    """The words above, and as many rows as have room, A and B always."""
    painter.setFont(ui_font(11, MEDIUM))
    painter.setPen(ink.text2)
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    above = place.labels.adjusted(-60, -HEAD, 0, 0)
    above.setHeight(HEAD)
    painter.drawText(above, right, scene.counter)
    every = max(1, int(np.ceil(_LABEL / max(place.stack.step, 1e-9))))
    bases = place.stack.bases
    shown = {member: float(bases[member]) for member in (scene.b, scene.a) if 0 <= member < scene.count}
    if len(shown) > 1 and abs(shown[scene.a] - shown[scene.b]) < _LABEL:
        down = scene.a > scene.b and shown[scene.b] + _LABEL <= place.area.bottom()
        shown[scene.a] = shown[scene.b] + (_LABEL if down else -_LABEL)
    for member in range(0, scene.count, every):
        if all(abs(bases[member] - other) >= _LABEL - 1 for other in shown.values()):
            shown[member] = float(bases[member])
    for member, base in shown.items():
        _paint_row(painter, place, scene, ink, member, base)


def _paint_row(painter: QPainter, place: RidgePlan, scene: Scene, ink: Theme, member: int, base: float) -> None:
    row, letter = _row(place, base), scene.letter(member)
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    painter.setFont(ui_font(11, SEMIBOLD if letter else MEDIUM))
    painter.setPen(ink.text if letter else ink.text2)
    boxes = [
        (place.labels, right, scene.labels[member]),
        (place.letters, Qt.AlignmentFlag.AlignCenter, letter),
        (place.figures, right, scene.text(scene.figure, member) if place.figures.width() else ""),
    ]
    for box, flags, text in boxes:
        painter.drawText(QRectF(box.left(), row.top(), box.width(), row.height()), flags, text)


def _row(place: RidgePlan, base: float) -> QRectF:
    return QRectF(place.labels.left(), base - 11, 10, 15)
