"""What changed between A and B, a row a tensor."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.controls import Ground
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.numbers import tr


class ChangesPanel(Ground):
    """What changed between A and B, a row a tensor."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(SectionHead(tr("What changed"), self))
        column.addStretch(1)
