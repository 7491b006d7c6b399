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
from ckptgui.gui.compare.timeline.rail import HANDLE, Rail, number_texts, paint_rail
from ckptgui.gui.compare.timeline.reading import paint_reading
from ckptgui.gui.compare.timeline.scale import Scale
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.labels import SEMIBOLD, draw_focus
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

HEIGHT, LOW_HEIGHT = 146, 52
_LEFT, _RIGHT, _TOP, _RAIL = 76, 76, 12, 34
_NEAR = 13.0
"""Points from a handle's middle from which it can be taken hold of."""


class TimelineStrip(QWidget):
    """Click sets B, with Shift A; a handle can be dragged, and the band between them moves both."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._curves: Sequence[ScalarCurve] = ()
        self._nan: np.ndarray = np.zeros(0, np.int64)  # values that are NaN, a member each
        self._bad: np.ndarray = np.zeros(0, np.int64)  # and those that are infinite with them
        self._described: Series | None = None
        self._texts: tuple[str, ...] = ()
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
        if series is not self._described:
            self._described, self._texts = series, number_texts(series)
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
            paint_rail(painter, self._rail)
            self._paint_flag(painter)
            if self._hovered >= 0 and not self._dragged:
                self._paint_hovered(painter)
        if self.hasFocus() and self._by_key:
            draw_focus(painter, self.rect())

    @property
    def _rail(self) -> Rail:
        comparison = self._comparison
        y, size = self.height() - _RAIL, self.size()
        return Rail(comparison.series, self.scale, y, size, comparison.a, comparison.b, self._bad > 0, self._texts)

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
        painter.drawLine(QPointF(x, box.bottom()), self.place(int(bad[0])) - QPointF(0, HANDLE + 2))
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
        painter.fillRect(QRectF(round(x), 6, 1, self.place(0).y() - 6 - HANDLE), theme().strong)
        paint_reading(painter, self._comparison.series, self._hovered, self._curves, QPointF(x, 4), self.rect())

    # what one does with it

    def _grab(self, at: QPointF) -> str:
        """What is under the mouse: a handle, the band between them on the rail, or nothing."""
        for end, letter, _ in reversed(self._rail.ends):
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
