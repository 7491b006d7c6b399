"""The map's colours with their values, and what NaN, what is absent and what is not read yet look like."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QFontMetricsF, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.analysis.colour_scale import ColourScale
from ckptgui.gui.compare.layers.figures import tick_text
from ckptgui.gui.compare.layers.raster import palette_of
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import Theme, theme, theme_signal, ui_font

HEIGHT = 40
_BAR, _TALL = 150, 10


def paint_legend(
    painter: QPainter, rect: QRectF, scale: ColourScale, key: str, ink: Theme, *, absent: bool
) -> None:
    """The bar with its ticks below it, and swatches at its right."""
    font = ui_font(11, MEDIUM)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    swatches = [tr("NaN"), *([tr("absent")] if absent else [])]
    beside = sum(26 + 6 + metrics.horizontalAdvance(text) + 14 for text in swatches)
    ticks = scale.ticks()
    texts = [
        tick_text(scale, key, value, first=number == 0, last=number == len(ticks) - 1)
        for number, (_, value) in enumerate(ticks)
    ]
    overhang = metrics.horizontalAdvance(texts[0]) / 2
    wide = max(60.0, min(_BAR, rect.width() - beside - overhang - metrics.horizontalAdvance(texts[-1]) / 2 - 20))
    bar = QRectF(rect.left() + max(0.0, overhang), rect.top() + 4, wide, _TALL)
    colours = palette_of(scale, ink.dark)
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    for number in range(13):
        gradient.setColorAt(number / 12, int(colours[number * (len(colours) - 1) // 12]))
    painter.fillRect(bar, gradient)
    painter.setPen(ink.text2)
    taken = -1e9
    order = sorted(range(len(ticks)), key=lambda number: (number not in (0, len(ticks) - 1), number))
    spans: list[tuple[float, float]] = []
    for number in order:
        width = metrics.horizontalAdvance(texts[number])
        left = bar.left() + ticks[number][0] * bar.width() - width / 2
        if any(left < end + 6 and left + width + 6 > start for start, end in spans):
            continue
        spans.append((left, left + width))
        painter.drawText(QPointF(left, bar.bottom() + 4 + metrics.ascent()), texts[number])
        taken = max(taken, left + width)
    x = max(bar.right(), taken) + 16
    for text in swatches:
        swatch = QRectF(x, bar.top(), 26, _TALL)
        if text == swatches[0]:
            painter.fillRect(swatch, ink.nan)
        else:
            painter.setPen(ink.hairline)
            painter.drawRect(swatch.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.fillRect(swatch, QBrush(ink.strong, Qt.BrushStyle.BDiagPattern))
        painter.setPen(ink.text2)
        painter.drawText(QPointF(swatch.right() + 6, bar.top() - 0.5 + metrics.ascent()), text)
        x = swatch.right() + 6 + metrics.horizontalAdvance(text) + 14


class Legend(QWidget):
    """Stands below the map."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale: ColourScale | None = None
        self._key, self._absent, self._left = "relative", False, 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def show_scale(self, scale: ColourScale | None, key: str, *, absent: bool, left: int) -> None:
        """Show another scale, or none; it begins below the first column at ``left``."""
        now = scale, key, absent, left
        if now != (self._scale, self._key, self._absent, self._left):
            self._scale, self._key, self._absent, self._left = now
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._scale is None:
            return
        painter = QPainter(self)
        left = max(12, min(self._left, self.width() - 330))
        room = QRectF(left, 2, self.width() - left, HEIGHT)
        paint_legend(painter, room, self._scale, self._key, theme(), absent=self._absent)
