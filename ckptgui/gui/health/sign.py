"""A badge as a widget of its own."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckptgui.gui.theme import theme_signal
from ckptgui.gui.tree.badges import Badge
from ckptgui.gui.tree.glyphs import badge_width, paint_badge

_HEIGHT = 18


class Sign(QWidget):
    """Stands before a sentence."""

    def __init__(self, badge: Badge, parent: QWidget) -> None:
        super().__init__(parent)
        self.badge = badge
        self.setAccessibleName(badge.text)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme_signal().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(badge_width(self.badge), _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_badge(QPainter(self), self.badge, 0, _HEIGHT // 2)
