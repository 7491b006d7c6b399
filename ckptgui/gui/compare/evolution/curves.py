"""Figures over the epochs, each on an axis of its own, one below the other, and those of pinned selections too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from ckptgui.analysis.profile import PROFILE_QUANTILES
from ckptgui.gui.compare.evolution.figures import BAND, SHARES
from ckptgui.gui.compare.evolution.scene import Line, Scene, figure_text, figure_title
from ckptgui.gui.compare.evolution.strokes import paint_cross, paint_members_below, polygon
from ckptgui.gui.inspector.histogram.painting import outline_pen
from ckptgui.gui.inspector.ticks import axis_text, linear_ticks, log_ticks
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import Theme, ui_font

MOST_DOTS = 80
"""Epochs whose dots can be told apart."""

_TOP, _FOOT, _LEFT, _RIGHT = 4, 24, 64, 16
_TITLE = 16
_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class Lane:
    """One figure: where it stands, and the ends of its axis, in powers of ten where that is logarithmic."""

    name: str
    area: QRectF
    low: float
    high: float
    log: bool

    def y(self, values: np.ndarray) -> np.ndarray:
        """Of values; NaN for those that have no place."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            at = np.log10(np.where(values > 0, values, np.nan)) if self.log else values
            share = (at / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        ys: np.ndarray = np.where(np.isfinite(share), self.area.bottom() - share * self.area.height(), np.nan)
        return ys

    def ticks(self) -> list[tuple[float, str]]:
        """Values with their texts."""
        fit = max(2, int(self.area.height() // 26))
        if self.log:
            found = log_ticks(10.0**self.low, 10.0**self.high, fit)
            return found[:: max(1, -(-len(found) // fit))]
        by = 100.0 if self.name in SHARES else 1.0
        found = next(
            (t for n in (fit, fit + 1, fit + 3) if len(t := linear_ticks(self.low * by, self.high * by, n)) > 1),
            [],
        )
        if len(found) > 1 and max(abs(value) for value, _ in found) >= 1e-3:  # 0.04911 is shorter than 4.911e−02
            step = found[1][0] - found[0][0]
            found = [(value, axis_text(value, step, _DECIMALS)) for value, _ in found]
        return [(value / by, f"{text} %" if by > 1 else text) for value, text in found]


def lanes_of(scene: Scene, rect: QRectF) -> list[Lane]:
    """Part the room among the figures that are chosen."""
    inner = rect.adjusted(_LEFT, _TOP, -_RIGHT, -_FOOT)
    each = inner.height() / max(len(scene.curves), 1)
    found = []
    for number, name in enumerate(scene.curves):
        area = QRectF(inner.left(), inner.top() + number * each + _TITLE, inner.width(), max(each - _TITLE - 6, 8))
        found.append(Lane(name, area, *_range(scene, name)))
    return found


def _range(scene: Scene, name: str) -> tuple[float, float, bool]:
    values = np.concatenate([_values(scene, line, name) for line in scene.lines])
    values = values[np.isfinite(values)]
    log = scene.log_curves and bool((values > 0).any()) and name != BAND
    if log:
        values = np.log10(values[values > 0])
    if not values.size:
        return 0.0, 1.0, False
    low, high = float(values.min()), float(values.max())
    pad = (high / 2 - low / 2) * 0.16 or abs(high) * 0.05 or 0.5
    return low - pad, high + pad, log


def _values(scene: Scene, line: Line, name: str) -> np.ndarray:
    if name != BAND:
        return line.table[name]
    return scene.evolution.quantiles[:, [1, 7]].ravel() if line.slot < 0 else np.zeros(0)


def xs_of(scene: Scene, area: QRectF) -> np.ndarray:
    """Where members stand; the first and the last at the ends."""
    if scene.count < 2:
        return np.full(scene.count, area.center().x())
    return np.linspace(area.left() + 4, area.right() - 4, scene.count)


def member_at(scene: Scene, rect: QRectF, point: QPointF) -> int:
    """The member nearest to a point; -1 beside the plot."""
    area = rect.adjusted(_LEFT, _TOP, -_RIGHT, 0)
    if not scene.count or not area.adjusted(-8, 0, 8, 0).contains(point):
        return -1
    return int(np.argmin(np.abs(xs_of(scene, area) - point.x())))


def paint(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme) -> None:
    """All lanes, and the members below them."""
    for lane in lanes_of(scene, rect):
        _paint_axis(painter, lane, scene, ink)
        if lane.name == BAND:
            _paint_band(painter, lane, scene, ink)
        for line in reversed(scene.lines):
            if lane.name != BAND:
                _paint_line(painter, lane, line, scene, ink)
        _paint_crosses(painter, lane, scene, ink)
    area = rect.adjusted(_LEFT, 0, -_RIGHT, 0)
    labels = [f"{label} {scene.letter(m)}".strip() for m, label in enumerate(scene.labels)]
    ends = [member for member in dict.fromkeys((scene.b, scene.a)) if 0 <= member < scene.count]
    room = QRectF(rect.left() + _LEFT - 20, 0, rect.width() - _LEFT + 14, 1)
    paint_members_below(painter, xs_of(scene, area).tolist(), labels, ends, rect.bottom() - 8, room, ink)


def paint_lit(painter: QPainter, rect: QRectF, scene: Scene, ink: Theme, member: int) -> None:
    """A line at one member, and a ring around each of its values."""
    lanes = lanes_of(scene, rect)
    if not lanes:
        return
    x = float(xs_of(scene, lanes[0].area)[member])
    top, bottom = lanes[0].area.top(), lanes[-1].area.bottom()
    painter.fillRect(QRectF(round(x), top, 1, bottom - top), ink.strong)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for lane in lanes:
        for line in scene.lines:
            values = line.table[lane.name] if lane.name != BAND else scene.evolution.quantiles[:, 4]
            y = float(lane.y(values[member : member + 1])[0])
            if np.isfinite(y) and (lane.name != BAND or line.slot < 0):
                painter.setBrush(ink.text)
                painter.setPen(QPen(ink.panel, 1.5))
                painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _paint_axis(painter: QPainter, lane: Lane, scene: Scene, ink: Theme) -> None:
    area = lane.area
    painter.setFont(ui_font(11, MEDIUM))
    metrics = QFontMetricsF(painter.font())
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    before = area.bottom() + 99
    for value, text in lane.ticks():
        y = float(lane.y(np.array([value]))[0])
        painter.fillRect(QRectF(area.left(), round(y), area.width(), 1), ink.hairline)
        if abs(before - y) >= 13:
            painter.setPen(ink.text2)
            painter.drawText(QRectF(area.left() - _LEFT, y - 8, _LEFT - 6, 16), right, text)
            before = y
    painter.fillRect(QRectF(area.left(), round(area.bottom()), area.width(), 1), ink.strong)
    title = figure_title(lane.name) + (
        tr(", 1 to 99 % and 25 to 75 % with the median") if lane.name == BAND else ""
    )
    title = metrics.elidedText(title, Qt.TextElideMode.ElideRight, area.width() * 0.7)
    painter.setPen(ink.text)
    box = QRectF(area.left(), area.top() - _TITLE, area.width(), _TITLE)
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, title)
    known = scene.table[lane.name] if lane.name != BAND else scene.evolution.quantiles[:, 4]
    if 0 <= scene.b < scene.count:
        value = float(known[scene.b])
        gone = bool(np.isnan(value)) and bool(scene.broken(scene.b))
        painter.setPen(ink.danger if gone else ink.text2)
        what = tr("B median") if lane.name == BAND else "B"
        painter.drawText(box, right, f"{what} {'NaN' if gone else figure_text(lane.name, value)}")


def _paint_line(painter: QPainter, lane: Lane, line: Line, scene: Scene, ink: Theme) -> None:
    """A stroke between neighbours that have a value, and a dot an epoch in its colour."""
    values = line.table[lane.name]
    xs, ys = xs_of(scene, lane.area), lane.y(values)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(ink.text, 1.6) if line.slot < 0 else outline_pen(ink, line.slot))
    there = np.flatnonzero(np.isfinite(ys))
    for part in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
        painter.drawPolyline(polygon(xs[part], ys[part]))
    if scene.count <= MOST_DOTS:
        painter.setPen(QPen(ink.panel, 1))
        for member in there.tolist():
            painter.setBrush(scene.colour(member, ink) if line.slot < 0 else outline_pen(ink, line.slot).color())
            size = 4.5 if line.slot < 0 and scene.letter(member) else 3.2 if line.slot < 0 else 2.4
            painter.drawEllipse(QPointF(float(xs[member]), float(ys[member])), size, size)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _paint_band(painter: QPainter, lane: Lane, scene: Scene, ink: Theme) -> None:
    """1 to 99 % pale, 25 to 75 % stronger, the median as a line."""
    there = np.flatnonzero(scene.evolution.has_values)
    if not there.size:
        return
    xs = xs_of(scene, lane.area)[there]
    found = scene.evolution.quantiles[there]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    for low, high, alpha in ((0.01, 0.99, 0.16), (0.25, 0.75, 0.3)):
        colour = QColor(ink.text)
        colour.setAlphaF(alpha)
        painter.setBrush(colour)
        edges = [lane.y(found[:, PROFILE_QUANTILES.index(share)]) for share in (low, high)]
        painter.drawPolygon(polygon(np.concatenate([xs, xs[::-1]]), np.concatenate([edges[0], edges[1][::-1]])))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(ink.text, 1.6))
    painter.drawPolyline(polygon(xs, lane.y(found[:, PROFILE_QUANTILES.index(0.5)])))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _paint_crosses(painter: QPainter, lane: Lane, scene: Scene, ink: Theme) -> None:
    """Where something is not finite: on the value that the rest has, else at the top."""
    values = scene.evolution.quantiles[:, 4] if lane.name == BAND else scene.table[lane.name]
    xs, ys = xs_of(scene, lane.area), lane.y(values)
    for member in range(scene.count):
        if scene.broken(member):
            y = float(ys[member]) if np.isfinite(ys[member]) else lane.area.top() + 4
            paint_cross(painter, QPointF(float(xs[member]), y), ink)
