"""The tab of a folder: its epochs in a strip above, the chosen one below; the selection stays while stepping."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.controls import Ground, Hairline, IconButton
from ckptgui.gui.document import DocumentPage
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, PlainLabel
from ckptgui.gui.numbers import counted, integer, size_text, tr
from ckptgui.gui.page import Activity, Link, Page
from ckptgui.gui.run_strip import RunStrip
from ckptgui.gui.states import FailedView, OpeningView
from ckptgui.workspace.run import Run, read_run

LOW = 620
"""Under this height of the tab the strip keeps its epochs alone."""


class RunPage(Page):
    """A run. ``step`` goes to the epoch before or after."""

    open_another = Signal()
    opened = Signal()
    failed = Signal(str)
    icon = "run"

    def __init__(self, background: Background, share: float = 0.55, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._run: Run | None = None
        self._current = -1
        self._wanted: Path | None = None
        self.opening_view = OpeningView(self)
        self.failed_view = FailedView(self)
        self.strip = RunStrip(self)
        self.document_page = DocumentPage(background, share, self)
        self.heading = PlainLabel(tr("Run"), self, weight=SEMIBOLD)
        self.summary = PlainLabel("", self, colour="text2", pixels=12)
        self.order = PlainLabel("", self, colour="text2", pixels=12)
        self.before = IconButton("step-back", tr("Previous epoch") + " ([)", self)
        self.after = IconButton("step-forward", tr("Next epoch") + " (])", self)
        self.before.clicked.connect(lambda: self.step(-1))
        self.after.clicked.connect(lambda: self.step(1))
        self.position = PlainLabel("", self, colour="text2", pixels=12)
        self._content = QWidget(self)
        self._lay_out()
        self._stack = QStackedLayout(self)
        for part in (self.opening_view, self.failed_view, self._content):
            self._stack.addWidget(part)
        self.opening_view.cancelled.connect(self._lane.cancel)
        self.failed_view.open_another.connect(self.open_another)
        self.failed_view.try_again.connect(lambda: self.open_path(self.path))
        self.strip.chosen.connect(self.show_member)
        page = self.document_page
        page.changed.connect(self.changed)
        page.moved.connect(self.moved)
        page.open_another.connect(self.open_another)
        page.found_run.connect(lambda _: self.open_path(self.path))  # a member is many by now: look again
        page.tree_painted.connect(self.tree_painted)
        page.histogram_painted.connect(self.histogram_painted)
        page.profiled.connect(self.profiled)
        page.opened.connect(self.opened)
        page.failed.connect(self.failed)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.setContentsMargins(12, 10, 0, 8)
        for part in (self.heading, self.summary, self.order):
            words.addWidget(part)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        buttons.addWidget(self.before)
        buttons.addWidget(self.after)
        buttons.addSpacing(6)
        buttons.addWidget(self.position)
        buttons.addStretch(1)
        words.addLayout(buttons)
        words.addStretch(1)
        side = QWidget(self)
        side.setFixedWidth(190)
        side.setLayout(words)
        top = Ground("panel", self)
        row = QHBoxLayout(top)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(side)
        row.addWidget(self.strip, 1, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(top)
        column.addWidget(Hairline(self))
        column.addWidget(self.document_page, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the rows below need the height more than the losses do."""
        super().resizeEvent(event)
        low = self.height() < LOW
        self.strip.set_low(low)
        self.heading.setVisible(not low)
        self.order.setVisible(not low)

    def open_path(self, path: str, select: Path | None = None) -> None:
        """List the checkpoints of a folder, then show the last one."""
        self.path = path
        self._wanted = select
        self.opening_view.begin(display(PurePath(path).name, 80))
        self._stack.setCurrentWidget(self.opening_view)

        def work(cancel: Cancel, report: Report) -> Run:
            return read_run(path, cancel, report)

        self._lane.start(work, self._show, self._failed, self.opening_view.show_progress, self._cancelled)
        self.changed.emit()

    def show_run(self, run: Run, select: Path | None = None) -> None:
        """Show a run that has been read, at its last checkpoint."""
        self.path = run.path
        self._wanted = select
        self._show(run)

    def _show(self, run: Run) -> None:
        self.opening_view.end()
        self._run = run
        self.icon = "run"
        whole = [index for index, member in enumerate(run.members) if not member.error]
        if not run.members:
            self._tell(tr("No checkpoint is in this folder."))
            return
        self.strip.set_members(run.members)
        count = counted(len(run.members), "checkpoint", "checkpoints")
        self.summary.setText(f"{count}, {size_text(sum(member.nbytes for member in run.members))}")
        by_epoch = all(member.epoch is not None for member in run.members if not member.error)
        self.order.setText(tr("ordered by epoch in the file") if by_epoch else tr("ordered by step or name"))
        self._stack.setCurrentWidget(self._content)
        self.show_member(whole[-1] if whole else 0)

    def _failed(self, error: CheckpointError) -> None:
        self.opening_view.end()
        self._tell(display(error, 2000))

    def _tell(self, reason: str) -> None:
        self.icon = "broken-file"
        title = tr("{name} cannot be shown").format(name=self.title())
        self.failed_view.show_failure(title, reason, display(self.path, 1000))
        self._stack.setCurrentWidget(self.failed_view)
        self.failed.emit(reason)
        self.changed.emit()

    def _cancelled(self) -> None:
        self.opening_view.end()
        self.failed_view.show_cancelled(display(self.path, 1000))
        self._stack.setCurrentWidget(self.failed_view)
        self.changed.emit()

    def show_member(self, index: int) -> None:
        """Show one epoch; a broken one says its reason in place of its tensors."""
        if self._run is None or not 0 <= index < len(self._run.members) or index == self._current:
            return
        self._current = index
        self.strip.set_current(index)
        self.document_page.open_path(self._run.members[index].path, select=self._wanted)
        self._wanted = None
        self.before.setEnabled(index > 0)
        self.position.setText(
            tr("{number} of {all}").format(number=integer(index + 1), all=integer(len(self._run.members)))
        )
        self.after.setEnabled(index < len(self._run.members) - 1)
        self.changed.emit()

    def step(self, step: int) -> None:
        """Go to the epoch before (-1) or after (1)."""
        self.show_member(self._current + step)

    @property
    def current(self) -> int:
        """The number of the epoch that is shown, in the strip's order."""
        return self._current

    @property
    def run(self) -> Run | None:
        """What was found in the folder."""
        return self._run

    # what the window asks

    def title(self) -> str:
        """The folder's name."""
        return display(PurePath(self.path).name or self.path, 120)

    def activity(self) -> Activity | None:
        """Listing the folder, or what the epoch's page does."""
        if self._lane.busy:
            return Activity(tr("Reading headers"), cancel=self._lane.cancel)
        return self.document_page.activity()

    def outcome(self) -> str:
        """What the epoch's page says."""
        return self.document_page.outcome()

    def link(self) -> Link | None:
        """What can be done about the epoch's outcome."""
        return self.document_page.link()

    def facts(self) -> tuple[str, ...]:
        """What the epoch's page says."""
        return self.document_page.facts()

    def able(self, ability: str) -> str:
        """Why not (see ``Page``)."""
        if ability in ("previous", "next"):
            members = self._run.members if self._run else ()
            if not members:
                return tr("No run is shown here.")
            if ability == "previous":
                return "" if self._current > 0 else tr("This is the first epoch.")
            return "" if self._current < len(members) - 1 else tr("This is the last epoch.")
        return self.document_page.able(ability)

    def unfinished(self) -> str:
        """What the epoch's page says."""
        return self.document_page.unfinished()

    def document(self) -> DocumentView | None:
        """The epoch that is shown."""
        return self.document_page.document()

    def export_state_dict(self) -> None:
        """Of the epoch that is shown."""
        self.document_page.export_state_dict()

    def copy_path(self) -> None:
        """Of what is selected."""
        self.document_page.copy_path()

    def close_page(self) -> None:
        """Stop all work and give the files back."""
        self._lane.cancel()
        self.document_page.close_page()
