"""A slim scroll bar for the tree: a rounded handle on the panel's ground, no arrows, no relief."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QScrollBar, QStyle, QStyleOptionSlider, QWidget

from ckptgui.gui.theme import theme, theme_signal

WIDTH = 10


class SlimScrollBar(QScrollBar):
    """Keeps the style's behaviour and paints only the handle, on the ``ground`` of a token."""

    def __init__(self, parent: QWidget | None = None, ground: str = "panel") -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._ground = ground
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), getattr(t, self._ground))
        if self.maximum() <= self.minimum():
            return
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ScrollBarSlider
        handle = self.style().subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, part, self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(t.control if self.underMouse() or self.isSliderDown() else t.strong)
        painter.drawRoundedRect(QRectF(handle).adjusted(2, 1, -2, -1), 3, 3)
