"""Looks, once the figures are there, for tensors that were renamed, and proposes to take each pair for one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, Signal

from ckptgui.core.display import display
from ckptgui.core.series.renames import Grounds, Rename
from ckptgui.core.series.series import Series
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.workspace.renames import propose_all


class RenameSearch(QObject):
    """``proposed`` carries the pairs that were found, of a series in which some tensors are not everywhere."""

    proposed = Signal(object)

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._lane = comparison.background.lane(self, patient=True)
        self._searched: Series | None = None
        comparison.series_changed.connect(self._lane.cancel)
        comparison.finished.connect(self._begin)

    def _begin(self) -> None:
        known, pool, series = self._comparison.known, self._comparison.pool, self._comparison.series
        if self._searched is series or not _some_are_missing(series):
            return
        self._searched = series
        profiles = tuple(known.profiles)

        def work(cancel: Cancel, report: Report) -> tuple[Rename, ...]:
            return propose_all(series, pool, cancel, report, profiles)

        self._lane.start(work, lambda found: self.proposed.emit(found) if found else None, lambda _: None)

    def stop(self) -> None:
        """Look no more."""
        self._lane.cancel()


def _some_are_missing(series: Series) -> bool:
    here = series.matching.rows[:, list(series.whole)] >= 0
    return bool(np.any(here.any(axis=1) & ~here.all(axis=1)))


def proposal_words(renames: Sequence[Rename]) -> tuple[str, str, str]:
    """A title, a text with the first pair and its grounds, and what the link says."""
    first = renames[0]
    title = tr("{tensors} renamed, as it seems.").format(
        tensors=counted(len(renames), "tensor was", "tensors were"),
    )
    pair = f"{display(first.from_name, 100)} → {display(first.to_name, 100)}"
    equal = sum(each.grounds is Grounds.EQUAL for each in renames)
    grounds = tr("all values are equal") if equal == len(renames) else tr("the values are near each other")
    if all(each.grounds is Grounds.RULE for each in renames):
        grounds = tr("the change of names fits them all")
    elif 0 < equal < len(renames):
        grounds = tr("{count} of them with equal values").format(count=integer(equal))
    link = tr("Treat as the same tensor") if len(renames) == 1 else tr("Treat as the same tensors")
    return title, tr("{pair}: {grounds}.").format(pair=pair, grounds=grounds), link
