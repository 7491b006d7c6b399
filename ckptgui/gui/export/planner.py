"""Plans exports off the GUI thread: the latest wish wins, and no two plans of 100,000 tensors run at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, QTimer, Signal

from ckptgui.analysis.profile import FIGURES
from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.export.losses import Losses
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.gui.export.findings import Finding, alarms, findings
from ckptgui.gui.export.outlook import Outlook, look_ahead
from ckptgui.gui.export.place import Place, look_around
from ckptgui.gui.export.subject import Subject
from ckptgui.gui.jobs import Background

CALM = 600
"""Milliseconds without another wish before values are read for this one."""

AGAIN = 500
"""Milliseconds between two looks at what the window has read meanwhile."""


@dataclass(frozen=True, eq=False)
class Planned:
    """An outlook, what is to be said about it, and the name that it proposes (empty where there is none)."""

    outlook: Outlook
    findings: tuple[Finding, ...]
    proposal: str


class Planner(QObject):
    """For one dialogue. ``planned`` carries a ``Planned``, ``placed`` a ``Place``, ``sized`` the key of a preset
    and its bytes (-1 where it cannot be), ``lost`` the ``Losses`` of the latest plan, found by reading,
    ``alarmed`` the NaN and infinities that are known by now.
    """

    planned = Signal(object)
    placed = Signal(object)
    sized = Signal(str, object)
    lost = Signal(object)
    alarmed = Signal(object)

    def __init__(self, background: Background, subject: Subject, parent: QObject) -> None:
        super().__init__(parent)
        self._subject = subject
        self._plans = background.lane(self)
        self._places = background.lane(self)
        self._sizes = background.lane(self)
        self._values = background.lane(self)
        self._losses = background.lane(self, patient=True)
        self._alarms = background.lane(self)
        self._shown: Outlook | None = None
        self._again = QTimer(self, singleShot=True, interval=AGAIN)
        self._again.timeout.connect(self._look_again)
        self._outlook: Outlook | None = None
        self._calm = QTimer(self, singleShot=True, interval=CALM)
        self._calm.timeout.connect(self._read)
        self._next: Callable[[], None] | None = None

    @property
    def planning(self) -> bool:
        """Whether a plan or a place is still to come."""
        return self._plans.busy or self._places.busy

    @property
    def busy(self) -> bool:
        """Whether anything is still to come that does not read the file."""
        return self.planning or self._sizes.busy

    def plan(self, request: ExportRequest, out: str) -> None:
        """Plan this as soon as the plan that runs is through; of several wishes meanwhile the last one counts."""
        self._calm.stop()
        self._again.stop()
        self._losses.cancel()
        self._next = lambda: self._begin(request, out)
        if not self._plans.busy:
            self._turn()

    def _turn(self) -> None:
        begin, self._next = self._next, None
        if begin is not None:
            begin()

    def _begin(self, request: ExportRequest, out: str) -> None:
        subject = self._subject

        def work(_: Cancel, __: Report) -> Planned:
            return planned(subject, request, out)

        self._plans.start(work, self._done)

    def _done(self, found: Planned) -> None:
        if self._next is not None:
            self._turn()  # what somebody typed meanwhile is what is wanted
            return
        self._shown = found.outlook
        self._again.start()
        self.planned.emit(found)

    def _look_again(self) -> None:
        """Until the window has read all that goes out, see what it found in it."""
        plan, records = self._shown.shown if self._shown is not None else None, self._subject.profile
        if plan is None or records is None or len(records) != len(plan.checkpoint):
            return

        def work(_: Cancel, __: Report) -> tuple[list[Finding], bool]:
            known = records["known"][plan.chosen.rows] == FIGURES
            return alarms(plan, records), bool(known.all())

        def done(found: tuple[list[Finding], bool]) -> None:
            self.alarmed.emit(found[0])
            if not found[1]:
                self._again.start()

        self._alarms.start(work, done)

    def place(self, path: str, *, folder: bool) -> None:
        """Look at the place where it would go."""
        checkpoint = self._subject.checkpoint

        def work(_: Cancel, __: Report) -> Place:
            return look_around(checkpoint, path, folder=folder)

        self._places.start(work, self.placed.emit)

    def size(self, wishes: Sequence[tuple[str, ExportRequest]]) -> None:
        """Find the exact sizes of several exports, one after the other."""
        subject = self._subject

        def work(cancel: Cancel, _: Report, tell: Callable[[tuple[str, int]], None]) -> None:
            for key, request in wishes:
                cancel.check()
                plan = look_ahead(subject.checkpoint, subject.shown, request).plan
                tell((key, plan.nbytes if plan is not None else -1))

        self._sizes.stream(work, lambda sized: self.sized.emit(*sized), lambda _: None)

    def values(self, request: ExportRequest, act: Callable[[dict[str, Json]], None]) -> None:
        """Find the plain values that could go along, and ``act`` on them."""
        checkpoint = self._subject.checkpoint

        def work(_: Cancel, __: Report) -> dict[str, Json]:
            return kept_values(checkpoint, request)

        self._values.start(work, act)

    def find_losses(self, outlook: Outlook) -> None:
        """Read what is cast and count what is lost, unless something else is wished soon."""
        self._outlook = outlook
        self._calm.start()

    def _read(self) -> None:
        plan, subject = self._outlook.plan if self._outlook is not None else None, self._subject
        if plan is None:
            return

        def work(cancel: Cancel, report: Report) -> Losses:
            from ckptgui.export.losses_exact import exact

            pool = subject.pool()
            try:
                return exact(plan, pool, cancel, report)
            finally:
                pool.close()

        self._losses.start(work, self.lost.emit, lambda _: None)

    def stop(self) -> None:
        """Drop all that is wanted."""
        self._calm.stop()
        self._again.stop()
        self._next = None
        for lane in (self._plans, self._places, self._sizes, self._values, self._losses, self._alarms):
            lane.cancel()


def kept_values(checkpoint: Checkpoint, request: ExportRequest) -> dict[str, Json]:
    """The plain values that go along with an export unless somebody changes that."""
    try:
        plan = plan_export(checkpoint, "", replace(request, keep_metadata=True, metadata=(), rescue=False))
    except CheckpointError:
        return {}
    return dict(plan.metadata)


def planned(subject: Subject, request: ExportRequest, out: str) -> Planned:
    """The work of a plan."""
    outlook = look_ahead(subject.checkpoint, out, replace(request, force=False))
    try:
        proposal = subject.proposal(request)
    except CheckpointError:
        proposal = ""
    return Planned(outlook, findings(outlook, subject.profile), proposal)
