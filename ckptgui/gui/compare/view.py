"""The comparison of a run: what changed, layers × epochs, and what is selected, side by side."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from ckptgui.gui.compare.changes.panel import ChangesPanel
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.difference.panel import DifferencePanel
from ckptgui.gui.compare.evolution.panel import EvolutionPanel
from ckptgui.gui.compare.findings.panel import RunPanel
from ckptgui.gui.compare.layers.panel import LayersPanel
from ckptgui.gui.controls import Ground, Splitter


class CompareView(Ground):
    """Table, map and what is selected; where nothing is, the run itself takes the last place."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        self.changes = ChangesPanel(comparison, self)
        self.layers = LayersPanel(comparison, self)
        self.evolution = EvolutionPanel(comparison, self)
        self.difference = DifferencePanel(comparison, self)
        self.run = RunPanel(comparison, self)
        selected = Splitter(self)
        selected.setOrientation(Qt.Orientation.Vertical)
        selected.addWidget(self.evolution)
        selected.addWidget(self.difference)
        self.right = QStackedWidget(self)
        self.right.addWidget(self.run)
        self.right.addWidget(selected)
        self.splitter = Splitter(self)
        for part in (self.changes, self.layers, self.right):
            self.splitter.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.splitter)
        comparison.selection_changed.connect(self._selected)
        comparison.series_changed.connect(self._selected)

    def _selected(self) -> None:
        self.right.setCurrentIndex(1 if self.comparison.selection else 0)
