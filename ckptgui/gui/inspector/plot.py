"""The histogram's plot. Importing it imports pyqtgraph, so it is imported when the first tensor is shown.

Bars, grid and rail are one item each, painted in device pixels; pyqtgraph places the axes and keeps the scene.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.picture import Picture
from ckptgui.gui.inspector.plot_items import Bars, Rail
from ckptgui.gui.inspector.ticks import count_ticks, linear_ticks, log_count_ticks, symlog_ticks
from ckptgui.gui.labels import MEDIUM, draw_focus
from ckptgui.gui.theme import theme, theme_signal, ui_font

RAIL = 38
"""Height in pixels of the band above the bars where the quantiles stand."""

_LOG_FLOOR = 0.3
"""On a log axis a bar of one value is this many decades high, so that it can be seen."""


class HistogramPlot(pg.PlotWidget):  # type: ignore[misc]
    """Shows a ``Picture``; says which bin is read, and when someone zooms or wants all of it back."""

    painted = Signal()
    bin_read = Signal(int)  # -1: none
    zoomed = Signal(float, float)  # place in bins, factor
    reset = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.picture: Picture | None = None
        self.role = Role.OTHER
        self.heights = np.zeros(0)
        self.count_marks: list[tuple[float, str]] = []
        self.read_bin = -1
        self.ceiling = 1.2
        self._painted = True
        plot = self.getPlotItem()
        plot.hideButtons()
        plot.setMouseEnabled(False, False)
        plot.layout.setContentsMargins(0, 0, 8, 0)
        self._view = plot.getViewBox()
        self._view.setDefaultPadding(0)
        self._bars, self._rail = Bars(self), Rail(self)
        for item in (self._bars, self._rail):
            self.addItem(item, ignoreBounds=True)
        self._left, self._bottom = plot.getAxis("left"), plot.getAxis("bottom")
        font = ui_font(11, MEDIUM)
        metrics = QFontMetrics(font)
        for axis in (self._left, self._bottom):
            axis.setStyle(
                tickLength=0, tickAlpha=0, tickFont=font, autoExpandTextSpace=False, hideOverlappingLabels=False
            )
        self._left.setStyle(tickTextOffset=8)
        self._left.setWidth(metrics.horizontalAdvance("000.0 M") + 6)
        self._bottom.setStyle(tickTextOffset=5)
        self._bottom.setHeight(metrics.height() + 6)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self._view.sigResized.connect(self._fit)
        theme_signal().changed.connect(self._recolour)
        self._recolour()

    def show_picture(self, picture: Picture | None, role: Role) -> None:
        """Show another picture, or the bare axis while there is none."""
        self.picture, self.role, self.read_bin = picture, role, -1
        self._painted = picture is None
        if picture is None:
            self.heights, self.count_marks = np.zeros(0), []
            self._left.setTicks([[]])
            self._bottom.setTicks([[]])
        else:
            self._scale_counts(picture)
            self._mark_values(picture)
        self._fit()

    def bin_rect(self, number: int) -> QRectF:
        """Where a bin stands in this widget, up to the top of its bar."""
        height = float(self.heights[number])
        top_left = self._view.mapViewToScene(QPointF(number, height))
        bottom_right = self._view.mapViewToScene(QPointF(number + 1, 0))
        return QRectF(QPointF(self.mapFromScene(top_left)), QPointF(self.mapFromScene(bottom_right)))

    def area(self) -> QRectF:
        """The part of the widget where bars can stand."""
        return QRectF(self._view.sceneBoundingRect())

    def was_painted(self) -> None:
        """Called by the bars when they are painted; tells once a picture, after the paint."""
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self.painted.emit)

    def read(self, number: int) -> None:
        """Read a bin: darken its bar and tell; -1 for none."""
        if number != self.read_bin:
            self.read_bin = number
            self._bars.update()
            self.bin_read.emit(number)

    def _scale_counts(self, picture: Picture) -> None:
        counts = picture.counts
        top = float(counts.max()) if len(counts) else 0.0
        if picture.log_count:
            marks = log_count_ticks(top)
            whole = math.log10(marks[-1][0]) + _LOG_FLOOR
            with np.errstate(divide="ignore"):
                heights = (np.log10(np.maximum(counts, 1e-300)) + _LOG_FLOOR) / whole
            self.heights = np.where(counts >= 0.5, np.clip(heights, 0.01, 1.0), 0.0)
            self.count_marks = [((math.log10(value) + _LOG_FLOOR) / whole, text) for value, text in marks]
        else:
            marks = count_ticks(top)
            self.heights = counts / marks[-1][0]
            self.count_marks = [(value / marks[-1][0], text) for value, text in marks]
        self._left.setTicks([self.count_marks])

    def _mark_values(self, picture: Picture) -> None:
        low, high = float(picture.edges[0]), float(picture.edges[-1])
        fit = max(2, int(self.area().width() // 84))
        if picture.scale == "symlog" and picture.threshold > 0:
            ticks = _spaced(symlog_ticks(low, high, picture.threshold), picture, self.area().width(), 44)
        else:
            ticks = linear_ticks(low, high, fit, whole=picture.integral)
        self._bottom.setTicks([[(picture.place(value), text) for value, text in ticks]])

    def _fit(self) -> None:
        height = max(1.0, float(self._view.height()))
        self.ceiling = height / max(1.0, height - RAIL) if height > 2 * RAIL else 1.0
        bins = self.picture.bins if self.picture else 1
        self._view.setRange(xRange=(0, bins), yRange=(0, self.ceiling), padding=0, disableAutoRange=True)
        for item in (self._bars, self._rail):
            item.refresh()

    def _recolour(self) -> None:
        t = theme()
        self.setBackground(t.panel)
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(None))
            axis.setTextPen(pg.mkPen(t.text2))
        self._bars.update()
        self._rail.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make room for other marks."""
        super().resizeEvent(event)
        picture: Picture | None = getattr(self, "picture", None)  # Qt resizes before __init__ is through
        if picture is not None:
            self._mark_values(picture)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the bin under the mouse."""
        place = self._view.mapSceneToView(self.mapToScene(event.position().toPoint()))
        inside = self.area().contains(event.position()) and self.picture is not None
        number = math.floor(place.x()) if inside else -1
        self.read(number if self.picture and 0 <= number < self.picture.bins else -1)

    def leaveEvent(self, event: Any) -> None:
        """Read nothing."""
        super().leaveEvent(event)
        self.read(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The plot is not dragged."""
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The plot is not dragged."""
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the first view again."""
        self.reset.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse."""
        steps = event.angleDelta().y() / 120
        if self.picture is None or not steps:
            event.ignore()
            return
        place = self._view.mapSceneToView(self.mapToScene(event.position().toPoint())).x()
        self.zoomed.emit(min(max(place, 0.0), float(self.picture.bins)), 0.8**steps)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right read the neighbour bin, plus and minus zoom, 0 shows the first view again."""
        if self.picture is None:
            return
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            start = self.read_bin if self.read_bin >= 0 else int(np.argmax(self.picture.counts)) - step
            self.read(min(max(start + step, 0), self.picture.bins - 1))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            place = self.read_bin + 0.5 if self.read_bin >= 0 else self.picture.bins / 2
            self.zoomed.emit(place, 1.25 if key == Qt.Key.Key_Minus else 0.8)
        elif key == Qt.Key.Key_0:
            self.reset.emit()
        elif key == Qt.Key.Key_Escape and self.read_bin >= 0:
            self.read(-1)
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Read nothing when the keys are elsewhere."""
        super().focusOutEvent(event)
        self.read(-1)

    def paintEvent(self, event: Any) -> None:
        """Paint the scene and the ring of focus."""
        super().paintEvent(event)
        if self.hasFocus():
            painter = QPainter(self.viewport())
            draw_focus(painter, self.viewport().rect())


def _spaced(
    marks: list[tuple[float, str]], picture: Picture, width: float, least: float
) -> list[tuple[float, str]]:
    """Marks that leave ``least`` pixels to their neighbour, zero first, then the largest powers."""
    taken: list[tuple[float, str]] = []
    places: list[float] = []
    unit = width / max(picture.bins, 1)
    for value, text in marks:
        place = picture.place(value) * unit
        if all(abs(place - other) >= least for other in places):
            taken.append((value, text))
            places.append(place)
    return sorted(taken)
