"""What the map shows: rows, folded modules, cells as they become known, worked out in slices."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.analysis.colour_scale import ColourScale
from ckptgui.analysis.layer_map import FIGURES, LayerMap, Source
from ckptgui.analysis.layer_rows import Blocks, LayerRows, blocks_of, folded_to_fit, rows_of
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.workspace.layer_maps import layer_column

TICK_MS = 60
"""Between two pictures while figures come in."""

_SLICE = 0.006
"""Seconds of work at a time."""


class MapSource(QObject):
    """``changed``: cells have other values. ``laid_out``: there are other rows or members."""

    changed = Signal()
    laid_out = Signal()

    def __init__(self, comparison: Comparison, parent: QObject) -> None:
        super().__init__(parent)
        self.comparison = comparison
        self.figure = FIGURES["relative"]
        self._fresh: set[int] = set()
        self._tick = QTimer(self, singleShot=True, interval=TICK_MS)
        self._tick.timeout.connect(self._work)
        self._begin()
        self._fill()
        comparison.series_changed.connect(self._series_changed)
        comparison.profiled.connect(self._profiled)
        comparison.compared.connect(self._compared)
        comparison.finished.connect(self._finished)

    @property
    def complete(self) -> bool:
        """Whether everything that is known is in the map."""
        return not self._fresh

    def choose(self, key: str) -> None:
        """Show another figure."""
        if key == self.figure.key:
            return
        self.figure = FIGURES[key]
        if self.figure.source is Source.FIRST:
            self.comparison.compare_with_first()
        self._show()

    # rows

    def _begin(self) -> None:
        outline = self.comparison.outline
        self.outline = outline
        self.folded: np.ndarray = folded_to_fit(outline)
        self.blocks: Blocks = blocks_of(outline)
        self.rows: LayerRows = rows_of(outline, self.folded)
        self._renew()

    def _renew(self) -> None:
        members = len(self.comparison.series.members)
        self.layers = LayerMap(self.figure, self.rows, members)
        self.scale: ColourScale = self.layers.scale()
        self._fresh = set(range(members))

    def _series_changed(self) -> None:
        before, folded = self.outline, self.folded
        outline = self.comparison.outline
        if before.names == outline.names and before.labels == outline.labels:
            self.outline, self.folded = outline, folded
            self.rows, self.blocks = (
                LayerRows(outline, self.rows.nodes),
                Blocks(outline, self.blocks.of, self.blocks.top),
            )
            self._renew()
        else:
            self._begin()
        self._show(renew=False)

    def _show(self, *, renew: bool = True) -> None:
        """Fill in what can be done at once, and the rest in the turns that follow."""
        if renew:
            self._renew()
        self._fill()
        self.laid_out.emit()

    def set_folded(self, nodes: np.ndarray, folded: bool) -> None:
        """Close or open some modules."""
        nodes = nodes[self.outline.tensor[nodes] < 0]
        if not len(nodes) or bool((self.folded[nodes] == folded).all()):
            return
        self.folded[nodes] = folded
        before = self.layers
        self.rows = rows_of(self.outline, self.folded)
        self._renew()
        self.layers.keep(before)
        self._show(renew=False)

    def foldable(self) -> np.ndarray:
        """The modules that are folded all at once: the blocks; where there are none, the outermost modules."""
        blocks = np.unique(self.blocks.of[self.blocks.of >= 0])
        top = np.flatnonzero((self.outline.tensor < 0) & (self.outline.depth == 1))
        return np.asarray(blocks if len(blocks) else top)

    def around(self, row: int) -> int:
        """The module that is closed next around a row, 0 for none."""
        above = int(self.outline.parent[self.rows.nodes[row]])
        return above if above > self.blocks.top else 0

    # figures

    def _profiled(self, member: int) -> None:
        self._fresh.add(member)
        self._soon()

    def _compared(self, a: int, b: int) -> None:
        if self.figure.source is not Source.OWN:
            self._fresh.add(b)
            self._soon()

    def _finished(self) -> None:
        """A task that ended without all its tensors leaves none of them waiting."""
        self._fresh.update(range(len(self.comparison.series.members)))
        self._soon()

    def _soon(self) -> None:
        if not self._tick.isActive():
            self._tick.start(TICK_MS)

    def _work(self) -> None:
        self._fill()
        self.changed.emit()

    def _fill(self) -> None:
        known, until = self.comparison.known, time.perf_counter() + _SLICE
        while self._fresh:
            member = self._fresh.pop()
            self.layers.put(member, layer_column(known, self.figure, self.rows, member))
            if time.perf_counter() > until:
                break
        self.scale = self.layers.scale()
        if self._fresh:
            self._tick.start(0)
