"""The picture of a matrix: wheel and drag, keys, the value under the mouse. It paints what it is handed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ckptgui.gui.inspector.cells import cell_text
from ckptgui.gui.inspector.image_frame import Axis, Frame, Offers
from ckptgui.gui.inspector.image_marks import draw_marks, text_font
from ckptgui.gui.inspector.image_shading import Picture
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.theme import theme, theme_signal

Place = tuple[int, int]

_LINES_FROM = 6
"""Pixels of a kernel from which on lines part it from its neighbours."""

_DRAG = 4
"""Pixels that the mouse goes before a press becomes a drag."""


class ImageView(QWidget):
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
        self._pictured: Frame | None = None
        self._offers: Offers = lambda values, axis: True
        self._hover: Place | None = None
        self._pressed: QPoint | None = None
        self._from: Frame | None = None
        self._wheel = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 40)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        theme_signal().changed.connect(self.update)

    def room(self) -> tuple[int, int]:
        """The area in device pixels, down and across."""
        ratio = self.devicePixelRatioF()
        return max(1, math.floor(self.height() * ratio)), max(1, math.floor(self.width() * ratio))

    def set_matrix(self, size: tuple[int, int], tile: tuple[int, int], offers: Offers) -> None:
        """Show another matrix from its first view on."""
        self.picture, self._pictured, self.chosen, self._hover = None, None, None, None
        self.tile, self._offers = tile, offers
        self.frame = Frame(size, self.room(), Axis(), Axis()).first(offers)
        self.update()
        self.changed.emit()

    def clear(self) -> None:
        """Show nothing."""
        self.frame = self.picture = self.chosen = self._hover = None
        self.update()

    def show_picture(self, picture: Picture) -> None:
        """Paint this from now on; it was made for a part that may have been left since."""
        self.picture, self._pictured = picture, self.frame
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
        """All of it; if that is seen already, as at first around the chosen place."""
        frame = self.frame
        if frame is None:
            return
        fitted = frame.fitted(self._offers)
        if frame == fitted:
            row, column = self.place or (0, 0)
            fitted = frame.first(self._offers).around(row, column)
        self.turn(fitted)

    def zoom(self, closer: bool, at: QPointF | None = None) -> None:
        """One step around a point of the widget, else around the chosen place or the middle."""
        frame = self.frame
        if frame is None:
            return
        ratio = self.devicePixelRatioF()
        y, x = (at.y() * ratio, at.x() * ratio) if at is not None else self._middle(frame)
        self.turn(frame.closer(y, x, self._offers) if closer else frame.farther(y, x, self._offers))

    def _middle(self, frame: Frame) -> tuple[float, float]:
        if self.chosen is None:
            return frame.room[0] / 2, frame.room[1] / 2
        return frame.pixel_of(*self.chosen)

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
        frame = self.frame
        assert frame is not None
        ratio = self.devicePixelRatioF()
        y, x = frame.pixel_of(*place)
        return QRectF(x / ratio, y / ratio, frame.across.pixels / ratio, frame.down.pixels / ratio)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().panel)
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        self.draw(painter, ratio)
        if self.place is not None and self.frame is not None:
            self._draw_place(painter, self.place, ratio)
        painter.resetTransform()
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def grabbed(self) -> QImage:
        """The picture alone, as it is seen, in device pixels."""
        height, width = self.room()
        if self.frame is not None:
            lengths = [axis.length(n) for axis, n in zip(self.frame.axes, self.frame.size)]
            height, width = min(height, lengths[0]), min(width, lengths[1])
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.fill(theme().panel)
        painter = QPainter(image)
        self.draw(painter, self.devicePixelRatioF())
        painter.end()
        return image

    def draw(self, painter: QPainter, ratio: float) -> None:
        """Paint cells, the lines between kernels, and marks; in device pixels."""
        frame, picture = self.frame, self.picture
        if frame is None or picture is None:
            return
        target = self._target(frame, picture)
        painter.drawImage(target, picture.image, QRectF(picture.image.rect()))
        self._draw_lines(painter, frame, ratio)
        cell = picture.view.cells.block[1] * frame.across.scale, picture.view.cells.block[0] * frame.down.scale
        self._draw_numbers(painter, frame, picture, cell, ratio)
        marks = picture.marks
        if len(marks):
            centres = np.stack([(marks[:, 1] + 0.5) * cell[0], (marks[:, 0] + 0.5) * cell[1]], axis=1)
            centres += (target.x(), target.y())
            seen = (centres > (-cell[0], -cell[1])).all(1)
            seen &= (centres < (frame.room[1] + cell[0], frame.room[0] + cell[1])).all(1)
            draw_marks(painter, marks[seen], centres[seen], cell, ratio)

    def _target(self, frame: Frame, picture: Picture) -> QRectF:
        view = picture.view
        y, x = frame.pixel_of(view.row, view.column)
        height = picture.image.height() * view.cells.block[0] * frame.down.scale
        width = picture.image.width() * view.cells.block[1] * frame.across.scale
        return QRectF(round(x), round(y), round(width), round(height))

    def _draw_lines(self, painter: QPainter, frame: Frame, ratio: float) -> None:
        """Lines between kernels, where these are large enough."""
        lengths = [tile * axis.scale for tile, axis in zip(self.tile, frame.axes)]
        parted = [length for length, tile in zip(lengths, self.tile) if tile > 1]
        if not parted or min(parted) < _LINES_FROM * ratio:
            return
        thick = max(1, round(ratio)) * (1 if min(parted) < 24 * ratio else 2)
        ground = theme().panel
        height, width = (axis.length(n) for axis, n in zip(frame.axes, frame.size))
        if self.tile[0] > 1:
            for y in _steps(frame.top, frame.room[0], lengths[0]):
                painter.fillRect(QRectF(0, y - thick // 2, width, thick), ground)
        if self.tile[1] > 1:
            for x in _steps(frame.left, frame.room[1], lengths[1]):
                painter.fillRect(QRectF(x - thick // 2, 0, thick, height), ground)

    def _draw_numbers(
        self, painter: QPainter, frame: Frame, picture: Picture, cell: tuple[float, float], ratio: float
    ) -> None:
        """The values themselves, in cells with room for them."""
        values = picture.view.values
        if values is None or cell[0] < 48 * ratio or cell[1] < 16 * ratio:
            return
        painter.setFont(text_font(ratio))
        metrics = painter.fontMetrics()
        rows, columns = frame.visible()
        view, t = picture.view, theme()
        light, dark = (t.text, t.panel) if t.dark else (t.panel, t.text)
        for row in range(max(rows.start, view.row), min(rows.stop, view.row + values.shape[0])):
            for column in range(max(columns.start, view.column), min(columns.stop, view.column + values.shape[1])):
                i, j = row - view.row, column - view.column
                text = cell_text(values[i, j])
                if picture.view.cells.odd[i, j] or metrics.horizontalAdvance(text) > cell[0] - 6 * ratio:
                    continue
                y, x = frame.pixel_of(row, column)
                ground = picture.image.pixelColor(j, i)
                painter.setPen(dark if ground.lightnessF() > 0.55 else light)
                painter.drawText(QRectF(x, y, cell[0], cell[1]), Qt.AlignmentFlag.AlignCenter, text)

    def _draw_place(self, painter: QPainter, place: Place, ratio: float) -> None:
        """A box around the cell that is read."""
        frame = self.frame
        assert frame is not None
        y, x = frame.pixel_of(*place)
        one = max(1, round(ratio))
        out = 3 * one if max(frame.down.pixels, frame.across.pixels) < 12 * one else one
        box = QRectF(x - out, y - out, frame.across.pixels + 2 * out, frame.down.pixels + 2 * out)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        half = one / 2
        for grow, colour in ((one, theme().panel), (0, theme().text)):
            pen = QPen(colour, one)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(box.adjusted(half - grow, half - grow, grow - half, grow - half))

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
        untouched = frame == frame.first(self._offers)
        resized = frame.resized(room)
        self.turn(resized.first(self._offers) if untouched else resized)

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
            self._pressed, self._from = event.position().toPoint(), self.frame

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pressed, start = self._pressed, self._from
        if pressed is None or start is None:
            self._hover_at(event.position())
            return
        way = event.position().toPoint() - pressed
        if self.cursor().shape() == Qt.CursorShape.ClosedHandCursor or way.manhattanLength() >= _DRAG:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._hover_at(None)
            ratio = self.devicePixelRatioF()
            self.turn(start.moved(round(-way.y() * ratio), round(-way.x() * ratio)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        self._pressed = None
        if self.cursor().shape() == Qt.CursorShape.ClosedHandCursor:
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

    def _at(self, position: QPointF) -> Place | None:
        ratio = self.devicePixelRatioF()
        return self.frame.value_at(position.y() * ratio, position.x() * ratio) if self.frame else None

    def _hover_at(self, position: QPointF | None) -> None:
        inside = position is not None and QRectF(self.rect()).contains(position)
        place = self._at(position) if inside and position is not None else None
        if place != self._hover:
            self._hover = place
            self.update()
            self.read.emit(self.place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        frame, key = self.frame, Qt.Key(event.key())
        act = _KEYS.get(key)
        if frame is None or (act is None and key not in _ARROWS):
            super().keyPressEvent(event)
            return
        if act is not None:
            act(self)
            return
        down, right = _ARROWS[key]
        if self.chosen is None:
            self.turn(frame.moved(down * max(1, frame.room[0] // 8), right * max(1, frame.room[1] // 8)))
            return
        row, column = self.chosen[0] + down * frame.block[0], self.chosen[1] + right * frame.block[1]
        if 0 <= row < frame.size[0] and 0 <= column < frame.size[1]:
            self._hover = None
            self.choose((row, column))

    def _choose_middle(self) -> None:
        """Return chooses the value in the middle of what is seen; of a chosen one it asks for the table."""
        frame = self.frame
        if frame is None:
            return
        if self.chosen is not None:
            self.values_wanted.emit(self.chosen)
            return
        rows, columns = frame.visible()
        middle = [len(part) // 2 // step * step + part.start for part, step in zip((rows, columns), frame.block)]
        self.choose((middle[0], middle[1]))


_ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_KEYS: dict[Qt.Key, Callable[[ImageView], None]] = {
    Qt.Key.Key_Plus: lambda view: view.zoom(closer=True),
    Qt.Key.Key_Equal: lambda view: view.zoom(closer=True),
    Qt.Key.Key_Minus: lambda view: view.zoom(closer=False),
    Qt.Key.Key_0: ImageView.fit,
    Qt.Key.Key_Return: ImageView._choose_middle,
    Qt.Key.Key_Enter: ImageView._choose_middle,
    Qt.Key.Key_Escape: lambda view: view.choose(None),
}


def _steps(start: int, room: int, length: float) -> list[int]:
    """Where things of a length end, in pixels of the area."""
    first = math.floor(start / length) + 1
    last = math.ceil((start + room) / length)
    return [round(number * length - start) for number in range(first, last + 1)]
