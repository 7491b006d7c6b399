"""What pictures and lines of values share: wheel, drag and keys, the place that is read, the frame they move."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ckptgui.gui.inspector.image.frame import Axis, Frame, Offers
from ckptgui.gui.inspector.image.shading import Picture
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.theme import theme, theme_signal

Place = tuple[int, int]
"""Row and column."""

_DRAG = 4
"""Pixels that the mouse goes before a press becomes a drag."""


class Surface(QWidget):
    """Shows the part of a matrix that ``frame`` says. ``changed`` says that another part is wanted."""

    changed = Signal()
    read = Signal(object)  # the place under the mouse or chosen, None: no place
    menu_wanted = Signal(QPoint)
    values_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame: Frame | None = None
        self.picture: Picture | None = None
        self.tile = (1, 1)
        self.chosen: Place | None = None
        self.offers: Offers = lambda values, axis: True
        self._hover: Place | None = None
        self._pressed: QPoint | None = None
        self._from: Frame | None = None
        self._dragged = False
        self._wheel = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 40)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme_signal().changed.connect(self.update)

    # What is painted

    def area(self) -> QRect:
        """Where values stand, in this widget."""
        return self.rect()

    def draw(self, painter: QPainter, ratio: float) -> None:
        """Paint the area, in device pixels from its corner."""
        raise NotImplementedError

    def draw_place(self, painter: QPainter, place: Place, ratio: float) -> None:
        """Mark the place that is read."""
        raise NotImplementedError

    def draw_around(self, painter: QPainter) -> None:
        """Paint what stands around the area."""

    # Which part is shown

    def first(self, frame: Frame) -> Frame:
        """What is shown at first."""
        return frame.first(self.offers, 4 if max(self.tile) > 1 else 1)

    def fitted(self, frame: Frame) -> Frame:
        """All of it."""
        return frame.fitted(self.offers)

    def closer(self, frame: Frame, y: float, x: float) -> Frame:
        """One step closer around a pixel of the area."""
        return frame.closer(y, x, self.offers)

    def farther(self, frame: Frame, y: float, x: float) -> Frame:
        """One step farther away."""
        return frame.farther(y, x, self.offers)

    def resized(self, frame: Frame, room: tuple[int, int]) -> Frame:
        """The same part in an area of another size."""
        return frame.resized(room)

    def room(self) -> tuple[int, int]:
        """The area in device pixels, down and across."""
        ratio, area = self.devicePixelRatioF(), self.area()
        return max(1, math.floor(area.height() * ratio)), max(1, math.floor(area.width() * ratio))

    def set_matrix(self, size: tuple[int, int], tile: tuple[int, int], offers: Offers) -> None:
        """Show another matrix from its first view on."""
        self.picture = self.chosen = self._hover = None
        self.tile, self.offers = tile, offers
        self.frame = self.first(Frame(size, self.room(), Axis(), Axis()))
        self.update()
        self.changed.emit()

    def clear(self) -> None:
        """Show nothing."""
        self.frame = self.picture = self.chosen = self._hover = None
        self.update()

    def show_picture(self, picture: Picture) -> None:
        """Paint this from now on; it was made for a part that may have been left since."""
        self.picture = picture
        self.update()

    @property
    def place(self) -> Place | None:
        """The place that is read: under the mouse, else the chosen one."""
        return self._hover if self._hover is not None else self.chosen

    def turn(self, frame: Frame | None) -> None:
        """Look at another part."""
        if frame is not None and frame != self.frame:
            self.frame = frame
            self.update()
            self.changed.emit()

    def fit(self) -> None:
        """All of it; if that is seen already, the first view around the place that is read."""
        frame = self.frame
        if frame is None:
            return
        fitted = self.fitted(frame)
        if (frame.down, frame.across) == (fitted.down, fitted.across):
            fitted = self.first(frame).around(*(self.place or (0, 0)))
        self.turn(fitted)

    def zoom(self, closer: bool, at: QPointF | None = None) -> None:
        """One step around a point of the widget, else around the chosen place or the middle."""
        frame = self.frame
        if frame is not None:
            y, x = self._pixel(at) if at is not None else self._middle(frame)
            self.turn(self.closer(frame, y, x) if closer else self.farther(frame, y, x))

    def _middle(self, frame: Frame) -> tuple[float, float]:
        if self.chosen is None:
            return frame.room[0] / 2, frame.room[1] / 2
        y, x = frame.pixel_of(*self.chosen)
        return y + frame.down.pixels / 2, x + frame.across.pixels / 2

    def choose(self, place: Place | None) -> None:
        """Choose a value, and bring it into view."""
        self.chosen, frame = place, self.frame
        if place is not None and frame is not None:
            y, x = frame.pixel_of(*place)
            if not (0 <= y < frame.room[0] and 0 <= x < frame.room[1]):
                self.turn(frame.around(*place))
        self.update()
        self.read.emit(self.place)

    def cell_rect(self, place: Place) -> QRectF:
        """Where a cell stands in this widget."""
        frame, area = self.frame, self.area()
        assert frame is not None
        ratio = self.devicePixelRatioF()
        y, x = frame.pixel_of(*place)
        size = frame.across.pixels / ratio, frame.down.pixels / ratio
        return QRectF(area.x() + x / ratio, area.y() + y / ratio, *size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().panel)
        self.draw_around(painter)
        self._draw_area(painter)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _draw_area(self, painter: QPainter) -> None:
        ratio, area = self.devicePixelRatioF(), self.area()
        painter.save()
        painter.translate(area.topLeft())
        painter.scale(1 / ratio, 1 / ratio)
        painter.setClipRect(QRectF(0, 0, area.width() * ratio, area.height() * ratio))
        self.draw(painter, ratio)
        painter.setClipping(False)
        if self.place is not None and self.frame is not None:
            self.draw_place(painter, self.place, ratio)
        painter.restore()

    def grabbed(self) -> QImage:
        """What is seen, without what the mouse reads, in device pixels."""
        ratio = self.devicePixelRatioF()
        image = QImage(round(self.width() * ratio), round(self.height() * ratio), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(theme().panel)
        painter = QPainter(image)
        self.draw_around(painter)
        area = self.area()
        painter.translate(area.topLeft())
        painter.scale(1 / ratio, 1 / ratio)
        self.draw(painter, ratio)
        painter.end()
        return image

    # The mouse and the keys

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_room()

    def event(self, event: QEvent) -> bool:
        """Take another screen's pixels too."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._take_room()
        return super().event(event)

    def _take_room(self) -> None:
        """A view that was never touched is the first view of the new size too."""
        frame, room = self.frame, self.room()
        if frame is None or frame.room == room:
            return
        untouched = frame == self.first(frame)
        self.turn(self.first(frame.resized(room)) if untouched else self.resized(frame, room))

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / 120)
        self._wheel -= steps * 120
        for _ in range(min(8, abs(steps))):
            self.zoom(steps > 0, event.position())
        self._hover_at(event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._from, self._dragged = event.position().toPoint(), self.frame, False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pressed, start = self._pressed, self._from
        if pressed is None or start is None:
            self._hover_at(event.position())
            return
        way = event.position().toPoint() - pressed
        if self._dragged or way.manhattanLength() >= _DRAG:
            self._dragged = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._hover_at(None)
            ratio = self.devicePixelRatioF()
            self.turn(start.moved(round(-way.y() * ratio), round(-way.x() * ratio)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        self._pressed = None
        if self._dragged:
            self.unsetCursor()
        else:
            self.choose(self._at(event.position()))
        self._hover_at(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover_at(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self.choose(self._at(QPointF(event.pos())))
        self.menu_wanted.emit(event.globalPos())

    def _pixel(self, position: QPointF) -> tuple[float, float]:
        """A point of the widget in device pixels of the area, down and across."""
        ratio, area = self.devicePixelRatioF(), self.area()
        return (position.y() - area.y()) * ratio, (position.x() - area.x()) * ratio

    def _at(self, position: QPointF) -> Place | None:
        if self.frame is None or not QRectF(self.area()).contains(position):
            return None
        return self.frame.value_at(*self._pixel(position))

    def _hover_at(self, position: QPointF | None) -> None:
        place = self._at(position) if position is not None else None
        if place != self._hover:
            self._hover = place
            self.update()
            self.read.emit(self.place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        act = _KEYS.get(key)
        if self.frame is None or (act is None and key not in _ARROWS):
            super().keyPressEvent(event)
        elif act is not None:
            act(self)
        else:
            self._step(self.frame, *_ARROWS[key])

    def _step(self, frame: Frame, down: int, right: int) -> None:
        """Arrows move the chosen place; without one, the view."""
        if self.chosen is None:
            self.turn(frame.moved(down * max(1, frame.room[0] // 8), right * max(1, frame.room[1] // 8)))
            return
        row, column = self.chosen[0] + down * frame.block[0], self.chosen[1] + right * frame.block[1]
        if 0 <= row < frame.size[0] and 0 <= column < frame.size[1]:
            self._hover = None
            self.choose((row, column))

    def _take(self) -> None:
        """Return chooses the value in the middle of what is seen; of a chosen one it asks for the table."""
        frame = self.frame
        if frame is None:
            return
        if self.chosen is not None:
            self.values_wanted.emit(self.chosen)
            return
        middle = [part.start + len(part) // 2 // step * step for part, step in zip(frame.visible(), frame.block)]
        self.choose((middle[0], middle[1]))


_ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_KEYS: dict[Qt.Key, Callable[[Surface], None]] = {
    Qt.Key.Key_Plus: lambda surface: surface.zoom(closer=True),
    Qt.Key.Key_Equal: lambda surface: surface.zoom(closer=True),
    Qt.Key.Key_Minus: lambda surface: surface.zoom(closer=False),
    Qt.Key.Key_0: Surface.fit,
    Qt.Key.Key_Return: Surface._take,
    Qt.Key.Key_Enter: Surface._take,
    Qt.Key.Key_Escape: lambda surface: surface.choose(None),
}
