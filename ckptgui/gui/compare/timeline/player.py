"""Steps a comparison through its epochs, by hand or by itself."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.gui.compare.comparison import Comparison

INTERVAL, SHORTEST = 700, 100
"""Milliseconds an epoch while it plays, and at least so many where there are hundreds."""

WHOLE = 30_000
"""Milliseconds that a run takes at most, as long as that is not too fast to be seen."""


class Player(QObject):
    """Moves B, and A with it at the same distance. ``changed`` says that it plays, or no longer does."""

    changed = Signal()

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._timer = QTimer(self, interval=INTERVAL)
        self._timer.timeout.connect(self._tick)
        comparison.series_changed.connect(self.stop)

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer.isActive()

    def can_step(self, by: int) -> bool:
        """Whether there is an epoch that far from B."""
        whole = self._comparison.series.whole
        if self._comparison.b not in whole:
            return bool(whole)
        return 0 <= whole.index(self._comparison.b) + by < len(whole)

    def step(self, by: int) -> None:
        """Go ``by`` readable epochs on; at the ends it stays."""
        comparison = self._comparison
        whole = comparison.series.whole
        if not whole:
            return
        at_b = whole.index(comparison.b) if comparison.b in whole else 0
        at_a = whole.index(comparison.a) if comparison.a in whole else max(0, at_b - 1)
        new_b = min(max(at_b + by, 0), len(whole) - 1)
        new_a = min(max(at_a + new_b - at_b, 0), len(whole) - 1)
        if new_a == new_b and len(whole) > 1:  # at the first epoch there is nothing before B
            new_a = new_b - 1 if new_b else 1
        elif at_b == 0 and at_a == 1 and new_b > 0:  # B came from the first epoch: A goes before it again
            new_a = new_b - 1
        comparison.set_ends(whole[new_a], whole[new_b])

    def toggle(self) -> None:
        """Play, from the start if B is at the end; or stop."""
        if self.playing:
            self.stop()
            return
        whole = self._comparison.series.whole
        if len(whole) < 2:
            return
        if self._comparison.b == whole[-1]:
            self._comparison.set_ends(whole[0], whole[1])
        self._timer.start(max(SHORTEST, min(INTERVAL, WHOLE // len(whole))))
        self.changed.emit()

    def stop(self) -> None:
        """Play no longer."""
        if self._timer.isActive():
            self._timer.stop()
            self.changed.emit()

    def _tick(self) -> None:
        self.step(1)
        if not self.can_step(1):
            self.stop()
