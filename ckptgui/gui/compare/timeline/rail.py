"""The line of epochs: a dot each in its colour, the two handles, and what stands below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen

from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.timeline.scale import Scale
from ckptgui.gui.compare.words import member_number, member_words
from ckptgui.gui.inspector.ticks import whole_step
from ckptgui.gui.labels import SEMIBOLD
from ckptgui.gui.theme import theme, ui_font

HANDLE = 8.0
"""Half the width of a handle."""

_BESIDE = 34.0
"""Points between two epochs from which a handle's letter has room beside it."""

_MANY = 10.0
"""Points between two epochs under which their dots are only ticks."""


@dataclass(frozen=True, eq=False)
class Rail:
    """The members of a series on a line at the height ``y`` of a widget; ``bad`` (bool) have NaN or infinities."""

    series: Series
    scale: Scale
    y: float
    size: QSize
    a: int
    b: int
    bad: np.ndarray
    texts: tuple[str, ...]

    def place(self, member: int) -> QPointF:
        """Where a member's dot is."""
        return QPointF(self.scale.x(member), self.y)

    @property
    def ends(self) -> tuple[tuple[int, str, int], tuple[int, str, int]]:
        """A and B with their letters, and on which side of its handle (-1 the left) each stands."""
        before = self.a <= self.b
        return (self.a, "A", -1 if before else 1), (self.b, "B", 1 if before else -1)


def number_texts(series: Series) -> tuple[str, ...]:
    """What stands below each member: the first in words, the others as numbers."""
    members = range(len(series.members))
    return tuple(member_number(series, m) if m else member_words(series, m) for m in members)


def paint_rail(painter: QPainter, rail: Rail) -> None:
    """All of it."""
    t, scale = theme(), rail.scale
    painter.setPen(QPen(t.strong, 2))
    painter.drawLine(rail.place(0), rail.place(scale.count - 1))
    painter.setPen(QPen(t.accent, 3))
    painter.drawLine(rail.place(rail.a), rail.place(rail.b))
    radius = 4.0 if scale.gap > _MANY else 2.0
    for member, each in enumerate(rail.series.members):
        if each.checkpoint is None or each.error:
            _paint_cross(painter, rail.place(member))
        elif member not in (rail.a, rail.b):
            _paint_dot(painter, rail, member, radius)
    for end, letter, side in rail.ends:
        _paint_dot(painter, rail, end, HANDLE)
        painter.setFont(ui_font(13, SEMIBOLD))
        painter.setPen(t.text)
        painter.drawText(_letter_box(rail, end, side), Qt.AlignmentFlag.AlignCenter, letter)
    _paint_numbers(painter, rail)


def _letter_box(rail: Rail, end: int, side: int) -> QRectF:
    at, scale = rail.place(end), rail.scale
    if scale.gap >= _BESIDE:
        return QRectF(at.x() + (HANDLE + 4 if side > 0 else -HANDLE - 18), at.y() - 9, 14, 18)
    apart = abs(scale.x(rail.a) - scale.x(rail.b))  # above: beside, it would lie on the neighbour's dot
    aside = side * max(0.0, 8 - apart / 2)  # nor on the other's letter
    return QRectF(at.x() + aside - 7, at.y() - HANDLE - 18, 14, 18)


def _paint_numbers(painter: QPainter, rail: Rail) -> None:
    scale, t, bold = rail.scale, theme(), (rail.a, rail.b)
    metrics = QFontMetrics(ui_font(11, SEMIBOLD))
    room = max(metrics.horizontalAdvance(text) for text in rail.texts[1:] or rail.texts) + 14
    every = int(whole_step(room / max(scale.gap, 0.1), 1))
    first = _first_round(rail.series, every)
    taken: list[QRectF] = []
    for member in (*reversed(bold), 0, *range(first, scale.count, every)):
        width = metrics.horizontalAdvance(rail.texts[member]) + 6
        left = min(max(scale.x(member) - width / 2, 2.0), rail.size.width() - width - 2.0)
        box = QRectF(left, rail.size.height() - 20, width, 16)
        if any(box.adjusted(-4, 0, 4, 0).intersects(other) for other in taken):
            continue
        taken.append(box)
        painter.setFont(ui_font(11, SEMIBOLD) if member in bold else ui_font(11))
        broken = rail.series.members[member].checkpoint is None
        painter.setPen(t.danger if broken else t.text if member in bold else t.text2)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, rail.texts[member])


def _paint_dot(painter: QPainter, rail: Rail, member: int, radius: float) -> None:
    bad = member < rail.bad.size and rail.bad[member]
    painter.setBrush(theme().epoch(member / max(1, rail.scale.count - 1)))
    painter.setPen(QPen(theme().nan, 2) if bad else QPen(theme().panel, 1.5))
    painter.drawEllipse(rail.place(member), radius, radius)


def _paint_cross(painter: QPainter, at: QPointF) -> None:
    painter.setPen(QPen(theme().nan, 2))
    for way in (1, -1):
        painter.drawLine(at + QPointF(-3.5, -3.5 * way), at + QPointF(3.5, 3.5 * way))


def _first_round(series: Series, every: int) -> int:
    """The member from which on every so-manyth has a round number, where they follow each other by one."""
    counter = counter_of(series)
    for member, each in enumerate(series.members[:every]):
        number = getattr(each, counter) if counter != "name" else member
        if number is not None and number % every == 0:
            return member
    return 0
