"""The epochs above everything: figures of the training, and the handles A and B."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.controls import Ground
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.numbers import tr


class Timeline(Ground):
    """The epochs above everything: figures of the training, and the handles A and B."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(SectionHead(tr("Run"), self))
        column.addStretch(1)
