"""What the readings of one checkpoint share, whichever lane they run on: who works out, and what is noted.

Everything here may be called from any thread but the GUI's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.profile import UNKNOWN, Profile, record_of
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.spreads import Spreads
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tree.build import Tree
from ckptgui.engine.branch_spreads import BranchSpreads
from ckptgui.engine.gate import Gate, Urgency
from ckptgui.engine.job import Cancel
from ckptgui.engine.kept_distributions import KeptDistributions
from ckptgui.engine.memory import give_memory_back
from ckptgui.engine.profiled import Profiled
from ckptgui.gui.figures import Figures
from ckptgui.gui.remembered import WORTH_KEEPING, Remembered
from ckptgui.gui.warm import wait_until_warm
from ckptgui.sources.locate import SourcePool

MOST_READ_AGAIN = 256 * 2**20
"""Bytes of small tensors that are read again for a branch's distribution; beyond it there is none."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the GUI thread is told of a batch; ``whole`` are the rows whose whole distribution was found too."""

    rows: np.ndarray
    records: np.ndarray
    whole: tuple[int, ...] = ()
    errors: Mapping[int, str] = field(default_factory=dict)


class Reading:
    """Of one checkpoint. ``figures`` are filled on the GUI thread, and read here a batch later at worst."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        pool: SourcePool,
        gate: Gate,
        figures: Profile,
        remembered: Remembered,
        tree: Tree | None,
    ) -> None:
        self.checkpoint, self.remembered = checkpoint, remembered
        self.figures = Figures(checkpoint, pool)
        self._gate, self._profile = gate, figures
        self._distributions = KeptDistributions(checkpoint.tensors.numel)
        self._spreads = BranchSpreads(tree) if tree is not None else None

    def note(self, batch: Profiled) -> Arrival:
        """What was read just now: for the branches, for being shown again, and for the next time."""
        if self._spreads is not None:
            self._spreads.add(batch.rows, batch.spreads)
        for row, summary in batch.summaries.items():
            if summary.distribution is not None and self._is_worth_keeping(row):
                self._distributions.put(row, summary.distribution)
        self.remembered.add(batch)
        return Arrival(batch.rows, batch.records, tuple(batch.summaries), batch.errors)

    def one(self, row: int, summary: Summary, worth_noting: bool) -> Arrival:
        """What a single tensor came to; what a person had made exact is not for the next time."""
        rows, record = np.array([row]), record_of(summary, self.checkpoint.tensors.shape(row)).reshape(1)
        if worth_noting:
            spreads = Spreads.of([Spread.of(summary.distribution)])
            self.note(Profiled(rows, record, spreads, {row: summary}))
        return Arrival(rows, record)

    def restore(self) -> None:
        """Let the branches know what they came to when the file was read before."""
        if self._spreads is not None:
            self.remembered.restore(self._spreads)

    def finish(self) -> None:
        """All is read: keep what the branches came to, and no more memory than is needed to look at it."""
        if self._spreads is not None:
            self.remembered.write_branches(self._spreads)
        give_memory_back()

    def distribution(self, row: int) -> Distribution | None:
        """The whole distribution of a large tensor, if it was kept here. In a moment, so for any thread."""
        return self._distributions.get(row)

    def distribution_from_disk(self, row: int) -> Distribution | None:
        """The same, else as it was kept on the disk."""
        return self._distributions.get(row) or self.remembered.distribution(row)

    def spread(self, node: int, cancel: Cancel) -> Spread | None:
        """How the values below a node are spread, as far as they were read; it may read small tensors again."""
        if self._spreads is None:
            return None
        rows = self._spreads.left_out(node)
        rows = rows[self._profile.records["known"][rows] != UNKNOWN]
        parts: list[Spread | None] = [self._spreads.counted(node)]
        again = []
        for row in rows.tolist():
            cancel.check()
            found = self.distribution_from_disk(row) if self._is_worth_keeping(row) else None
            if found is None:
                again.append(row)
            else:
                parts.append(Spread.of(found))
        if self.checkpoint.tensors.nbytes[again].sum() > MOST_READ_AGAIN:
            return None
        if again:
            wait_until_warm(cancel)
            with self._gate.turn(cancel, Urgency.VISIBLE) as turn:
                self.figures.profile(again, lambda batch: parts.extend(batch.spreads), turn)
        return Spread.joined(parts)

    def _is_worth_keeping(self, row: int) -> bool:
        return bool(self.checkpoint.tensors.nbytes[row] >= WORTH_KEEPING)
