"""What is painted over the histogram's plot area, in device pixels: bars, and the rail of quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QPainter,
    QPen,
    QTransform,
)

from ckptgui.gui.inspector.picture import Picture
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.theme import theme, ui_font

if TYPE_CHECKING:
    from ckptgui.gui.inspector.plot import HistogramPlot

WIDEST = 48
"""Pixels of a bar; where few values have one each, it stands in the middle of its place."""


class PlotItem(pg.GraphicsObject):  # type: ignore[misc]
    """Something painted over the whole plot area, in device pixels."""

    def __init__(self, plot: HistogramPlot) -> None:
        super().__init__()
        self.plot = plot
        self.setFlag(self.GraphicsItemFlag.ItemUsesExtendedStyleOption, False)

    def boundingRect(self) -> QRectF:
        """The whole area: the item is painted as one."""
        picture = self.plot.picture
        return QRectF(0, 0, picture.bins if picture else 1, self.plot.ceiling)

    def refresh(self) -> None:
        """The picture or the range changed."""
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Hand over to ``draw`` with a transform of whole pixels."""
        transform = QTransform(painter.worldTransform())
        device = painter.device()
        ratio = device.devicePixelRatioF() if device else 1.0

        def at(x: float, y: float) -> QPointF:
            point = transform.map(QPointF(x, y))
            return QPointF(round(point.x() * ratio) / ratio, round(point.y() * ratio) / ratio)

        painter.save()
        painter.setWorldTransform(QTransform())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self.plot.picture is not None:
            self.draw(painter, self.plot.picture, at, 1.0 / ratio)
        painter.restore()

    def draw(self, painter: QPainter, picture: Picture, at: Any, pixel: float) -> None:
        """Paint; ``at`` maps bins and heights to the device, ``pixel`` is its smallest step."""
        raise NotImplementedError


class Bars(PlotItem):
    """Grid lines, all bars, and the base line."""

    def draw(self, painter: QPainter, picture: Picture, at: Any, pixel: float) -> None:
        """Paint them; the bar under the mouse takes the text's colour."""
        t = theme()
        left, right = at(0, 0).x(), at(picture.bins, 0).x()
        for place, _ in self.plot.count_marks[1:]:
            painter.fillRect(QRectF(left, at(0, place).y(), right - left, max(1.0, pixel)), t.hairline)
        base = at(0, 0).y()
        places = [at(number, 0).x() for number in range(picture.bins + 1)]
        wide = len(places) > 1 and places[1] - places[0] >= 3
        gap = max(1.0, pixel) if wide else 0.0
        step = places[1] - places[0] if len(places) > 1 else 0.0
        gap = max(gap, step - WIDEST)
        colour = t.role(self.plot.role)
        for number, height in enumerate(self.plot.heights.tolist()):
            if height <= 0:
                continue
            top = min(at(0, height).y(), base - max(1.0, pixel))
            side = round(gap / 2) if gap > 1 else 0.0
            room = places[number + 1] - places[number] - gap
            bar = QRectF(places[number] + side, top, max(pixel, room), base - top)
            painter.fillRect(bar, t.text if number == self.plot.read_bin else colour)
        painter.fillRect(QRectF(left, base, right - left, max(1.0, pixel)), t.strong)
        self.plot.was_painted()


class Rail(PlotItem):
    """The quantiles above the bars: a box for the middle half, ticks, and dotted lines at 1 and 99 %."""

    def draw(self, painter: QPainter, picture: Picture, at: Any, pixel: float) -> None:
        """Paint what of it lies in the view."""
        t = theme()
        one = max(1.0, pixel)
        y = at(0, self.plot.ceiling).y() + 22
        base = at(0, 0).y()
        q = picture.quantiles
        x = {share: at(picture.place(value), 0).x() for share, value in q.items()}
        painter.fillRect(QRectF(x[0.001], y, x[0.999] - x[0.001], one), t.text2)
        for share, half in ((0.001, 4), (0.01, 4), (0.05, 4), (0.95, 4), (0.99, 4), (0.999, 4)):
            if picture.sees(q[share]):
                painter.fillRect(QRectF(x[share], y - half, one, 2 * half + 1), t.text2)
        box = QRectF(x[0.25], y - 4, max(x[0.75] - x[0.25], 2.0), 9)
        painter.fillRect(box, t.text)
        inner = box.adjusted(one, one, -one, -one)
        if inner.width() > 0:
            painter.fillRect(inner, t.panel)
        if picture.sees(q[0.5]):
            painter.fillRect(QRectF(x[0.5] - 0.5, y - 6, 2, 13), t.text)
        painter.setPen(QPen(t.text2, 1, Qt.PenStyle.DotLine))
        for share in (0.01, 0.99):
            if picture.sees(q[share]):
                painter.drawLine(QPointF(x[share], y + 8), QPointF(x[share], base - 1))
        self._texts(painter, picture, x, y, at)

    def _texts(self, painter: QPainter, picture: Picture, x: dict[float, float], y: float, at: Any) -> None:
        painter.setFont(ui_font(11, MEDIUM))
        painter.setPen(theme().text2)
        metrics = painter.fontMetrics()
        left, right = at(0, 0).x(), at(picture.bins, 0).x()
        middle = y + metrics.ascent() / 2 - 1
        if not picture.quantiles[0.001] < picture.quantiles[0.999]:
            return  # one value: there is nothing to divide
        first, last = metrics.horizontalAdvance("1 %"), metrics.horizontalAdvance("99 %")
        seen = [share for share in picture.quantiles if picture.sees(picture.quantiles[share])]
        if 0.01 in seen and 0.99 in seen and x[0.99] - x[0.01] > (first + last) / 2 + 6:
            painter.drawText(QPointF(max(left, x[0.01] - first / 2), y - 10), "1 %")
            painter.drawText(QPointF(min(right - last, x[0.99] - last / 2), y - 10), "99 %")
        low, high = metrics.horizontalAdvance("0.1 %"), metrics.horizontalAdvance("99.9 %")
        if 0.001 in seen and x[0.001] - low - 5 >= left:
            painter.drawText(QPointF(x[0.001] - low - 5, middle), "0.1 %")
        if 0.999 in seen and x[0.999] + 5 + high <= right:
            painter.drawText(QPointF(x[0.999] + 5, middle), "99.9 %")
