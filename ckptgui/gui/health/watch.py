"""Follows the reading of a checkpoint and keeps the list of what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding, worst_first
from ckptgui.analysis.health.nonfinite import nonfinite
from ckptgui.analysis.profile import Profile
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.engine.health import examine
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.jobs import Background
from ckptgui.gui.pass_progress import Phase
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.warm import wait_until_warm
from ckptgui.sources.locate import SourcePool

SOON_MS = 250
"""Between a NaN that was read and the list that has it."""

COPIED = 200_000
"""Tensors up to which the list is made while they are still being read: it needs a copy of their figures."""


class HealthWatch(QObject):
    """``findings`` are worst first. While tensors are being read they are NaN and infinities alone; the whole
    list comes when all is read, ``complete`` then; ``dead`` counts dead channels by row. ``changed`` says that it
    is another.
    """

    changed = Signal()

    def __init__(self, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self, patient=True)
        self._checkpoint: Checkpoint | None = None
        self.summaries: Summaries | None = None
        self._pool: SourcePool | None = None
        self._read = False
        self.slots: SlotMap | None = None
        self.findings: Sequence[Finding] = ()
        self.dead: Mapping[int, int] = {}
        self.complete = False
        self._soon = QTimer(self, singleShot=True, interval=SOON_MS)
        self._soon.timeout.connect(self._look)

    def set_document(self, checkpoint: Checkpoint, pool: SourcePool, summaries: Summaries) -> None:
        """Follow another checkpoint."""
        self.forget()
        self._checkpoint, self._pool, self.summaries = checkpoint, pool, summaries
        summaries.arrived.connect(self._arrived)
        summaries.finished.connect(self._finished)
        if summaries.progress.phase is Phase.FINISHED:
            self._finished()
        else:
            self._arrived(np.arange(len(summaries.profile)))

    def forget(self) -> None:
        """Follow none."""
        self._soon.stop()
        self._lane.cancel()
        if self.summaries is not None and shiboken6.isValid(self.summaries):
            self.summaries.arrived.disconnect(self._arrived)
            self.summaries.finished.disconnect(self._finished)
        self._checkpoint = self._pool = self.summaries = self.slots = None
        self._read = False
        self._take((), {}, complete=False)

    def set_slots(self, slots: SlotMap | None) -> None:
        """The optimizer's slots, once they are matched: its findings wait for them."""
        self.slots = slots
        if self._checkpoint is not None and (self._read or self.findings):
            self._soon.start()

    def _arrived(self, rows: np.ndarray) -> None:
        if self.summaries is None or self._read or len(self.summaries.profile) > COPIED:
            return
        records = self.summaries.profile.records[rows]
        if (records["nan"] + records["posinf"] + records["neginf"] > 0).any() and not self._soon.isActive():
            self._soon.start()

    def _finished(self) -> None:
        self._read = True
        self._soon.start(0)

    def _look(self) -> None:
        """Make the list, off the GUI thread; the last wish counts."""
        checkpoint, pool, summaries = self._checkpoint, self._pool, self.summaries
        if checkpoint is None or pool is None or summaries is None:
            return
        slots, complete = self.slots, self._read
        profile = summaries.profile if complete else _copied(summaries.profile, checkpoint)

        def work(cancel: Cancel, report: Report) -> tuple[Sequence[Finding], Mapping[int, int]]:
            if complete:
                wait_until_warm(cancel, pictures=True)
                found = examine(checkpoint, profile, slots, pool, cancel, report)
                return found, {row: each.count for each in found if each.kind == "dead" for row in each.rows}
            return worst_first(list(nonfinite(Evidence(checkpoint, profile, slots)))), {}

        self._lane.start(work, lambda found: self._take(*found, complete=complete))

    def _take(self, findings: Sequence[Finding], dead: Mapping[int, int], *, complete: bool) -> None:
        if (findings, complete) != (self.findings, self.complete):
            self.findings, self.dead, self.complete = findings, dead, complete
            self.changed.emit()


def _copied(profile: Profile, checkpoint: Checkpoint) -> Profile:
    """The figures as they are now: others are being put in while the list is made."""
    copy = Profile(0, checkpoint.tensors.shape)
    copy.records = profile.records.copy()
    return copy
