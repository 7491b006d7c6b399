"""Distributions the size of a word: bytes in, a cached pixmap out, so that a repaint only copies."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from ckptgui.core.checkpoint import Role
from ckptgui.gui.theme import theme, theme_signal

HEIGHT = 17
KEPT = 4_096
"""Pixmaps in memory; some 10 KiB each at double density."""


class Sparklines:
    """Pixmaps by tensor, role, mode, width and density; the least recently painted go first."""

    def __init__(self) -> None:
        self._pixmaps: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()
        theme_signal().changed.connect(self.clear)

    def clear(self) -> None:
        """Forget all, for another theme or another checkpoint."""
        self._pixmaps.clear()

    def pixmap(self, row: int, shape: bytes, role: Role, width: int, ratio: float) -> QPixmap:
        """The picture of ``shape``, one byte a bin, 255 the highest."""
        key = (row, shape, role, theme().dark, width, ratio)
        found = self._pixmaps.get(key)
        if found is None:
            found = self._pixmaps[key] = _painted(shape, theme().role(role), width, ratio)
            if len(self._pixmaps) > KEPT:
                self._pixmaps.popitem(last=False)
        else:
            self._pixmaps.move_to_end(key)
        return found


def _painted(shape: bytes, colour: QColor, width: int, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(width * ratio), round(HEIGHT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    if shape:
        step = width / len(shape)
        for index, height in enumerate(shape):
            if height:
                tall = max(1.0 / ratio, height / 255 * (HEIGHT - 1))
                left, right = round(index * step * ratio) / ratio, round((index + 1) * step * ratio) / ratio
                painter.fillRect(QRectF(left, HEIGHT - 1 - tall, right - left, tall), colour)
    painter.end()
    return pixmap


def paint_baseline(painter: QPainter, rect: QRect, colour: QColor) -> None:
    """The line that a distribution stands on, there before its values are."""
    painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), colour)
