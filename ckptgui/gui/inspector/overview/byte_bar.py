"""The bytes of a file as a bar of two levels, and in words below it: how many tensors are in each, their share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Role
from ckptgui.gui.inspector.flow import FlowLayout, grow_with_lines
from ckptgui.gui.inspector.overview.byte_parts import Part
from ckptgui.gui.inspector.overview.byte_strip import ByteStrip, hatch
from ckptgui.gui.labels import PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, percent, size_text, tr
from ckptgui.gui.theme import theme, theme_signal


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
        self.bar = ByteStrip(self)
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
