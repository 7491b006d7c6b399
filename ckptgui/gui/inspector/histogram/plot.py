"""The histogram's plot: shows a picture, reads bars, and says how someone zooms, drags and moves in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.histogram.chart import Chart, lay_out
from ckptgui.gui.inspector.histogram.painting import (
    Frame,
    frame_in,
    paint_axes,
    paint_bars,
    paint_grid,
    paint_outlines,
    paint_selection,
)
from ckptgui.gui.inspector.histogram.picture import Picture
from ckptgui.gui.inspector.histogram.rail import paint_rail
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.theme import theme, theme_signal

_STEP = 0.8
"""How much closer a turn of the wheel, or a key, looks."""

_DRAG = 4
"""Pixels from which on a press is a drag."""


class HistogramPlot(QWidget):
    """Says which bar is read, and which part of the picture (0 its left end, 1 its right) someone wants to see."""

    painted = Signal()
    bin_read = Signal(int)  # -1: none
    part_wanted = Signal(float, float)
    all_wanted = Signal()
    pin_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.role = Role.OTHER
        self.slots: tuple[int, ...] = ()
        self.lit = -1
        self.read_bin = -1
        self._chart: Chart | None = None
        self._painted = True
        self._drag: tuple[float, float] | None = None
        self._by_key = True
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme_signal().changed.connect(self.update)

    @property
    def chart(self) -> Chart | None:
        """The picture as it is laid out now."""
        return self._chart

    def show_picture(
        self, picture: Picture | None, role: Role, slots: Sequence[int] = (), *, same: bool = False
    ) -> None:
        """Show another picture, or a bare line while there is none. The ``same`` view goes on being read."""
        self.picture, self.role, self.slots = picture, role, tuple(slots)
        self._drag = self._drag if same else None
        if not same or picture is None or self.read_bin >= picture.bins:
            self.read_bin = -1
        self._painted = picture is None
        self._lay_out()

    def light(self, slot: int) -> None:
        """Show a pin's outline thicker than the others; -1 for none."""
        self.lit = slot
        self.update()

    def _lay_out(self) -> None:
        self._chart = lay_out(self.picture, self._frame().width) if self.picture is not None else None
        self.update()

    def _frame(self) -> Frame:
        bins = self.picture.bins if self.picture is not None else 1
        return frame_in(QRectF(self.rect()), bins, self.devicePixelRatioF())

    def bin_rect(self, number: int) -> QRectF:
        """Where a bin stands in this widget, up to the top of its bar."""
        frame = self._frame()
        top = frame.y(float(self._chart.heights[number])) if self._chart is not None else frame.top
        return QRectF(frame.x(number), top, frame.x(number + 1) - frame.x(number), frame.base - top)

    def area(self) -> QRectF:
        """The part of the widget where bars can stand."""
        frame = self._frame()
        return QRectF(frame.left, frame.top, frame.width, frame.base - frame.top)

    def read(self, number: int) -> None:
        """Read a bin: darken its bar and tell; -1 for none."""
        if number != self.read_bin:
            self.read_bin = number
            self.update()
            self.bin_read.emit(number)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the chart, and the ring of focus; tells once a picture, after the paint."""
        ink, painter, frame = theme(), QPainter(self), self._frame()
        painter.fillRect(self.rect(), ink.panel)
        chart = self._chart
        if chart is None:
            painter.fillRect(QRectF(frame.left, frame.base, frame.width, 1), ink.hairline)
            return
        paint_grid(painter, frame, chart, ink)
        if self._drag is not None:
            paint_selection(painter, frame, ink, *self._drag)
        paint_bars(painter, frame, chart, ink, self.role, self.read_bin)
        paint_outlines(painter, frame, chart, ink, self.role, self.slots, self.lit)
        paint_rail(painter, frame, chart.picture, ink)
        paint_axes(painter, frame, chart, ink)
        if self.hasFocus() and self._by_key:
            draw_focus(painter, self.rect())
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self._tell_painted)

    def _tell_painted(self) -> None:
        self.painted.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for other marks."""
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(480, 196)

    # the mouse

    def _place(self, x: float) -> float:
        """Where a pixel stands, in bins, within the picture."""
        frame = self._frame()
        return min(max((x - frame.left) / max(frame.width, 1.0), 0.0), 1.0) * frame.bins

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the bin under the mouse, or drag."""
        if self.picture is None:
            return
        place = self._place(event.position().x())
        if self._drag is not None:
            self._drag = self._drag[0], place
            self.update()
        inside = self.area().adjusted(0, -14, 0, 0).contains(event.position())
        number = min(math.floor(place), self.picture.bins - 1)
        self.read(number if inside and self._drag is None else -1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag a range."""
        if event.button() is Qt.MouseButton.LeftButton and self.picture is not None:
            place = self._place(event.position().x())
            self._drag = place, place

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Show the range that was dragged; a mere click reads its bar."""
        drag, self._drag = self._drag, None
        self.update()
        if event.button() is Qt.MouseButton.LeftButton and drag is not None and self.picture is not None:
            first, last = sorted((drag[0], self._place(event.position().x())))
            if (last - first) * self._frame().width >= _DRAG * self.picture.bins:
                self.part_wanted.emit(first / self.picture.bins, last / self.picture.bins)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the first view again."""
        self.all_wanted.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Read nothing."""
        self.read(-1)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse; sideways, or with Shift, move."""
        if self.picture is None:
            event.ignore()
            return
        sideways = event.angleDelta().x() / 120
        steps = event.angleDelta().y() / 120
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways, steps = sideways or steps, 0.0
        if steps:
            self._zoom(self._place(event.position().x()), _STEP**steps)
        elif sideways:
            self._move(-sideways / 10)
        event.accept()

    # the keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows read, with Shift they move; plus, minus and 0 zoom; Esc goes back; P pins."""
        act = self._act_of(event)
        if self.picture is None or act is None:
            event.ignore()
        else:
            act()

    def _act_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            way = 1 if key is Qt.Key.Key_Right else -1
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                return lambda: self._move(way / 10)
            return lambda: self._read_neighbour(way)
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Up):
            return lambda: self._zoom(self._focus_place(), _STEP)
        if key in (Qt.Key.Key_Minus, Qt.Key.Key_Down):
            return lambda: self._zoom(self._focus_place(), 1 / _STEP)
        if key is Qt.Key.Key_Escape:
            return self._step_back
        return {Qt.Key.Key_0: self.all_wanted.emit, Qt.Key.Key_P: self.pin_wanted.emit}.get(key)

    def _focus_place(self) -> float:
        """Around what the keys zoom: the bar that is read, or the middle."""
        bins = self.picture.bins if self.picture is not None else 1
        return self.read_bin + 0.5 if self.read_bin >= 0 else bins / 2

    def _read_neighbour(self, step: int) -> None:
        picture = self.picture
        if picture is None:
            return
        start = self.read_bin if self.read_bin >= 0 else int(np.argmax(picture.counts)) - step
        if start + step in (-1, picture.bins):
            self._move(step / 10)
        else:
            self.read(start + step)

    def _step_back(self) -> None:
        """Give up the drag, else the bar that is read, else the zoom."""
        if self._drag is not None:
            self._drag = None
            self.update()
        elif self.read_bin >= 0:
            self.read(-1)
        else:
            self.all_wanted.emit()

    def _zoom(self, place: float, factor: float) -> None:
        share = place / max(self.picture.bins, 1) if self.picture is not None else 0.5
        self.part_wanted.emit(share - share * factor, share + (1 - share) * factor)

    def _move(self, share: float) -> None:
        self.part_wanted.emit(share, 1 + share)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring is for who came with the keys."""
        self._by_key = event.reason() is not Qt.FocusReason.MouseFocusReason
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Read nothing when the keys are elsewhere."""
        super().focusOutEvent(event)
        self.read(-1)
