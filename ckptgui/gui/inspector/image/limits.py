"""The colours of a picture upright, with its values' histogram beside them, and two handles where colours end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.image.shading import Limits
from ckptgui.gui.labels import MEDIUM, draw_focus
from ckptgui.gui.numbers import significant, tr
from ckptgui.gui.palettes import Palette
from ckptgui.gui.theme import theme, theme_signal, ui_font

WIDTH = 112
_BAR = 8
_BARS_AT, _BARS = 14, 30
"""Where the histogram begins, and how long its longest bar is."""

_GRIP = 18
"""Height of a handle to take hold of."""


@dataclass(frozen=True)
class Scale:
    """What the bar shows: the limits, the range of values around them, and how many lie where."""

    limits: Limits
    span: Limits
    bars: np.ndarray
    palette: Palette


class LimitsBar(QWidget):
    """``dragged`` has the limits while they are moved, ``reset`` asks for the usual ones."""

    dragged = Signal(object)
    reset = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scale: Scale | None = None
        self.setToolTip(
            tr("Drag a handle to move where colours end, with Shift one end alone. Double-click resets.")
        )
        self.high_end = _Handle(self, tr("Upper limit"), upper=True)
        self.low_end = _Handle(self, tr("Lower limit"), upper=False)
        theme_signal().changed.connect(self.update)

    def show_scale(self, scale: Scale | None) -> None:
        """Show other limits; while a handle is held the range of values stays."""
        held = self.high_end.held or self.low_end.held
        if held and self.scale is not None and scale is not None:
            scale = Scale(scale.limits, self.scale.span, self.scale.bars, scale.palette)
        self.scale = scale
        self._place()

    def _place(self) -> None:
        for handle in (self.high_end, self.low_end):
            handle.setVisible(self.scale is not None)
            if self.scale is not None:
                limits = self.scale.limits
                value = limits.high if handle is self.high_end else limits.low
                handle.setGeometry(0, round(self.y_of(value)) - _GRIP // 2, self.width(), _GRIP)
                handle.tell(value)
        self.update()

    def y_of(self, value: float) -> float:
        """Where a value stands."""
        assert self.scale is not None
        span = self.scale.span
        width = span.high / 2 - span.low / 2
        share = (value / 2 - span.low / 2) / width if width > 0 else 0.5
        return (1 - min(max(share, 0.0), 1.0)) * (self.height() - 1)

    def value_at(self, y: float) -> float:
        """The value at a height."""
        assert self.scale is not None
        span = self.scale.span
        share = 1 - min(max(y / max(1, self.height() - 1), 0.0), 1.0)
        return span.low * (1 - share) + span.high * share

    def set_limit(self, upper: bool, value: float, alone: bool) -> None:
        """Move a limit; with both signs the other one stays opposite, unless ``alone``."""
        if self.scale is None:
            return
        limits, span = self.scale.limits, self.scale.span
        least = (span.high / 2 - span.low / 2) * 0.004
        if limits.signed and not alone:
            reach = max(value if upper else -value, least)
            moved = Limits(-reach, reach)
        elif upper:
            moved = Limits(limits.low, max(value, limits.low + least))
        else:
            moved = Limits(min(value, limits.high - least), limits.high)
        self.dragged.emit(moved)

    def step(self, upper: bool, steps: float, alone: bool) -> None:
        """Move a limit by so many hundredths of the range."""
        if self.scale is not None:
            limits, span = self.scale.limits, self.scale.span
            value = limits.high if upper else limits.low
            self.set_limit(upper, value + steps * (span.high / 100 - span.low / 100), alone)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.reset.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        scale = self.scale
        if scale is None:
            return
        t, painter = theme(), QPainter(self)
        colours, middle = scale.limits.colours(scale.palette, t.dark)
        values = np.array([self.value_at(y) for y in range(self.height())])
        half, last = (len(colours) - 1) / 2, len(colours) - 1
        under = max(middle - scale.limits.low, 5e-324)
        over = max(scale.limits.high - middle, 5e-324)
        with np.errstate(over="ignore"):
            places = half + np.where(values < middle, (values - middle) / under, (values - middle) / over) * half
        for y, code in enumerate(colours[np.clip(np.round(places), 0, last).astype(int)].tolist()):
            painter.fillRect(0, y, _BAR, 1, QColor.fromRgb(code))
        self._paint_bars(painter, scale)
        if scale.span.low < 0 < scale.span.high:
            self._paint_zero(painter)

    def _paint_bars(self, painter: QPainter, scale: Scale) -> None:
        tallest = float(scale.bars.max()) if scale.bars.size else 0.0
        if tallest <= 0:
            return
        ground = theme().role(Role.OTHER)
        step = self.height() / scale.bars.size
        for number, count in enumerate(scale.bars.tolist()):
            if count > 0:
                top = self.height() - (number + 1) * step
                length = max(1.0, count / tallest * _BARS)
                painter.fillRect(
                    QRectF(_BARS_AT, round(top), length, max(1, round(top + step) - round(top))), ground
                )

    def _paint_zero(self, painter: QPainter) -> None:
        """Zero, unless a handle stands there."""
        y = self.y_of(0.0)
        if min(abs(y - self.high_end.y() - _GRIP / 2), abs(y - self.low_end.y() - _GRIP / 2)) < 14:
            return
        painter.setFont(ui_font(11, MEDIUM))
        painter.setPen(theme().text2)
        metrics = painter.fontMetrics()
        painter.fillRect(_BAR, round(y), 3, 1, theme().text2)
        painter.drawText(QPointF(_Handle.TEXT_AT, y + metrics.ascent() / 2 - 1), "0")


class _Handle(QWidget):
    """A line across the colours, a grip, and the value. Up and Down move it, Home resets."""

    TEXT_AT = 55

    def __init__(self, bar: LimitsBar, name: str, *, upper: bool) -> None:
        super().__init__(bar)
        self._bar, self._name, self._upper = bar, name, upper
        self._text = ""
        self.held = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.hide()

    def tell(self, value: float) -> None:
        """Show a value."""
        scale = self._bar.scale
        sign = "+" if scale is not None and scale.limits.signed and value > 0 else ""
        self._text = sign + significant(value, 3)
        self.setAccessibleName(f"{self._name}: {self._text}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        y = _GRIP // 2
        painter.fillRect(0, y, self.TEXT_AT - 10, 1, t.text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(t.accent if self.hasFocus() else t.text)
        tip = self.TEXT_AT - 11.0
        painter.drawPolygon(
            QPolygonF([QPointF(tip, y + 0.5), QPointF(tip + 7, y - 3.5), QPointF(tip + 7, y + 4.5)])
        )
        painter.setFont(ui_font(11, MEDIUM))
        painter.setPen(t.text)
        metrics = painter.fontMetrics()
        painter.drawText(QPointF(self.TEXT_AT, y + metrics.ascent() / 2 - 0.5), self._text)
        if self.hasFocus():
            draw_focus(painter, self.rect(), 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.held = True
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self.raise_()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.held:
            y = self.mapToParent(event.position()).y()
            alone = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._bar.set_limit(self._upper, self._bar.value_at(y), alone)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.held and self._bar.scale is not None:
            self.held = False
            self._bar.dragged.emit(self._bar.scale.limits)  # the range of values follows now

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.held = False
        self._bar.reset.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: 1.0,
            Qt.Key.Key_Down: -1.0,
            Qt.Key.Key_PageUp: 10.0,
            Qt.Key.Key_PageDown: -10.0,
        }.get(Qt.Key(event.key()))
        if steps is not None:
            alone = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._bar.step(self._upper, steps, alone)
        elif event.key() == Qt.Key.Key_Home:
            self._bar.reset.emit()
        else:
            super().keyPressEvent(event)
