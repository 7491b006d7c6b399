"""The epochs on one line under the curves of the training, with the two handles that say what is compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.core.series.scalar_curves import ScalarCurve
from ckptgui.core.series.series import Series
from ckptgui.core.series.words import counter_of
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.timeline.curves import (
    DrawnCurve,
    drawn,
    paint_axis,
    paint_curve,
    paint_dots,
    paint_titles,
    placed_titles,
)
from ckptgui.gui.compare.timeline.reading import paint_reading
from ckptgui.gui.compare.timeline.scale import Scale
from ckptgui.gui.compare.words import member_number, member_words
from ckptgui.gui.inspector.ticks import whole_step
from ckptgui.gui.labels import SEMIBOLD, draw_focus
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

HEIGHT, LOW_HEIGHT = 146, 52
_LEFT, _RIGHT, _TOP, _RAIL = 76, 76, 12, 34
_HANDLE, _NEAR = 8.0, 13.0
_BESIDE = 34.0
_MANY = 10.0
"""Points between two epochs under which their dots are only ticks."""


class TimelineStrip(QWidget):
    """Click sets B, with Shift A; a handle can be dragged, and the band between them moves both."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._curves: Sequence[ScalarCurve] = ()
        self._nan: np.ndarray = np.zeros(0, np.int64)  # values that are NaN, a member each
        self._bad: np.ndarray = np.zeros(0, np.int64)  # and those that are infinite with them
        self._placed: list[DrawnCurve] = []
        self._titles: list[tuple[QRectF, str]] = []
        self._placed_for: tuple[int, ...] = ()
        self._dragged = ""
        self._grip = -1
        self._hovered = -1
        self._low = False
        self._by_key = False  # only then does the focus need a ring
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Epochs of this run"))
        theme_signal().changed.connect(self.update)
        comparison.ends_changed.connect(self._describe)
        comparison.series_changed.connect(self._describe)

    def sizeHint(self) -> QSize:
        return QSize(600, LOW_HEIGHT if self._low or not self._curves else HEIGHT)

    def set_low(self, low: bool) -> None:
        """Whether to leave the curves out, for want of height."""
        self._low = low
        self.updateGeometry()
        self.update()

    def show_curves(self, curves: Sequence[ScalarCurve]) -> None:
        """Draw these."""
        self._curves = curves
        self._placed_for = ()
        self.updateGeometry()
        self.update()

    def show_bad(self, nan: np.ndarray, infinite: np.ndarray) -> None:
        """How many values of each member are NaN, and how many infinite."""
        bad = nan + infinite
        if not (np.array_equal(nan, self._nan) and np.array_equal(bad, self._bad)):
            self._nan, self._bad = nan, bad
            self.update()

    def _describe(self) -> None:
        series = self._comparison.series
        if series.members:
            a, b = (member_words(series, end) for end in (self._comparison.a, self._comparison.b))
            self.setAccessibleDescription(tr("A is {a}, B is {b}").format(a=a, b=b))
        self.update()

    # places

    @property
    def scale(self) -> Scale:
        """Where members are."""
        return Scale(_LEFT + 6, self.width() - _RIGHT, len(self._comparison.series.members))

    def place(self, member: int) -> QPointF:
        """Where the dot of a member is, on the rail."""
        return QPointF(self.scale.x(member), self.height() - _RAIL)

    @property
    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP + 6, self.width() - _LEFT - _RIGHT + 6, self.height() - _TOP - _RAIL - 22)

    @property
    def _has_room(self) -> bool:
        return not self._low and self._area.height() > 24

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().panel)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._comparison.series.members:
            self._paint_band(painter)
            if self._curves and self._has_room:
                self._paint_curves(painter)
            self._paint_rail(painter)
            self._paint_flag(painter)
            if self._hovered >= 0 and not self._dragged:
                self._paint_hovered(painter)
        if self.hasFocus() and self._by_key:
            draw_focus(painter, self.rect())

    def _paint_band(self, painter: QPainter) -> None:
        a, b = self.place(self._comparison.a), self.place(self._comparison.b)
        left, right = min(a.x(), b.x()), max(a.x(), b.x())
        painter.fillRect(QRectF(left, 6, right - left, a.y() - 6), theme().sel)

    def _paint_curves(self, painter: QPainter) -> None:
        key = (self.width(), self.height(), self.scale.count)
        if key != self._placed_for:  # the mouse has it painted again and again
            placed = drawn(self._curves, self.scale, self._area)
            self._placed, self._titles = placed, placed_titles(placed, self._area)
            self._placed_for = key
        placed = self._placed
        paint_axis(painter, self._curves, self._area)
        for number, each in reversed(list(enumerate(placed))):
            paint_curve(painter, each, first=not number)
        paint_dots(painter, placed[0])
        paint_titles(painter, self._titles)

    def _paint_rail(self, painter: QPainter) -> None:
        t, comparison, scale = theme(), self._comparison, self.scale
        painter.setPen(QPen(t.strong, 2))
        painter.drawLine(self.place(0), self.place(scale.count - 1))
        painter.setPen(QPen(t.accent, 3))
        painter.drawLine(self.place(comparison.a), self.place(comparison.b))
        radius = 4.0 if scale.gap > _MANY else 2.0
        for member, each in enumerate(comparison.series.members):
            if each.checkpoint is None or each.error:
                self._paint_cross(painter, self.place(member))
            elif member not in (comparison.a, comparison.b):
                self._paint_dot(painter, member, radius)
        for end, letter, side in self._ends():
            self._paint_dot(painter, end, _HANDLE)
            painter.setFont(ui_font(13, SEMIBOLD))
            painter.setPen(t.text)
            at = self.place(end)
            box = QRectF(at.x() + (_HANDLE + 4 if side > 0 else -_HANDLE - 18), at.y() - 9, 14, 18)
            if scale.gap < _BESIDE:  # a letter would lie on the neighbour's dot
                apart = abs(scale.x(comparison.a) - scale.x(comparison.b))
                aside = side * max(0.0, 8 - apart / 2)  # nor on the other's letter
                box = QRectF(at.x() + aside - 7, at.y() - _HANDLE - 18, 14, 18)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)
        self._paint_numbers(painter)

    def _ends(self) -> list[tuple[int, str, int]]:
        a, b = self._comparison.a, self._comparison.b
        return [(a, "A", -1 if a <= b else 1), (b, "B", 1 if a <= b else -1)]

    def _paint_numbers(self, painter: QPainter) -> None:
        comparison, scale, t = self._comparison, self.scale, theme()
        series = comparison.series
        bold = (comparison.a, comparison.b)
        texts = [
            member_words(series, member) if not member else member_number(series, member)
            for member in range(scale.count)
        ]
        metrics = QFontMetrics(ui_font(11, SEMIBOLD))
        room = max(metrics.horizontalAdvance(text) for text in texts[1:] or texts) + 14
        every = int(whole_step(room / max(scale.gap, 0.1), 1))
        first = _first_round(series, every)
        taken: list[QRectF] = []
        for member in (*reversed(bold), 0, *range(first, scale.count, every)):
            width = metrics.horizontalAdvance(texts[member]) + 6
            left = min(max(scale.x(member) - width / 2, 2.0), self.width() - width - 2.0)
            box = QRectF(left, self.height() - 20, width, 16)
            if any(box.adjusted(-4, 0, 4, 0).intersects(other) for other in taken):
                continue
            taken.append(box)
            painter.setFont(ui_font(11, SEMIBOLD) if member in bold else ui_font(11))
            broken = series.members[member].checkpoint is None
            painter.setPen(t.danger if broken else t.text if member in bold else t.text2)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, texts[member])

    def _paint_dot(self, painter: QPainter, member: int, radius: float) -> None:
        bad = member < self._bad.size and self._bad[member] > 0
        share = member / max(1, self.scale.count - 1)
        painter.setBrush(theme().epoch(share))
        painter.setPen(QPen(theme().nan, 2) if bad else QPen(theme().panel, 1.5))
        painter.drawEllipse(self.place(member), radius, radius)

    @staticmethod
    def _paint_cross(painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(theme().nan, 2))
        for way in (1, -1):
            painter.drawLine(at + QPointF(-3.5, -3.5 * way), at + QPointF(3.5, 3.5 * way))

    def _paint_flag(self, painter: QPainter) -> None:
        """Where the first NaN or infinity came in."""
        bad = np.flatnonzero(self._bad > 0)
        if not bad.size or not self._has_room:
            return
        text = self._flag_words(int(bad[0]))
        painter.setFont(ui_font(11, SEMIBOLD))
        width = QFontMetrics(painter.font()).horizontalAdvance(text) + 12
        x = self.scale.x(int(bad[0]))
        left = min(max(4.0, x - width / 2), self.width() - width - 4.0)
        box = QRectF(left, 2, width, 18)
        painter.setPen(QPen(theme().nan, 1.5, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, box.bottom()), self.place(int(bad[0])) - QPointF(0, _HANDLE + 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().danger_ground)
        painter.drawRoundedRect(box, 3, 3)
        painter.setPen(theme().danger)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _flag_words(self, member: int) -> str:
        """``3 NaN``, ``2 infinite``, or both."""
        nan = int(self._nan[member])
        infinite = int(self._bad[member]) - nan
        parts = (nan, tr("{count} NaN")), (infinite, tr("{count} infinite"))
        return ", ".join(words.format(count=integer(count)) for count, words in parts if count)

    def _paint_hovered(self, painter: QPainter) -> None:
        x = self.scale.x(self._hovered)
        painter.fillRect(QRectF(round(x), 6, 1, self.place(0).y() - 6 - _HANDLE), theme().strong)
        paint_reading(painter, self._comparison.series, self._hovered, self._curves, QPointF(x, 4), self.rect())

    # what one does with it

    def _grab(self, at: QPointF) -> str:
        """What is under the mouse: a handle, the band between them on the rail, or nothing."""
        for end, letter, _ in reversed(self._ends()):
            if math.hypot(at.x() - self.place(end).x(), at.y() - self.place(end).y()) <= _NEAR:
                return letter
        a, b = self.place(self._comparison.a), self.place(self._comparison.b)
        on_rail = abs(at.y() - a.y()) <= 6
        return "both" if on_rail and min(a.x(), b.x()) < at.x() < max(a.x(), b.x()) else ""

    def _nearest(self, x: float) -> int:
        return self.scale.nearest(x, self._comparison.series.whole)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._by_key = event.reason() is not Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        member = self._nearest(event.position().x())
        if event.button() is not Qt.MouseButton.LeftButton or member < 0:
            return
        self._dragged = self._grab(event.position())
        self._grip = member
        if not self._dragged:
            is_a = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._dragged = "A" if is_a else "B"
            self._comparison.choose(member, as_a=is_a)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._dragged:
            member = self._nearest(at.x())
            if self._dragged == "both":
                self._move_both(member)
            else:
                self._move_end(self._dragged, member)
            return
        hand = self._grab(at)
        self.setCursor(Qt.CursorShape.SizeHorCursor if hand else Qt.CursorShape.ArrowCursor)
        everybody = range(self.scale.count)
        self._hover(self.scale.nearest(at.x(), everybody) if _LEFT / 2 < at.x() < self.width() - 8 else -1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged = ""
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._hover(-1)

    def _hover(self, member: int) -> None:
        if member != self._hovered:
            self._hovered = member
            self.update()

    def _move_end(self, letter: str, member: int) -> None:
        a, b = self._comparison.a, self._comparison.b
        new = (member, b) if letter == "A" else (a, member)
        if new[0] != new[1]:
            self._comparison.set_ends(*new)
        elif letter == "B" and self._comparison.previous(member) >= 0:  # onto A: A makes room
            self._comparison.set_ends(self._comparison.previous(member), member)

    def _move_both(self, member: int) -> None:
        """Both by as many readable epochs as the mouse has come."""
        whole = self._comparison.series.whole
        by = whole.index(member) - whole.index(self._grip)
        new = [whole.index(end) + by for end in (self._comparison.a, self._comparison.b)]
        if by and min(new) >= 0 and max(new) < len(whole):
            self._grip = member
            self._comparison.set_ends(whole[new[0]], whole[new[1]])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right move B, with Shift A; Home and End go to the ends."""
        whole, comparison = self._comparison.series.whole, self._comparison
        letter = "A" if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else "B"
        end = comparison.a if letter == "A" else comparison.b
        places = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Home: -len(whole),
            Qt.Key.Key_End: len(whole),
        }
        by = places.get(Qt.Key(event.key()))
        if by is None or end not in whole:
            super().keyPressEvent(event)
            return
        self._by_key = True
        other = comparison.b if letter == "A" else comparison.a
        at = min(max(whole.index(end) + by, 0), len(whole) - 1)
        if whole[at] == other:  # past the other one, if there is room behind it
            beyond = at + (1 if by > 0 else -1)
            at = beyond if 0 <= beyond < len(whole) else whole.index(end)
        self._move_end(letter, whole[at])


def _first_round(series: Series, every: int) -> int:
    """The member from which on every so-manyth has a round number, where they follow each other by one."""
    counter = counter_of(series)
    for member, each in enumerate(series.members[:every]):
        number = getattr(each, counter) if counter != "name" else member
        if number is not None and number % every == 0:
            return member
    return 0
