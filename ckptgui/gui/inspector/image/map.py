"""The whole matrix, small, with the frame of what the picture shows, which is dragged or sent somewhere."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ckptgui.gui.inspector.image.frame import Frame
from ckptgui.gui.inspector.image.marks import draw_marks
from ckptgui.gui.labels import draw_focus
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import theme, theme_signal

NARROWEST, WIDEST = 24, 60
"""Pixels of its width; within them a matrix keeps its proportions."""


class ImageMap(QWidget):
    """``wanted`` says around which row and column to look."""

    wanted = Signal(int, int)
    moved = Signal(int, int)  # rows and columns of the view, by the arrow keys

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame: Frame | None = None
        self._image: QImage | None = None
        self._marks = np.empty((0, 3), np.int64)
        self._grabbed = QPointF()
        self._size = 1, 1
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(tr("The whole matrix. Arrows move the part that is shown."))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme_signal().changed.connect(self.update)

    def set_matrix(self, size: tuple[int, int]) -> None:
        """Take the proportions of another matrix, still unread."""
        self._image, self._marks = None, np.empty((0, 3), np.int64)
        self._size = size
        self.update()

    def room(self) -> tuple[int, int]:
        """The pixels of the matrix, down and across, in device pixels."""
        box, ratio = self._box(), self.devicePixelRatioF()
        return max(1, round(box.height() * ratio)), max(1, round(box.width() * ratio))

    def show_overview(self, image: QImage, marks: np.ndarray) -> None:
        """Paint this from now on."""
        self._image, self._marks = image, marks
        self.update()

    def show_frame(self, frame: Frame | None) -> None:
        """Say what the picture shows."""
        self._frame = frame
        self.update()

    def _box(self) -> QRectF:
        """Where the matrix is: its proportions as far as its width allows."""
        height, width = self._size
        room = QRectF(self.rect())
        scale = min(room.width() / max(1, width), room.height() / max(1, height))
        wide = min(room.width(), max(NARROWEST, width * scale))
        high = min(room.height(), max(NARROWEST, height * scale))
        return QRectF(0, 0, round(wide), round(high))

    def _part(self, frame: Frame) -> QRectF:
        """The frame of what is shown, in this widget."""
        box = self._box()
        rows, columns = frame.visible()
        down, across = box.height() / max(1, frame.size[0]), box.width() / max(1, frame.size[1])
        return QRectF(columns.start * across, rows.start * down, len(columns) * across, len(rows) * down)

    def paintEvent(self, event: QPaintEvent) -> None:
        t, painter = theme(), QPainter(self)
        box = self._box()
        painter.fillRect(box, t.sunken)
        if self._image is not None:
            smaller = self._image.width() > box.width() * self.devicePixelRatioF()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smaller)
            painter.drawImage(box, self._image, QRectF(self._image.rect()))
            self._draw_marks(painter, box, self._image)
        frame = self._frame
        if frame is not None and not frame.whole:
            part = self._part(frame)
            part.setSize(part.size().expandedTo(QRectF(0, 0, 6, 5).size()))
            part.moveRight(min(part.right(), box.right()))
            part.moveBottom(min(part.bottom(), box.bottom()))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for grow, colour in ((1.5, t.panel), (0.5, t.text)):
                pen = QPen(colour, 1)
                pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
                painter.setPen(pen)
                painter.drawRect(part.toAlignedRect().toRectF().adjusted(grow, grow, -grow, -grow))
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _draw_marks(self, painter: QPainter, box: QRectF, image: QImage) -> None:
        if not len(self._marks):
            return
        ratio = self.devicePixelRatioF()
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        cell = box.width() * ratio / image.width(), box.height() * ratio / image.height()
        centres = np.stack([(self._marks[:, 1] + 0.5) * cell[0], (self._marks[:, 0] + 0.5) * cell[1]], axis=1)
        draw_marks(painter, self._marks, centres, (1.0, 1.0), ratio)
        painter.restore()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        frame = self._frame
        if event.button() != Qt.MouseButton.LeftButton or frame is None:
            return
        part = self._part(frame)
        inside = part.contains(event.position())
        self._grabbed = event.position() - part.center() if inside else QPointF()
        self._go(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position())

    def _go(self, position: QPointF) -> None:
        frame, box = self._frame, self._box()
        if frame is not None:
            place = position - self._grabbed
            row = round(place.y() / box.height() * frame.size[0])
            column = round(place.x() / box.width() * frame.size[1])
            self.wanted.emit(min(max(row, 0), frame.size[0] - 1), min(max(column, 0), frame.size[1] - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.moved.emit(*step)
