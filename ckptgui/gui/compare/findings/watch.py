"""Keeps the account of a run up to date while its checkpoints are read."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.findings.account import RunAccount, account_of

PAUSE = 300
"""Milliseconds between two accounts at least; a large run takes more, so that reading has the processor."""

SHARE = 4
"""How many times as long as an account took the pause after it is."""


class RunWatch(QObject):
    """``changed`` says that there is another ``account``; it is None until there is a first one of a series."""

    changed = Signal()

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.comparison = comparison
        self.account: RunAccount | None = None
        self._lane = comparison.background.lane(self)
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self._begin)
        self._wanted = False
        self._pause = PAUSE
        self._begun = 0.0
        comparison.series_changed.connect(self._another)
        comparison.profiled.connect(self._news)
        comparison.compared.connect(self._news)
        comparison.finished.connect(self._ended)
        self._another()

    @property
    def complete(self) -> bool:
        """Whether everything was read, and the account is of that."""
        running = (
            self.comparison.progress.running or self.comparison.progress.done < self.comparison.progress.total
        )
        return self.account is not None and not running and not self._wanted and not self._lane.busy

    def _another(self) -> None:
        self._lane.cancel()
        if self.account is not None and self.account.series is not self.comparison.series:
            self.account = None
        self._pause = PAUSE
        self._wanted = True
        self._soon.start(0)
        self.changed.emit()

    def _news(self) -> None:
        self._wanted = True
        if not self._soon.isActive() and not self._lane.busy:
            self._soon.start(self._pause)

    def _ended(self) -> None:
        """What was read last is waited for no longer than it takes."""
        self._wanted = True
        self._pause = 0
        if not self._lane.busy:
            self._soon.start(0)

    def _begin(self) -> None:
        self._wanted = False
        self._begun = time.monotonic()
        known = self.comparison.known
        series, profiles, pairs = known.series, tuple(known.profiles), dict(known.pairs)

        def work(cancel: Cancel, _: Report) -> RunAccount:
            return account_of(series, profiles, pairs, cancel)

        self._lane.start(work, self._take)

    def _take(self, account: RunAccount) -> None:
        taken = round(1000 * (time.monotonic() - self._begun))
        self._pause = max(PAUSE, SHARE * taken) if self.comparison.progress.running else 0
        self.account = account
        if self._wanted:
            self._soon.start(self._pause)
        self.changed.emit()
