"""A figure for each channel, or each direction, from left to right; beyond the screen as the range per pixel."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.ticks import linear_ticks, log_ticks
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.theme import theme, theme_signal, ui_font

_TOP, _BOTTOM, _RIGHT = 6, 20, 8
_MARK = 4
_LARGEST = 1e308
"""What is beyond, infinite sums too, is drawn as high as this."""

_DECADES = 12.0
"""Powers of ten below the largest value that a logarithmic axis goes down to at most."""


class IndexPlot(QWidget):
    """``hovered`` tells the place under the mouse or the keyboard's, -1 for none, ``chosen`` the one that was
    clicked. A place is an index into what was given.
    """

    hovered = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: np.ndarray = np.zeros(0)
        self._marked: np.ndarray = np.zeros(0, bool)
        self._role = Role.MODEL
        self._log = False
        self._at = -1
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(240, 110)

    def show_values(self, values: np.ndarray, marked: np.ndarray, role: Role, *, log: bool) -> None:
        """Show float64 values of at least 0; ``marked`` (bool) ones get a sign below them."""
        self._values, self._marked, self._role = np.minimum(values, _LARGEST), marked, role
        self._log = log and bool((values > 0).any())
        self._at = -1
        self.update()

    def at(self) -> int:
        """The place that is told."""
        return self._at

    def _left(self) -> int:
        texts = [text for _, text in self._ticks()] or ["0"]
        return max(QFontMetrics(ui_font(11)).horizontalAdvance(text) for text in texts) + 8

    def _area(self) -> QRectF:
        left = self._left()
        return QRectF(left, _TOP, max(1, self.width() - left - _RIGHT), max(1, self.height() - _TOP - _BOTTOM))

    def _range(self) -> tuple[float, float]:
        """The ends of the upright axis, in powers of ten where that is logarithmic."""
        top = float(self._values.max()) if self._values.size else 1.0
        if not self._log:
            return 0.0, top or 1.0
        some = self._values[self._values > 0]
        low, high = float(np.log10(some.min())), float(np.log10(some.max()))
        return max(min(low, high - 0.3), high - _DECADES), high

    def _ticks(self) -> list[tuple[float, str]]:
        low, high = self._range()
        count = max(2, self.height() // 34)
        if not self._log:
            return linear_ticks(low, high, count)
        marks = log_ticks(10.0**low, 10.0**high, count)
        return marks[:: max(1, -(-len(marks) // count))]

    def _heights(self, values: np.ndarray) -> np.ndarray:
        """From 0 at the bottom to 1 at the top."""
        low, high = self._range()
        if self._log:
            values = np.log10(np.maximum(values, 10.0**low))
        heights: np.ndarray = np.clip((values - low) / ((high - low) or 1.0), 0.0, 1.0)
        return heights

    def _place(self, x: float) -> int:
        area, count = self._area(), self._values.size
        if not count or not area.left() <= x <= area.right():
            return -1
        return min(count - 1, int((x - area.left()) / area.width() * count))

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        area = self._area()
        painter.setFont(ui_font(11))
        self._paint_axes(painter, area)
        if self._values.size:
            painter.setClipRect(area.adjusted(0, -1, 0, _MARK + 3))
            self._paint_values(painter, area, t.role(self._role), t.role_pale(self._role))
            self._paint_marks(painter, area)
            painter.setClipping(False)
            if self._at >= 0:
                self._paint_reading(painter, area)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _paint_axes(self, painter: QPainter, area: QRectF) -> None:
        t = theme()
        low, high = self._range()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, text in self._ticks():
            share = ((np.log10(value) if self._log else value) - low) / ((high - low) or 1.0)
            y = area.bottom() - float(share) * area.height()
            painter.fillRect(QRectF(area.left(), round(y), area.width(), 1), t.hairline)
            painter.setPen(t.text2)
            painter.drawText(QRectF(0, y - 8, area.left() - 6, 16), right, text)
        painter.fillRect(QRectF(area.left(), round(area.bottom()), area.width(), 1), t.strong)
        count = self._values.size
        if count < 2:
            return
        metrics = painter.fontMetrics()
        for value, text in linear_ticks(0, count - 1, max(2, int(area.width()) // 80), whole=True):
            x = area.left() + (value + 0.5) / count * area.width()
            wide = metrics.horizontalAdvance(text)
            x = min(max(x - wide / 2, area.left()), area.right() - wide)
            painter.setPen(t.text2)
            painter.drawText(QPointF(x, self.height() - 4), text)

    def _paint_values(self, painter: QPainter, area: QRectF, full: QColor, pale: QColor) -> None:
        heights, count = self._heights(self._values) * area.height(), self._values.size
        columns = int(area.width() * self.devicePixelRatioF())
        if count <= columns / 3:
            step = area.width() / count
            gap = min(1.0, step * 0.2)
            for number, height in enumerate(heights.tolist()):
                bar = QRectF(area.left() + number * step, area.bottom() - height, step - gap, height)
                painter.fillRect(bar, full)
            return
        starts = np.unique(np.arange(columns) * count // columns)
        x = area.left() + (np.arange(len(starts)) + 0.5) / len(starts) * area.width()
        least, most = np.minimum.reduceat(heights, starts), np.maximum.reduceat(heights, starts)
        tops = [QPointF(float(a), area.bottom() - float(b)) for a, b in zip(x, most)]
        lows = [QPointF(float(a), area.bottom() - float(b)) for a, b in zip(x, least)]
        ends = [QPointF(area.right(), area.bottom()), QPointF(area.left(), area.bottom())]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for points, colour in (([*tops, *ends], pale), ([*tops, *reversed(lows)], full)):
            painter.setBrush(colour)
            painter.drawPolygon(QPolygonF(points))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(full, 1.0))
        painter.drawPolyline(QPolygonF(tops))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_marks(self, painter: QPainter, area: QRectF) -> None:
        """A small tick below the axis, never more than one a pixel."""
        places = np.flatnonzero(self._marked)
        if not places.size:
            return
        x = np.unique(np.round(area.left() + (places + 0.5) / self._values.size * area.width()))
        for each in x.tolist():
            painter.fillRect(QRectF(each - 1, area.bottom() + 1, 2, _MARK), theme().warn)

    def _paint_reading(self, painter: QPainter, area: QRectF) -> None:
        x = area.left() + (self._at + 0.5) / self._values.size * area.width()
        height = float(self._heights(self._values[self._at : self._at + 1])[0]) * area.height()
        painter.fillRect(QRectF(round(x), area.top(), 1, area.height()), theme().strong)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme().text)
        painter.setPen(QPen(theme().panel, 1.5))
        painter.drawEllipse(QPointF(x + 0.5, area.bottom() - height), 4, 4)

    def _go(self, place: int) -> None:
        if place != self._at:
            self._at = place
            self.hovered.emit(place)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(self._place(event.position().x()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place(event.position().x())
        if place >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self.chosen.emit(place)

    def leaveEvent(self, event: QEvent) -> None:
        self._go(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right walk, Home and End jump, Return chooses."""
        last = self._values.size - 1
        steps = {Qt.Key.Key_Left: self._at - 1, Qt.Key.Key_Right: self._at + 1, Qt.Key.Key_Home: 0}
        steps[Qt.Key.Key_End] = last
        key = Qt.Key(event.key())
        if key in steps and last >= 0:
            self._go(min(max(steps[key], 0), last))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at >= 0:
            self.chosen.emit(self._at)
        else:
            super().keyPressEvent(event)
