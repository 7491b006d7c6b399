"""A page of the inspector that scrolls when it is longer than the panel, and pages that take what is left."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from ckptgui.gui.inspector.flat import slim


class LowerPages(QStackedWidget):
    """Pages below a tab strip: as high as what is left, whatever their text would like, and at least ``least``."""

    def __init__(self, least: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(least)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)

    def hasHeightForWidth(self) -> bool:
        return False


class _Content(QWidget):
    """What scrolls. Its height follows from its width; the layout's own guess would be that of a narrow page."""

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        if layout is None:
            return QSize()
        least = layout.minimumSize()
        if layout.hasHeightForWidth():
            least.setHeight(layout.minimumHeightForWidth(self.width()))
        return least


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
        content = _Content(self)
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(margin, top, margin, bottom)
        self.body.setSpacing(6)
        self.setWidget(content)
        content.setAutoFillBackground(False)  # setWidget turned it on
        slim(self)
