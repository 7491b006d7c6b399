"""The tree's slim scroll bar, lying."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QWidget

from ckptgui.gui.tree.scroll_bar import WIDTH, SlimScrollBar


class SlimAcross(SlimScrollBar):
    """The same from left to right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOrientation(Qt.Orientation.Horizontal)

    def sizeHint(self) -> QSize:
        return QSize(60, WIDTH)
