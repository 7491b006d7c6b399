"""What was selected before and after, to go back and forward; by names, which outlast a series."""

from __future__ import annotations

from PySide6.QtCore import QObject

from ckptgui.gui.compare.comparison import Comparison

MAX_HISTORY = 200


class History(QObject):
    """Follows the selection of a comparison, and walks through what it was."""

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._paths = [""]  # the run itself
        self._place = 0
        self._moving = False
        comparison.selection_changed.connect(self._note)

    def _note(self) -> None:
        path = self._comparison.outline.path(self._comparison.selection)
        if not self._moving and self._paths[self._place] != path:
            del self._paths[self._place + 1 :]
            self._paths = [*self._paths, path][-MAX_HISTORY:]
            self._place = len(self._paths) - 1

    def can_step(self, step: int) -> bool:
        """Whether there is something to go back (-1) or forward (1) to."""
        return 0 <= self._place + step < len(self._paths)

    def step(self, step: int) -> None:
        """Go back (-1) or forward (1)."""
        if self.can_step(step):
            self._place += step
            self._moving = True
            try:
                self._comparison.select(self._comparison.outline.find(self._paths[self._place]) or 0)
            finally:
                self._moving = False
