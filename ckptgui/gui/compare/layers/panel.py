"""Layers × epochs: one figure of every tensor in every epoch as a map of colours."""

from __future__ import annotations

from PySide6.QtCore import QPoint
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ckptgui.analysis.layer_map import Cell, Source
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.layers.chooser import FigureButton
from ckptgui.gui.compare.layers.figures import TITLES
from ckptgui.gui.compare.layers.legend import Legend
from ckptgui.gui.compare.layers.map import LayersMap
from ckptgui.gui.compare.layers.saving import MapSaving
from ckptgui.gui.compare.layers.source import MapSource
from ckptgui.gui.compare.words import map_title
from ckptgui.gui.controls import Ground
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel
from ckptgui.gui.numbers import tr

_ANY = (1 << 24) - 1
"""Qt's word for no limit."""


class LayersPanel(Ground):
    """A head with the figure's choice, the map, and what its colours mean."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        self.source = MapSource(comparison, self)
        self.map = LayersMap(self.source, self)
        self.legend = Legend(self)
        self.saving = MapSaving(comparison.background, self.map)
        self.chooser = FigureButton(self)
        self.chooser.chosen.connect(self.choose)
        self.nothing = PlainLabel("", self, colour="text2", wrap=True)
        self.nothing.setContentsMargins(12, 8, 12, 8)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.map)
        self._pages.addWidget(_at_top(self.nothing))
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 12, 4)
        head.setSpacing(8)
        self.title = ElidedLabel("", self, weight=SEMIBOLD)
        head.addWidget(self.title, 1)
        head.addWidget(self.chooser)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        column.addWidget(self.legend)
        column.addWidget(self.saving.told)
        column.addStretch(0)  # of a low map its legend stands below it
        self.map.menu_wanted.connect(self._open_menu)
        self.map.table_wanted.connect(self.saving.copy_table)
        self.source.changed.connect(self._tell)
        self.source.laid_out.connect(self._tell)
        self._tell()

    def choose(self, key: str) -> None:
        """Show another figure."""
        self.chooser.show_figure(key)
        self.saving.quiet()
        self.source.choose(key)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell()  # whether epochs scroll

    def _open_menu(self, at: QPoint) -> None:
        self.saving.open_menu(at)

    def _tell(self) -> None:
        """Follow with the legend; say where there is no map to show."""
        self.title.setText(map_title(self.comparison.series))
        text = self._nothing_text()
        self.nothing.setText(text)
        self._pages.setCurrentIndex(1 if text else 0)
        self._pages.setMaximumHeight(_ANY if text else max(self.map.wanted_height, 120))
        layers = self.source.layers
        absent = bool((layers.cells == Cell.ABSENT).any())
        told = bool((layers.cells == Cell.VALUE).any())
        scale = self.source.scale if told and not text else None
        self.legend.show_scale(scale, self.source.figure.key, absent=absent, left=self.map.geometry_now.labels)

    def _nothing_text(self) -> str:
        series = self.comparison.series
        if not series.members:
            return tr("There is no checkpoint to show yet.")
        if not len(series.matching):
            return tr("There are no tensors to show.")
        if self.source.figure.source is not Source.OWN and len(series.whole) < 2:
            return tr("{0} takes two checkpoints that can be read. Choose another figure, or add one.").format(
                TITLES[self.source.figure.key]
            )
        return ""


def _at_top(label: PlainLabel) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(label)
    column.addStretch(1)
    return page
