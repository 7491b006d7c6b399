"""Reads the tensors of a view once more in the background, until every bar of it is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.histogram import Scale
from ckptgui.core.tensors import Path
from ckptgui.engine.gate import Urgency
from ckptgui.engine.job import Cancel, Report
from ckptgui.engine.refine import refine, refine_bars
from ckptgui.errors import CheckpointError
from ckptgui.gui.inspector.histogram.series import Series
from ckptgui.gui.jobs import Background

PAUSE_MS = 60
"""After a view came, before it is read: who turns the wheel or walks down the tree reads only where they stop."""

READ_AT_ONCE = 64 * 2**20
"""Bytes of a tensor that is made exact without being asked; larger ones are where a view would look wrong."""

Found = dict[tuple[str, Path], Distribution]


@dataclass(frozen=True)
class Look:
    """A series as it is known now; ``coarse`` where its bars could be wrong by more than is seen."""

    series: Series
    distribution: Distribution = field(repr=False)
    coarse: bool


def is_read_at_once(series: Series) -> bool:
    """Whether it is small enough to be made exact without being asked."""
    return series.info is not None and series.info.nbytes <= READ_AT_ONCE


class CloserLook(QObject):
    """One view at a time, the newest wins. ``found`` has the finer distributions by their series' keys."""

    found = Signal(object)
    failed = Signal(str)

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._lane = background.lane(self, urgent=True)
        self._asked: object = None
        self._wish: tuple[Sequence[Look], np.ndarray, Scale] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._begin)

    @property
    def busy(self) -> bool:
        """Whether something is being read, or about to be."""
        return self._wish is not None or self._lane.busy

    def want(self, looks: Sequence[Look], edges: np.ndarray, scale: Scale) -> None:
        """Look closer at what lies between the first and last of ``edges``; what was looked at once stays so."""
        asked = (edges.tobytes(), tuple(look.series.key for look in looks))
        if asked == self._asked:
            return
        self._lane.cancel()
        self._asked, self._wish = asked, (looks, edges, scale)
        self._timer.start()

    def drop(self) -> None:
        """Somebody looks elsewhere."""
        self._timer.stop()
        self._lane.cancel()
        self._asked = self._wish = None

    def _begin(self) -> None:
        wish, self._wish = self._wish, None
        if wish is None:
            return
        gate = self._background.gate

        def work(cancel: Cancel, report: Report) -> Found:
            with gate.turn(cancel, Urgency.SELECTED) as turn:
                return look_closer(*wish, turn, report)

        self._lane.start(work, self.found.emit, self._on_error)

    def _on_error(self, error: CheckpointError) -> None:
        self.failed.emit(str(error))


def look_closer(looks: Sequence[Look], edges: np.ndarray, scale: Scale, cancel: Cancel, report: Report) -> Found:
    """Read each tensor again: a coarse one finely enough for further steps, then all to exact bars.

    Raises ``CheckpointError`` when bytes cannot be had, ``Cancelled``.
    """
    found: Found = {}
    low, high = float(edges[0]), float(edges[-1])
    for look in looks:
        info, pool, distribution = look.series.info, look.series.pool, look.distribution
        if info is None or pool is None:
            continue
        figures = look.series.figures
        if look.coarse and figures is not None:
            distribution = figures.refine(info, distribution, low, high, cancel, report, scale)
        elif look.coarse:
            distribution = refine(info, pool, distribution, low, high, cancel, report, scale)
        found[look.series.key] = refine_bars(info, pool, distribution, edges, cancel, report)
    return found
