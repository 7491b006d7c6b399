"""Asks whether tensors that only one of the two has are those that only the other has, under another name."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.series.renames import Rename
from ckptgui.core.series.status import Status
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.labels import ElidedLabel, LinkLabel, plain_tooltip
from ckptgui.gui.numbers import counted, integer, tr
from ckptgui.workspace.renames import propose_renames

MOST_TOLD = 12
"""Pairs of names in the tooltip."""


class RenamesLine(QWidget):
    """Hidden as long as nothing is proposed. ``accepted`` carries the renames that somebody takes for true."""

    accepted = Signal(object)

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._lane = comparison.background.lane(self, patient=True)
        self._asked: tuple[object, int, int] | None = None
        self.renames: tuple[Rename, ...] = ()
        self.text = ElidedLabel("", self, colour="text2")
        self.accept = LinkLabel(tr("Match them"), self)
        self.accept.clicked.connect(lambda: self.accepted.emit(self.renames))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 6)
        row.setSpacing(12)
        row.addWidget(self.text, 1)
        row.addWidget(self.accept)
        self.hide()

    def look(self, totals: dict[Status, int]) -> None:
        """Look for renames between A and B, once, if both have tensors of their own."""
        comparison = self._comparison
        asked = (comparison.matching, comparison.a, comparison.b)
        if asked == self._asked:
            return
        self._lane.cancel()
        self._take(())
        if comparison.progress.running or not (totals[Status.ADDED] and totals[Status.REMOVED]):
            self._asked = None
            return
        self._asked = asked
        series, pool, known = comparison.series, comparison.pool, comparison.known
        profiles, (_, a, b) = tuple(known.profiles), asked

        def work(cancel: Cancel, report: Report) -> tuple[Rename, ...]:
            return propose_renames(series, a, b, pool, cancel, profiles=profiles)

        self._lane.start(work, self._take, lambda _: self._take(()))  # a file that changed is told elsewhere

    def _take(self, renames: tuple[Rename, ...]) -> None:
        self.renames = renames
        self.setVisible(bool(renames))
        if not renames:
            return
        rules = {each.rule for each in renames}
        if len(rules) == 1 and (rule := rules.pop()):
            what = display(rule)
        else:
            first = f"{display(renames[0].from_name)} → {display(renames[0].to_name)}"
            what = first if len(renames) == 1 else tr("{0} and {1} more").format(first, integer(len(renames) - 1))
        words = tr("{0} seems to be renamed: {1}") if len(renames) == 1 else tr("{0} seem to be renamed: {1}")
        self.text.setText(words.format(counted(len(renames), "tensor", "tensors"), what))
        told = [f"{display(each.from_name)} → {display(each.to_name)}" for each in renames[:MOST_TOLD]]
        if len(renames) > MOST_TOLD:
            told.append(tr("and {0} more").format(integer(len(renames) - MOST_TOLD)))
        self.accept.setToolTip(plain_tooltip("\n".join((tr("Compare each pair as one tensor:"), *told))))
