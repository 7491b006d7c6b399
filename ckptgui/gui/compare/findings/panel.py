"""The run itself: which step broke it, and what its folder holds."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.breakage.breakage import Breakage
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.findings.best_card import BestCard
from ckptgui.gui.compare.findings.folder_card import FactsCard, folder_lines, unchanging_lines, unread_lines
from ckptgui.gui.compare.findings.steps_card import StepsCard
from ckptgui.gui.compare.findings.watch import RunWatch
from ckptgui.gui.controls import Ground
from ckptgui.gui.inspector.page import ScrollPage
from ckptgui.gui.numbers import tr

GAP = 12


class RunPanel(Ground):
    """Shown while no tensor is selected. ``watch`` has what was found, also for whoever shows a tensor."""

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__("panel", parent)
        self.comparison = comparison
        self.watch = RunWatch(comparison, self)
        self._at = -1
        page = ScrollPage(self, margin=16, top=10)
        page.body.setSpacing(GAP)
        self.steps = StepsCard(self.watch, self)
        self.unread = FactsCard(tr("Not read"), self)
        self.best = BestCard(self)
        self.folder = FactsCard(tr("This run"), self)
        self.unchanging = FactsCard(tr("Never changed"), self)
        for card in (self.steps, self.unread, self.best, self.folder, self.unchanging):
            page.body.addWidget(card)
            card.member_activated.connect(self._show_step)
        page.body.addStretch(1)
        self.steps.breakage_activated.connect(self.show_breakage)
        self.unchanging.node_activated.connect(comparison.select)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(page)
        self.watch.changed.connect(self._refresh)
        comparison.progress_changed.connect(self.steps.refresh)
        comparison.series_changed.connect(self._forget)
        self._refresh()

    def _forget(self) -> None:
        self._at = -1

    def _refresh(self) -> None:
        account = self.watch.account
        self.steps.refresh()
        self.unread.say(unread_lines(self.comparison))
        self.best.show_account(account)
        self.folder.say(folder_lines(account) if account is not None else [])
        self.unchanging.say(unchanging_lines(account) if account is not None else [])

    def _show_step(self, member: int) -> None:
        """Compare a member with the one before; the first with itself."""
        before = self.comparison.previous(member)
        if member in self.comparison.series.whole:
            self.comparison.set_ends(before if before >= 0 else member, member)

    def show_breakage(self, breakage: Breakage, node: int = -1) -> None:
        """Select what broke, at the step at which it did."""
        outline = self.comparison.outline
        self.comparison.set_ends(breakage.before if breakage.before >= 0 else breakage.member, breakage.member)
        self.comparison.select(node if node >= 0 else int(outline.node_of[breakage.tensors[0]]))

    def next_finding(self) -> bool:
        """Go to the next breakage, and round; False where there is none."""
        found = self.watch.account.breakages if self.watch.account is not None else ()
        if not found:
            return False
        self._at = (self._at + 1) % len(found)
        self.show_breakage(found[self._at])
        return True
