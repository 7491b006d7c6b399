"""The bytes of a file as a bar of two levels: what they are for, below what is in that; hatched what is wasted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.byte_parts import Part
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.labels import SEMIBOLD, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, percent, size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

_TOP, _BELOW = 27, 22
_LEAST = 3.0
"""Pixels of a part that would be thinner."""


class _Bar(QWidget):
    """The two levels, painted. A click leads to the part under it."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.parts: tuple[Part, ...] = ()
        self.hovered: Part | None = None
        self.setFixedHeight(_TOP + 1 + _BELOW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
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
            if part is self.hovered and part.path is not None:
                self._outline(painter, rect)

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


class _Patch(QWidget):
    """A square in the colour of what it stands for."""

    def __init__(self, role: Role | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._role = role
        self.setFixedSize(QSize(8, 8))
        theme_signal().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        painter, t = QPainter(self), theme()
        if self._role is None:
            hatch(painter, QRectF(self.rect()), 3)
            painter.setPen(QColor(t.text2))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        else:
            painter.fillRect(self.rect(), t.role(self._role))


class ByteBar(QWidget):
    """The bar and what its colours stand for."""

    link_activated = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self.bar = _Bar(self)
        self.bar.link_activated.connect(self.link_activated)
        layout.addWidget(self.bar)
        self._legend = FlowLayout(None, gap=16, leading=2)
        layout.addLayout(self._legend)
        grow_with_lines(self)
        self.legend: list[str] = []

    def set_parts(self, parts: Sequence[Part]) -> None:
        """Show another file; no parts at all while they are still to be found."""
        self.bar.parts = tuple(parts)
        self.bar.hovered = None
        self.bar.update()
        total = sum(part.nbytes for part in parts)
        self._legend.clear()
        self.legend = []
        for part in parts or (Part("", 0, 0, Role.OTHER),):  # the line has its height before it has its words
            self._add(part, total)
        self.bar.setAccessibleName("; ".join(f"{part.label}: {size_text(part.nbytes)}" for part in parts))
        self.updateGeometry()

    def _add(self, part: Part, total: int) -> None:
        words, figure = legend_words(part, total)
        entry = QWidget(self)
        row = QHBoxLayout(entry)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        if part.label:
            row.addWidget(_Patch(part.role, entry))
            row.addSpacing(2)
            self.legend.append(f"{words} {figure}")
        row.addWidget(PlainLabel(words if part.label else "", entry, colour="text2", pixels=12))
        row.addWidget(PlainLabel(figure if part.label else "", entry, pixels=12))
        entry.setToolTip(plain_tooltip(part.label))
        self._legend.addWidget(entry)
        entry.show()


def legend_words(part: Part, total: int) -> tuple[str, str]:
    """``228 tensors, two slots per parameter,`` and ``65.2 %``; a size where a share says little."""
    if part.role is None:
        return tr("seen by no tensor,"), size_text(part.nbytes)
    if part.plain:
        return tr("not tensors,"), size_text(part.nbytes)
    words = counted(part.tensors, "tensor", "tensors")
    if part.role in _NAMED:
        words = f"{part.label}, {words}"
    if part.note:
        words = f"{words}, {part.note}"
    return f"{words},", percent(part.nbytes, total) if part.nbytes * 1000 > total else size_text(part.nbytes)


_NAMED = (Role.OTHER, Role.RNG, Role.SCALER, Role.SCHEDULER)
"""Roles whose stretch is as a rule too narrow for its title, so that the legend has it."""
