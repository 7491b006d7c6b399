"""Which checkpoints are compared: as they were found, as somebody chose them, and what comes while one looks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.core.series.renames import Rename
from ckptgui.core.series.series import series_of
from ckptgui.engine.job import Cancel, Report
from ckptgui.formats.registry import is_checkpoint
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.members.choice import Choice, rearranged
from ckptgui.workspace.compared import Compared
from ckptgui.workspace.comparing import PairTask
from ckptgui.workspace.following import Followed, Follower
from ckptgui.workspace.run import Run, joined

INTERVAL = 2000
"""Milliseconds between two looks for what is new."""


class Roster(QObject):
    """Keeps the members of a comparison. All that asks the disk or takes long is done off the GUI thread.

    ``unreadable`` says that there is no member of which tensors are known, ``waiting_changed`` that others are
    still being written, ``another_run`` carries a folder that was added and is a run of its own.
    """

    shown = Signal()
    another_run = Signal(str)
    unreadable = Signal()
    waiting_changed = Signal()

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        background = comparison.background
        self._matching = background.lane(self)
        self._looking = background.lane(self)
        self._changing = background.lane(self)
        self._follower: Follower | None = None
        self._renames: tuple[Rename, ...] = ()
        self.run: Run | None = None
        self.waiting: tuple[str, ...] = ()
        self._timer = QTimer(self, interval=INTERVAL)
        self._timer.timeout.connect(self.look)

    @property
    def busy(self) -> bool:
        """Whether members are being opened or matched."""
        return self._matching.busy or self._changing.busy

    # as somebody chose them

    def take(self, run: Run) -> None:
        """Compare the members of this run from now on."""
        self._looking.cancel()  # what it would find is about the run before
        self.run = run
        self._follower = Follower(run)
        self._match(run)

    def add(self, paths: Sequence[str]) -> None:
        """Compare these too; a folder of several checkpoints is a run of its own."""
        run = self.run
        if run is None:
            return

        def work(cancel: Cancel, _: Report) -> tuple[Run, list[str]]:
            runs = [path for path in paths if Path(path).is_dir() and not is_checkpoint(path)]
            return joined(run, [path for path in paths if path not in runs], cancel), runs

        def done(found: tuple[Run, list[str]]) -> None:
            changed, runs = found
            if changed.members != run.members:
                self.take(changed)
            for path in runs:
                self.another_run.emit(path)

        self._changing.start(work, done)

    def rearrange(self, choices: Sequence[Choice], by_hand: bool) -> None:
        """Compare those that are taken, in the order of the choices if that is ``by_hand``."""
        run = self.run
        if run is not None:
            self._changing.start(lambda cancel, _: rearranged(run, choices, by_hand, cancel), self.take)

    def accept(self, renames: Sequence[Rename]) -> None:
        """Treat each of these pairs of names as one tensor."""
        self._renames = (*self._renames, *renames)
        if self.run is not None:
            self._match(self.run)

    # matching

    def _match(self, run: Run) -> None:
        known, renames = self._comparison.known, self._renames
        followed = self._follows_newest()

        def work(cancel: Cancel, _: Report) -> Compared:
            series = series_of(run.members, renames)
            cancel.check()
            found = known.with_series(series)
            found.outline.find("")  # looks all names up, once
            for task in found.tasks():
                cancel.check()
                if isinstance(task, PairTask):
                    found.pair(task.a, task.b)  # what headers tell of it: a hundred thousand names take a while
            return found

        self._matching.start(work, lambda found: self._matched(found, followed))

    def _follows_newest(self) -> bool:
        """Whether B is the newest, and so goes on to what is newer."""
        whole = self._comparison.series.whole
        return bool(whole) and self._comparison.b == whole[-1]

    def _matched(self, found: Compared, to_newest: bool) -> None:
        if not found.series.whole:
            self.unreadable.emit()
            return
        self._comparison.show_known(found, to_newest=to_newest)
        self._timer.start()
        self.shown.emit()

    # what comes while one looks

    def look(self) -> None:
        """Ask the disk what is another, if that is not being asked."""
        follower = self._follower
        if follower is not None and not self._looking.busy and not self.busy:
            self._looking.start(lambda cancel, _: follower.look(cancel.check), self._looked)

    def _looked(self, found: Followed) -> None:
        if found.waiting != self.waiting:
            self.waiting = found.waiting
            self.waiting_changed.emit()
        if found:
            self.run = found.run
            self._match(found.run)

    def follow(self, wanted: bool) -> None:
        """Whether to look again and again."""
        if wanted:
            self.look()
            self._timer.start()
        else:
            self._timer.stop()

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()
        for lane in (self._looking, self._matching, self._changing):
            lane.cancel()
