"""The best checkpoint by a logged figure, and what keeping the best few and the last would free."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.series.best import Metric, keeping
from ckptgui.gui.compare.findings.account import RunAccount
from ckptgui.gui.compare.findings.metric_button import MetricButton
from ckptgui.gui.compare.findings.sentence import Sentence
from ckptgui.gui.compare.findings.words import best, but, kept
from ckptgui.gui.inspector.controls import SectionHead, Segmented
from ckptgui.gui.inspector.flow import grow_with_lines
from ckptgui.gui.numbers import integer, tr

COUNTS = (1, 2, 3, 5, 10)
"""How many of the best may be kept."""


class BestCard(QWidget):
    """Which figure, and how many of the best are kept, are chosen here; hidden where nothing was logged."""

    member_activated = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._account: RunAccount | None = None
        self._path = ""
        self.count = 1
        self.head = SectionHead(tr("Best checkpoint"), self)
        self.choose = MetricButton(self)
        self.choose.chosen.connect(self.set_metric)
        self.head.add(self.choose)
        self.best = Sentence((), self)
        self.keep = Segmented(tr("Keep the last and the best"), [(str(n), integer(n)) for n in COUNTS], self)
        self.keep.chosen.connect(lambda key: self.set_count(int(key)))
        self.kept = Sentence((), self, colour="text2")
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.keep)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.head)
        column.addWidget(self.best)
        column.addLayout(row)
        column.addWidget(self.kept)
        grow_with_lines(self)
        for sentence in (self.best, self.kept):
            sentence.member_activated.connect(self.member_activated)

    @property
    def ranked_by(self) -> Metric | None:
        """The figure that decides: the one that was chosen, as long as it is there, else the first."""
        found = self._account.metrics if self._account is not None else ()
        return next((each for each in found if each.curve.path == self._path), found[0] if found else None)

    def show_account(self, account: RunAccount | None) -> None:
        """Show another account."""
        self._account = account
        self._refresh()

    def set_metric(self, path: str) -> None:
        """Let another figure decide."""
        self._path = path
        self._refresh()

    def set_count(self, count: int) -> None:
        """Keep so many of the best."""
        metric = self.ranked_by
        if metric is not None:
            self.count = count
            self._refresh()

    def _refresh(self) -> None:
        account, metric = self._account, self.ranked_by
        self.setVisible(metric is not None)
        if account is None or metric is None:
            return
        series = account.series
        self.choose.show_metrics(account.metrics, metric)
        count = min(self.count, len(metric.ranking))
        self.best.set_pieces([*best(series, metric), *but(account.not_finite.get(metric.ranking[0], 0))])
        for key, button in self.keep.buttons.items():
            button.setEnabled(int(key) <= max(1, len(metric.ranking)))
        self.kept.set_pieces(kept(series, metric, keeping(series.members, account.use, metric, count), count))
