"""How long the reading of a comparison took, all its stretches together."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject

from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.pass_words import NOTICEABLE


class Stopwatch(QObject):
    """Runs while the comparison reads; another series begins at zero."""

    def __init__(self, comparison: Comparison) -> None:
        super().__init__(comparison)
        self._comparison = comparison
        self._before = 0.0
        self._began: float | None = None
        comparison.series_changed.connect(self._reset)
        comparison.progress_changed.connect(self._look)

    @property
    def seconds(self) -> float:
        """So far."""
        return self._before + (time.monotonic() - self._began if self._began is not None else 0.0)

    @property
    def noticeable(self) -> bool:
        """Whether it takes long enough to be told of; less would make the foot flicker."""
        return self.seconds >= NOTICEABLE

    def _reset(self) -> None:
        self._before, self._began = 0.0, None

    def _look(self) -> None:
        running = self._comparison.progress.running
        if running and self._began is None:
            self._began = time.monotonic()
        elif not running and self._began is not None:
            self._before, self._began = self.seconds, None
