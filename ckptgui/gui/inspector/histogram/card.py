"""The card beside the bar that is read: its range, and how many values of each series lie in it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ckptgui.gui.inspector.histogram.painting import outline_pen
from ckptgui.gui.inspector.histogram.picture import Bars, Picture
from ckptgui.gui.inspector.ticks import range_texts
from ckptgui.gui.labels import MEDIUM
from ckptgui.gui.numbers import integer, percent, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_PAD = 9
_SWATCH = 18
"""Pixels before a count where its line is shown."""


class Card(QWidget):
    """Lies over the plot, lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.range = ""
        self.counts: list[str] = []
        self._slots: tuple[int, ...] = ()
        theme_signal().changed.connect(self.update)
        self.hide()

    def tell(self, picture: Picture, number: int, slots: Sequence[int]) -> None:
        """Read another bar."""
        self.range = _range(picture, number)
        self.counts = [_count(bars, number) for bars in (picture.bars, *picture.outlines)]
        self._slots = tuple(slots)
        self._settle()

    def say(self, title: str, lines: Sequence[str]) -> None:
        """Tell something else, a line each."""
        self.range, self.counts, self._slots = title, list(lines), ()
        self._settle()

    def _settle(self) -> None:
        self.setAccessibleName(f"{self.range}: {'; '.join(self.counts)}")
        self.resize(self.sizeHint())
        self.update()

    def stand_beside(self, bar: QRectF, room: QRect, *, left: bool) -> None:
        """Take a place beside a bar: ``left`` where that is wished and fits, or where the right has no room."""
        before, after = round(bar.left()) - 14 - self.width(), round(bar.right()) + 14
        fits = after + self.width() <= room.right() - 4
        x = before if (left and before >= room.left()) or not fits else after
        self.move(QPoint(max(room.left(), x), room.top() + 62))
        self.show()
        self.raise_()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(ui_font(11, MEDIUM))
        left = _SWATCH if self._slots else 0
        wide = max(map(metrics.horizontalAdvance, [self.range, *self.counts]), default=0) + left
        return QSize(wide + 2 * _PAD + 2, (1 + len(self.counts)) * (metrics.height() + 1) + 11)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the card."""
        t, painter = theme(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(t.strong, 1))
        painter.setBrush(t.panel)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setFont(ui_font(11, MEDIUM))
        metrics = painter.fontMetrics()
        painter.setPen(t.text)
        y = 5 + metrics.ascent()
        painter.drawText(_PAD, y, self.range)
        left = _PAD + (_SWATCH if self._slots else 0)
        for number, text in enumerate(self.counts):
            y += metrics.height() + 1
            if self._slots and number:
                painter.setPen(outline_pen(t, self._slots[number - 1], 2.0))
                painter.drawLine(_PAD, y - metrics.ascent() // 2 + 1, _PAD + 12, y - metrics.ascent() // 2 + 1)
            elif self._slots:
                painter.fillRect(_PAD, y - metrics.ascent() + 2, 12, 8, t.text)
            painter.setPen(t.text2)
            painter.drawText(left, y, text)


def _range(picture: Picture, number: int) -> str:
    low, high = float(picture.edges[number]), float(picture.edges[number + 1])
    if picture.integral and abs(high - low - 1) < 1e-6:
        return integer(round((low + high) / 2))
    return tr("{0} to {1}").format(*range_texts(low, high))


def _count(bars: Bars, number: int) -> str:
    count = round(float(bars.counts[number]))
    sign = "≈ " if bars.unsure[number] else ""
    return f"{sign}{integer(count)} {tr('value') if count == 1 else tr('values')}, {percent(count, bars.total)}"
