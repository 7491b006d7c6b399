"""A page of the inspector that scrolls when it is longer than the panel."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ckptgui.gui.inspector.flat import slim


class ScrollPage(QScrollArea):
    """As wide as the panel, as long as its content; parts are added to ``body``."""

    def __init__(
        self, parent: QWidget | None = None, *, margin: int = 16, top: int = 12, bottom: int = 16
    ) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        content = QWidget(self)
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(margin, top, margin, bottom)
        self.body.setSpacing(6)
        self.setWidget(content)
        content.setAutoFillBackground(False)  # setWidget turned it on
        slim(self)
