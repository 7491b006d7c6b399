"""The epochs of a run in one strip: the loss as a line, a dot an epoch, the one that is shown larger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ckptgui.core.display import display
from ckptgui.core.series.members import RunMember
from ckptgui.gui.labels import SEMIBOLD, draw_focus, plain_tooltip
from ckptgui.gui.numbers import integer, significant, size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_SIDE, _TOP, _FOOT = 28, 14, 34


class RunStrip(QWidget):
    """``chosen`` carries the number of the epoch that was clicked."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._members: Sequence[RunMember] = ()
        self._current = -1
        self._hovered = -1
        self._low = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Epochs of this run"))
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(600, 52 if self._low else 100)

    def set_low(self, low: bool) -> None:
        """Whether to leave the losses out, for want of height."""
        if low != self._low:
            self._low = low
            self.updateGeometry()
            self.update()

    def set_members(self, members: Sequence[RunMember]) -> None:
        """Show these, in this order."""
        self._members = members
        self.update()

    def set_current(self, index: int) -> None:
        """Mark one as shown."""
        self._current = index
        if 0 <= index < len(self._members):
            self.setAccessibleDescription(describe(self._members[index]))
        self.update()

    def place(self, index: int) -> QPointF:
        """Where the dot of an epoch is, on the rail."""
        return QPointF(self._x(index), self.height() - _FOOT + 6)

    def _x(self, index: int) -> float:
        room = max(1, self.width() - 2 * _SIDE)
        steps = max(1, len(self._members) - 1)
        return _SIDE + room * (index / steps if len(self._members) > 1 else 0.0)

    def index_at(self, x: float) -> int:
        """The epoch nearest to ``x``, or -1 where there is none."""
        if not self._members:
            return -1
        room = max(1, self.width() - 2 * _SIDE)
        index = round((x - _SIDE) / room * (len(self._members) - 1))
        return min(max(index, 0), len(self._members) - 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._members:
            self.chosen.emit(self.index_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        hovered = self.index_at(event.position().x())
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()
            if hovered >= 0:
                tip = plain_tooltip(describe(self._members[hovered]))
                QToolTip.showText(event.globalPosition().toPoint(), tip, self)

    def leaveEvent(self, event: object) -> None:
        self._hovered = -1
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().panel)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._members:
            return
        self._paint_current(painter)
        if not self._low:
            self._paint_losses(painter)
        self._paint_rail(painter)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def _paint_current(self, painter: QPainter) -> None:
        for index, token in ((self._hovered, "hover"), (self._current, "sel")):
            if 0 <= index < len(self._members):
                band = QRectF(self._x(index) - 22, 0, 44, self.height())
                painter.fillRect(band, getattr(theme(), token))

    def _paint_losses(self, painter: QPainter) -> None:
        t = theme()
        known = [(i, m.loss) for i, m in enumerate(self._members) if m.loss is not None and math.isfinite(m.loss)]
        if not known:
            return
        low, high = min(loss for _, loss in known), max(loss for _, loss in known)
        top, bottom = _TOP, self.height() - _FOOT - 14
        span = (high - low) or 1.0
        points = [QPointF(self._x(i), bottom - (loss - low) / span * (bottom - top)) for i, loss in known]
        painter.setPen(QPen(t.text2, 1.5))
        painter.drawPolyline(QPolygonF(points))
        radius = 3.0 if len(known) <= 200 else 1.0
        for (index, _), point in zip(known, points, strict=True):
            self._dot(painter, index, point, radius)
        painter.setFont(ui_font(11))
        for index, (place, loss) in enumerate(known):
            if place in (self._current, self._hovered):
                right = place > len(self._members) / 2
                words = significant(loss)
                width = QFontMetrics(painter.font()).horizontalAdvance(words)
                x = points[index].x() + (-width - 8 if right else 8)
                painter.setPen(t.text)
                painter.drawText(QPointF(x, max(11.0, points[index].y() - 4)), words)

    def _paint_rail(self, painter: QPainter) -> None:
        t = theme()
        painter.setPen(QPen(t.strong, 1))
        painter.drawLine(self.place(0), self.place(len(self._members) - 1))
        metrics = QFontMetrics(ui_font(11))
        labels = [label(member) for member in self._members]
        room = max(metrics.horizontalAdvance(words) for words in labels) + 12
        gap = (self.width() - 2 * _SIDE) / max(1, len(labels) - 1)
        every = max(1, math.ceil(room / max(gap, 0.1)))
        radius = 4.0 if gap > 12 else 2.0
        for index, member in enumerate(self._members):
            current = index == self._current
            if member.error:
                self._cross(painter, self.place(index))
            else:
                self._dot(painter, index, self.place(index), 6.0 if current else radius)
            if current or (index % every == 0 and abs(index - self._current) * gap >= room):
                painter.setFont(ui_font(11, SEMIBOLD) if current else ui_font(11))
                painter.setPen(t.nan if member.error else t.text if current else t.text2)
                width = QFontMetrics(painter.font()).horizontalAdvance(labels[index]) + 2
                left = min(max(self._x(index) - width / 2, 2.0), self.width() - width - 2.0)
                box = QRectF(left, self.height() - 20, width, 16)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, labels[index])

    def _dot(self, painter: QPainter, index: int, at: QPointF, radius: float) -> None:
        painter.setBrush(theme().epoch(index / max(1, len(self._members) - 1)))
        painter.setPen(QPen(theme().panel, 1))
        painter.drawEllipse(at, radius, radius)

    @staticmethod
    def _cross(painter: QPainter, at: QPointF) -> None:
        painter.setPen(QPen(theme().nan, 2))
        for way in (1, -1):
            painter.drawLine(at + QPointF(-3.5, -3.5 * way), at + QPointF(3.5, 3.5 * way))


def label(member: RunMember) -> str:
    """What stands under the dot: the epoch, else the step, else the file's name."""
    if member.epoch is not None:
        return tr("epoch {number}").format(number=integer(member.epoch))
    if member.step is not None:
        return tr("step {number}").format(number=integer(member.step))
    return display(PurePath(member.path).stem or member.path, 18)


def describe(member: RunMember) -> str:
    """The whole of what is known about one file of a run, in lines."""
    lines = [display(PurePath(member.path).name or member.path), size_text(member.nbytes)]
    if member.epoch is not None:
        lines.append(tr("epoch {number}").format(number=integer(member.epoch)))
    if member.step is not None:
        lines.append(tr("step {number}").format(number=integer(member.step)))
    if member.loss is not None:
        lines.append(tr("loss {number}").format(number=significant(member.loss)))
    if member.error:
        lines.append(display(member.error, 400))
    return "\n".join(lines)
