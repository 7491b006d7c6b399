"""The comparison of a run: what changed, layers × epochs, and what is selected, arranged as the room allows."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.gui.compare.changes.panel import ChangesPanel
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.difference.panel import DifferencePanel
from ckptgui.gui.compare.evolution.panel import EvolutionPanel
from ckptgui.gui.compare.findings.line import FindingLine
from ckptgui.gui.compare.findings.panel import RunPanel
from ckptgui.gui.compare.layers.panel import LayersPanel
from ckptgui.gui.controls import Ground, Splitter

WIDE, NARROW = 1150, 1000
"""Widths from which there are three columns, and from which the map has a place of its own."""

TALL = 430
"""Height under which what is selected stays beside the table, however narrow that makes both."""


class Arrangement(Enum):
    """Where the parts stand: whether the map is a tab of the table's, whether what is selected is below."""

    COLUMNS = (False, False)
    BELOW = (False, True)
    TABS_BELOW = (True, True)
    TABS_BESIDE = (True, False)

    @property
    def tabbed(self) -> bool:
        """Whether the table and the map share one place."""
        return self.value[0]

    @property
    def below(self) -> bool:
        """Whether what is selected stands under the two."""
        return self.value[1]


def arrangement_for(width: int, height: int) -> Arrangement:
    """How the parts stand in so many pixels."""
    if width >= WIDE:
        return Arrangement.COLUMNS
    if height < TALL:
        return Arrangement.TABS_BESIDE
    return Arrangement.BELOW if width >= NARROW else Arrangement.TABS_BELOW


class CompareView(Ground):
    """Table, map and what is selected: a tensor over the epochs and its difference, a module over the epochs, or
    the run itself above all of its values.
    """

    rearranged = Signal()

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        self.changes = ChangesPanel(comparison, self)
        self.layers = LayersPanel(comparison, self)
        self.evolution = EvolutionPanel(comparison, self)
        self.difference = DifferencePanel(comparison, self)
        self.run = RunPanel(comparison, self)
        self.arrangement = Arrangement.COLUMNS
        self._map_in_front = False
        self._shares: dict[Arrangement, list[list[int]]] = {}  # what was dragged, in pixels
        self.selected = Splitter(self)
        self.selected.setOrientation(Qt.Orientation.Vertical)
        for part in (self.run, self._with_finding(self.evolution), self.difference):
            self.selected.addWidget(part)
        self.left = Splitter(self)
        self.left.addWidget(self.changes)
        self.left.addWidget(self.layers)
        self.splitter = Splitter(self)
        self.splitter.addWidget(self.left)
        self.splitter.addWidget(self.selected)
        for each in self._splitters:
            each.splitterMoved.connect(self._dragged)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.splitter)
        comparison.selection_changed.connect(self._selected)
        comparison.series_changed.connect(self._selected)
        self._selected()

    def _with_finding(self, selected: QWidget) -> QWidget:
        """What is selected, below the line that says what broke in it."""
        page = Ground("panel", self)
        self.finding = FindingLine(self.run.watch, page)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.finding)
        column.addWidget(selected, 1)
        return page

    @property
    def _splitters(self) -> tuple[Splitter, Splitter, Splitter]:
        return self.splitter, self.left, self.selected

    def _selected(self) -> None:
        """A module has no difference to look at."""
        self.run.setVisible(not self.comparison.selection)
        self.difference.setVisible(self.comparison.selected_tensor >= 0)

    def show_map(self, shown: bool) -> None:
        """Where table and map share one place: which of the two is seen."""
        self._map_in_front = shown
        tabbed = self.arrangement.tabbed
        self.changes.setVisible(not tabbed or not shown)
        self.layers.setVisible(not tabbed or shown)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wanted = arrangement_for(self.width(), self.height())
        if wanted is not self.arrangement:
            self.arrangement = wanted
            horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
            self.splitter.setOrientation(vertical if wanted.below else horizontal)
            self.selected.setOrientation(horizontal if wanted.below else vertical)
            self.show_map(self._map_in_front)
            self.rearranged.emit()
        self._arrange()

    def _arrange(self) -> None:
        """Part the room: what was dragged stays in proportion, else as the design has it."""
        sizes = self._shares.get(self.arrangement) or _SHARES[self.arrangement]
        for splitter, shares in zip(self._splitters, sizes, strict=True):
            splitter.setSizes([share * 1000 for share in shares])

    def _dragged(self) -> None:
        before = self._shares.get(self.arrangement) or _SHARES[self.arrangement]
        self._shares[self.arrangement] = [
            splitter.sizes() if all(splitter.sizes()) else list(old)
            for splitter, old in zip(self._splitters, before, strict=True)
        ]


_SHARES: dict[Arrangement, list[list[int]]] = {
    Arrangement.COLUMNS: [[61, 39], [34, 27], [47, 47, 53]],
    Arrangement.BELOW: [[54, 46], [56, 44], [50, 50, 50]],
    Arrangement.TABS_BELOW: [[50, 50], [50, 50], [50, 50, 50]],
    Arrangement.TABS_BESIDE: [[52, 48], [50, 50], [50, 50, 50]],
}
"""Parts of the whole: of both on the left and what is selected, of table and map, of run, epochs and the rest."""
