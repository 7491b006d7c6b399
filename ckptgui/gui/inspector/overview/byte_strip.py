"""The bar of two levels itself: painted, walked through with the keys, each part told in full under the mouse."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.overview.byte_parts import Part
from ckptgui.gui.labels import SEMIBOLD, draw_focus, plain_tooltip
from ckptgui.gui.numbers import counted, percent, size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_TOP, _BELOW = 27, 22
_LEAST = 3.0
"""Pixels of a part that would be thinner."""


class ByteStrip(QWidget):
    """The two levels, painted. A click leads to the part under it; the arrows walk, Return follows."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.parts: tuple[Part, ...] = ()
        self.hovered: Part | None = None
        self.setFixedHeight(_TOP + 1 + _BELOW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme_signal().changed.connect(self.update)

    def places(self) -> list[tuple[QRectF, Part]]:
        """Where each part stands, the second level after the first."""
        total = sum(part.nbytes for part in self.parts)
        found: list[tuple[QRectF, Part]] = []
        if not total or self.width() <= 0:
            return found
        widths = np.array([max(_LEAST, self.width() * part.nbytes / total) for part in self.parts])
        widths *= self.width() / widths.sum()
        edges = np.round(np.concatenate([[0.0], np.cumsum(widths)]))
        for part, left, right in zip(self.parts, edges[:-1].tolist(), edges[1:].tolist()):
            gap = 1 if right < self.width() else 0
            single = not part.parts
            found.append((QRectF(left, 0, max(1.0, right - left - gap), self.height() if single else _TOP), part))
            inside = sum(inner.nbytes for inner in part.parts)
            x = 0.0
            for inner in part.parts:
                begin = round(left + (right - left) * x / inside)
                x += inner.nbytes
                end = round(left + (right - left) * x / inside)
                if end > begin:
                    wide = max(1.0, float(end - begin) - (1 if end - begin > 3 or end == right else 0))
                    found.append((QRectF(begin, _TOP + 1, wide, _BELOW), inner))
        return found

    def part_at(self, x: float, y: float) -> Part | None:
        """The part at a place of the widget."""
        return next((part for rect, part in self.places() if rect.contains(x, y)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        t, painter = theme(), QPainter(self)
        if not self.parts:  # to be found yet
            painter.fillRect(self.rect(), t.sunken)
        first = {id(part) for part in self.parts}
        for rect, part in self.places():
            if part.role is None:
                hatch(painter, rect)
            elif id(part) in first:
                painter.fillRect(rect, t.role(part.role))
                self._first(painter, rect, part)
            else:
                painter.fillRect(rect, t.role_pale(part.role))
                self._second(painter, rect, part.label)
            if part is self.hovered and (part.path is not None or self.hasFocus()):
                self._outline(painter, rect)
        if self.hasFocus():
            draw_focus(painter, self.rect())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.hovered is not None and self.hovered.path is not None:
                self.link_activated.emit(self.hovered.path)
        elif key in _STEPS and self.parts:
            self.hovered = self._beside(*_STEPS[key])
            self.setAccessibleDescription(self.tip(self.hovered))
            self.update()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.hovered = None
        self.update()

    def _beside(self, across: int, down: int) -> Part:
        """The part that a key leads to from the current one; at first the first."""
        places = self.places()
        now = next((rect for rect, part in places if part is self.hovered), None)
        if now is None:
            return self.parts[0]
        level = [(rect, part) for rect, part in places if rect.top() == now.top()]
        if down:
            other = [(rect, part) for rect, part in places if (rect.top() > now.top()) == (down > 0)]
            below = [part for rect, part in other if rect.top() != now.top() and _over(rect, now)]
            return below[0] if below else self.hovered or self.parts[0]
        number = next(place for place, (rect, _) in enumerate(level) if rect == now)
        return level[min(max(number + across, 0), len(level) - 1)][1]

    def _outline(self, painter: QPainter, rect: QRectF) -> None:
        painter.setPen(QPen(theme().text, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))

    def _first(self, painter: QPainter, rect: QRectF, part: Part) -> None:
        title = part.label
        font, plain = ui_font(13, SEMIBOLD), ui_font(13)
        room = rect.width() - 16
        if room < 24:
            return
        ink = theme().on_role[part.role or Role.OTHER]
        text = QFontMetrics(font).elidedText(title, Qt.TextElideMode.ElideRight, int(room))
        taken = QFontMetrics(font).horizontalAdvance(text)
        line = rect.adjusted(8, 0, -8, 0)
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font)
        painter.setPen(ink)
        painter.drawText(line, centre, text)
        number = size_text(part.nbytes)
        if text == title and taken + 8 + QFontMetrics(plain).horizontalAdvance(number) <= room:
            painter.setFont(plain)
            painter.drawText(line.adjusted(taken + 8, 0, 0, 0), centre, number)

    def _second(self, painter: QPainter, rect: QRectF, label: str) -> None:
        font = ui_font(11, QFont.Weight.Medium)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        painter.setPen(theme().text)
        needed = metrics.horizontalAdvance(label)
        if needed + 4 <= rect.width():
            wide = needed + 16 <= rect.width() and not label.isdecimal()
            flag = Qt.AlignmentFlag.AlignLeft if wide else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(
                rect.adjusted(8, 0, 0, 0) if wide else rect, flag | Qt.AlignmentFlag.AlignVCenter, label
            )
        elif rect.width() > 44:
            text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(rect.width()) - 12)
            painter.drawText(rect.adjusted(8, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def tip(self, part: Part) -> str:
        """What a part is, in full."""
        total = sum(each.nbytes for each in self.parts)
        lines = [part.label, f"{size_text(part.nbytes)}, {percent(part.nbytes, total)}"]
        if part.tensors:
            lines.append(counted(part.tensors, "tensor", "tensors"))
        if part.plain:
            lines.append(tr("Names, plain values, and what the format needs around them."))
        return "\n".join(filter(None, lines))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        if part is not None and part.path is not None and event.button() == Qt.MouseButton.LeftButton:
            self.link_activated.emit(part.path)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        part = self.part_at(event.position().x(), event.position().y())
        leads = part is not None and part.path is not None
        if part is not self.hovered:
            self.hovered = part
            self.update()
        self.setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        self.hovered = None
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            part = self.part_at(event.pos().x(), event.pos().y())
            if part is not None:
                QToolTip.showText(event.globalPos(), plain_tooltip(self.tip(part)), self)
            return True
        return super().event(event)


_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


def _over(rect: QRectF, other: QRectF) -> bool:
    """Whether one stands above or below the other."""
    return rect.left() < other.right() and other.left() < rect.right()


def hatch(painter: QPainter, rect: QRectF, step: int = 5) -> None:
    """What no tensor reaches: slanted lines ``step`` pixels apart, sharp at every pixel ratio."""
    t = theme()
    painter.save()
    painter.fillRect(rect, t.pressed)
    painter.setClipRect(rect)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(t.text2, 1))
    high = rect.height()
    for number in range(math.ceil((rect.width() + high) / step) + 1):
        x = rect.left() + number * step
        painter.drawLine(QPointF(x, rect.top()), QPointF(x - high, rect.bottom() + 1))
    painter.restore()
