"""A small curve of one figure over the training's steps: its course, its last value, and what the axes hold."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.training.history import Curve
from ckptgui.gui.labels import ElidedLabel
from ckptgui.gui.numbers import integer, significant, tr
from ckptgui.gui.theme import theme, theme_signal

HEIGHT, WIDTH = 40, 176
_MAX_POINTS = 2048


class _Line(QWidget):
    """The course itself. The place under the mouse is told in the caption above."""

    def __init__(self, curve: Curve, parent: SmallCurve) -> None:
        super().__init__(parent)
        self._curve = curve
        self._told = parent
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self._at: int | None = None
        theme_signal().changed.connect(self.update)

    def _points(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of every point, the first step at the left edge and the greatest value at the top."""
        steps, values = self._curve.steps, self._curve.values
        wide, high = self.width() - 10, HEIGHT - 12
        length, spread = steps[-1] - steps[0], values.max() - values.min()
        x = 2 + (steps - steps[0]) * (wide / length if length > 0 else 0)
        y = 6 + (values.max() - values) * (high / spread if spread > 0 else 0)
        return x, y if spread > 0 else y + high / 2

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        t, painter = theme(), QPainter(self)
        painter.fillRect(QRectF(0, HEIGHT - 1, self.width(), 1), t.strong)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, y = self._points()
        keep = np.unique(np.linspace(0, len(x) - 1, _MAX_POINTS).astype(int)) if len(x) > _MAX_POINTS else None
        line = zip((x if keep is None else x[keep]).tolist(), (y if keep is None else y[keep]).tolist())
        painter.setPen(QPen(t.text2, 1.5))
        painter.drawPolyline(QPolygonF([QPointF(*point) for point in line]))
        self._dot(painter, QPointF(float(x[-1]), float(y[-1])), t.panel)
        if self._at is not None:
            self._dot(painter, QPointF(float(x[self._at]), float(y[self._at])), t.text)

    @staticmethod
    def _dot(painter: QPainter, centre: QPointF, fill: QColor) -> None:
        painter.setPen(QPen(theme().text, 1.5))
        painter.setBrush(fill)
        painter.drawEllipse(centre, 3, 3)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, _ = self._points()
        self._at = int(np.abs(x - event.position().x()).argmin())
        self._told.tell(self._at)
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._at = None
        self._told.tell(None)
        self.update()


class SmallCurve(QWidget):
    """A caption and the course below it."""

    def __init__(self, curve: Curve, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve = curve
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.setFixedWidth(WIDTH)
        self.caption = ElidedLabel("", self, colour="text2", pixels=11)
        layout.addWidget(self.caption)
        self.line = _Line(curve, self)
        layout.addWidget(self.line)
        self.tell(None)
        self.setAccessibleName(self.caption.text())

    def tell(self, place: int | None) -> None:
        """Say one point, or what the whole is."""
        name, steps, values = curve_title(self._curve.name), self._curve.steps, self._curve.values
        if place is None:
            self.caption.setText(tr("{0}, {1} steps").format(name, integer(int(steps[-1]))))
        else:
            value = significant(float(values[place]))
            self.caption.setText(tr("{0} at step {1}").format(value, integer(int(steps[place]))))


def curve_title(name: str) -> str:
    """``eval_loss`` as words: ``Eval loss``."""
    words = display(name, 24).replace("_", " ").strip()
    return words[:1].upper() + words[1:]
