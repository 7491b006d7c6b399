"""The tab of a run: its epochs above, below them the comparison of A and B or the checkpoint B in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import PurePath

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QStackedLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.series.renames import Rename
from ckptgui.core.series.series import Series
from ckptgui.core.tensors import Path
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.compare.halves import Halves
from ckptgui.gui.compare.notices import series_notices
from ckptgui.gui.compare.page_words import title_of, waiting_sentence
from ckptgui.gui.compare.renaming import RenameSearch, proposal_words
from ckptgui.gui.compare.report_flow import ReportFlow
from ckptgui.gui.compare.roster import Roster
from ckptgui.gui.compare.timeline.panel import Timeline
from ckptgui.gui.compare.words import member_words
from ckptgui.gui.controls import Hairline
from ckptgui.gui.devices.desk import Devices
from ckptgui.gui.devices.pairs import compare_there
from ckptgui.gui.document_view import DocumentView
from ckptgui.gui.export_batch.flow import BatchFlow
from ckptgui.gui.goto import Finder
from ckptgui.gui.jobs import Background
from ckptgui.gui.milestones import PaintWatch
from ckptgui.gui.notices import Notice, Tone
from ckptgui.gui.numbers import tr
from ckptgui.gui.page import Activity, Link, Page
from ckptgui.gui.states import FailedView, OpeningView
from ckptgui.workspace.run import Run

LOW = 620
"""Under this height of the tab the timeline keeps its epochs alone."""


class SeriesPage(Page):
    """A run. ``document_made`` carries the page of B when it is first looked at."""

    document_made = Signal(object)
    icon = "run"

    def __init__(self, background: Background, share: float = 0.55, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wanted: Path | None = None
        self._b = ""
        self.comparison = Comparison(background, self)
        self.roster = Roster(self.comparison, self)
        self.renaming = RenameSearch(self.comparison, self)
        self.opening_view = OpeningView(self)
        self.failed_view = FailedView(self)
        self.timeline = Timeline(self.comparison, self)
        self.halves = Halves(self.comparison, share, self)
        self._content = QWidget(self)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.timeline)
        column.addWidget(Hairline(self))
        column.addWidget(self.halves, 1)
        self.report = ReportFlow(self.comparison, self.halves.compare.notices, self)
        self.batch = BatchFlow(background, self.halves.compare.notices, self)
        self._stack = QStackedLayout(self)
        for part in (self.opening_view, self.failed_view, self._content):
            self._stack.addWidget(part)
        self._space = QShortcut(QKeySequence(Qt.Key.Key_Space), self)
        self._space.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._connect()

    def _connect(self) -> None:
        self._space.activated.connect(self.play)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._focus_changed)
        self.failed_view.open_another.connect(self.open_another)
        self.failed_view.try_again.connect(self.roster.look)
        self.halves.document_made.connect(self._document_made)
        self.halves.turned.connect(self.changed)
        self.roster.shown.connect(self._shown)
        self.renaming.proposed.connect(self._propose)
        self.roster.another_run.connect(self.another_path)
        self.roster.unreadable.connect(self._unreadable)
        self.roster.waiting_changed.connect(self.changed)
        self.report.changed.connect(self.changed)
        self.batch.changed.connect(self.changed)
        self.batch.moved.connect(self.moved)
        comparison = self.comparison
        comparison.series_changed.connect(self._series_changed)
        comparison.ends_changed.connect(self.changed)
        self.halves.compare.changed.connect(self.changed)
        self.halves.compare.moved.connect(self.moved)
        self.halves.compare.histogram_painted.connect(self.histogram_painted)
        comparison.finished.connect(self._finished)

    # opening

    def show_run(self, run: Run, select: Path | None = None, b: str = "") -> None:
        """Compare the members of a run, the last one first; of one that was found round ``b``, that one."""
        self.path, self._wanted, self._b = run.path, select, "" if run.chosen else b
        self.halves.compare.path = run.path
        self.opening_view.begin(self.title())
        self._stack.setCurrentWidget(self.opening_view)
        self.roster.take(run)

    def _shown(self) -> None:
        """The members are matched and compared from now on, for the first time or again."""
        first = self._stack.currentWidget() is not self._content
        if first:
            self.opening_view.end()
            self._stack.setCurrentWidget(self._content)
            self._begin_at(self._b)
            PaintWatch(self.halves.compare.view.changes).painted.connect(self.tree_painted)
            if self._wanted is not None:
                self.halves.compare.go_to(self._wanted)
            self.opened.emit()
        self.changed.emit()

    def _unreadable(self) -> None:
        run = self.roster.run
        reason = f"{display(run.members[0].name, 60)}: {run.members[0].error}" if run and run.members else ""
        self._tell(tr("None of its checkpoints can be read. {reason}").format(reason=display(reason, 1000)))

    def _begin_at(self, path: str) -> None:
        """Let B be the member at a path, if there is one."""
        whole = self.comparison.series.whole
        b = next((m for m in whole if self.comparison.series.members[m].path == path), -1)
        if b >= 0 and len(whole) > 1:
            before = self.comparison.previous(b)
            self.comparison.set_ends(before if before >= 0 else whole[1], b)

    def _tell(self, reason: str) -> None:
        self.icon = "broken-file"
        title = tr("{name} cannot be shown").format(name=self.title())
        self.failed_view.show_failure(title, reason, display(self.path, 1000))
        self._stack.setCurrentWidget(self.failed_view)
        self.failed.emit(reason)
        self.changed.emit()

    def _series_changed(self) -> None:
        series = self.comparison.series
        self.icon = "run"
        self.halves.compare.notices.clear()
        notes = self.roster.run.notes if self.roster.run is not None else ()
        for notice in series_notices(series, notes, self.arrange_members):
            self.halves.compare.notices.show_notice(notice)

    def _propose(self, renames: tuple[Rename, ...]) -> None:
        title, text, link = proposal_words(renames)

        def agreed() -> None:
            self.halves.compare.notices.remove("renames")
            self.roster.accept(renames)

        notice = Notice("renames", "info", title, text, Tone.QUIET, link, agreed)
        self.halves.compare.notices.show_notice(notice)

    def arrange_members(self) -> None:
        """Choose which checkpoints are compared, and in which order."""
        if self.run is not None:
            from ckptgui.gui.compare.members.dialog import MembersDialog

            MembersDialog(self.run, self.roster.rearrange, self).open()

    def check_loading(self) -> None:
        """Find out whether the model of A would take B."""
        from ckptgui.gui.compare.loading.dialog import LoadCheckDialog
        from ckptgui.gui.compare.loading.problems import Side

        comparison = self.comparison
        sides = [
            Side(member_words(comparison.series, end), member.checkpoint, member.section)
            for end in (comparison.b, comparison.a)
            if (member := comparison.series.members[end]).checkpoint is not None
        ]
        if sides:
            other = sides[-1] if len(sides) > 1 and comparison.a != comparison.b else None
            LoadCheckDialog(comparison.background, sides[0], other, self).open()

    def _focus_changed(self, _: QWidget | None, now: QWidget | None) -> None:
        """A button that has the keyboard is pressed by Space, and a name is typed with it."""
        self._space.setEnabled(not isinstance(now, (QAbstractButton, QLineEdit)))

    # the page of B

    def _document_made(self, page: Page) -> None:
        page.changed.connect(self.changed)
        page.moved.connect(self.moved)
        page.open_another.connect(self.open_another)
        page.histogram_painted.connect(self.histogram_painted)
        self.document_made.emit(page)

    # milestones

    def _finished(self) -> None:
        PaintWatch(self.timeline).painted.connect(self.profiled)
        self.timeline.update()
        self.changed.emit()

    # what the window asks

    @property
    def run(self) -> Run | None:
        """What is compared, and what else was found."""
        return self.roster.run

    @property
    def ready(self) -> bool:
        """Whether the members are shown."""
        return bool(self.comparison.series.members)

    def title(self) -> str:
        """The names of the first and the last member; before they are known the folder's."""
        return title_of(self.comparison.series.members) or display(PurePath(self.path).name or self.path, 120)

    def activity(self) -> Activity | None:
        """Listing the members, comparing them, or what the page of B does."""
        if self.roster.busy:
            return Activity(tr("Matching tensors"))
        return self.report.activity() or self.batch.activity() or self.halves.in_front.activity()

    def outcome(self) -> str:
        """What the half in front came to."""
        return self.halves.in_front.outcome()

    def link(self) -> Link | None:
        """What can be done about that."""
        return self.halves.in_front.link()

    def facts(self) -> tuple[str, ...]:
        """What is waited for, and what the half in front says."""
        waiting = waiting_sentence(self.roster.waiting)
        return (*((waiting,) if waiting else ()), *self.halves.in_front.facts())

    def able(self, ability: str) -> str:
        """Why not (see ``Page``)."""
        if ability == "page":
            return ""
        if not self.ready:
            return tr("No run is shown here.")
        if ability in ("previous", "next"):
            if self.timeline.player.can_step(-1 if ability == "previous" else 1):
                return ""
            return tr("This is the first epoch.") if ability == "previous" else tr("This is the last epoch.")
        if ability == "play":
            return "" if len(self.comparison.series.whole) > 1 else tr("There is one readable checkpoint alone.")
        if ability in ("document", "series", "compare", "siblings", "loading", "batch"):
            return ""
        if ability == "report":
            if self.report.busy:
                return tr("A report is being written.")
            return tr("Its checkpoints are still being compared.") if self.comparison.progress.running else ""
        if ability == "average":
            return tr("Turn to one file to compare its model with its average.")
        return self.halves.in_front.able(ability)

    def save_report(self) -> None:
        """Ask where to and write what was found."""
        if not self.able("report"):
            folder = self.path if PurePath(self.path).is_absolute() else ""
            self.report.begin(self.title(), folder)

    def unfinished(self) -> str:
        """A report that is being written, and what the page of B says."""
        if self.report.busy:
            return tr("A report is being written. It stops, and nothing of it is left.")
        if self.batch.busy:
            return self.batch.unfinished()
        return self.halves.document.unfinished() if self.halves.document is not None else ""

    def document(self) -> DocumentView | None:
        """The checkpoint B while it is what is looked at."""
        return self.halves.in_front.document()

    def finder(self) -> Finder | None:
        """Finds tensors that the half in front has."""
        return self.halves.in_front.finder()

    def go_to(self, path: Path) -> None:
        """Select a tensor, in whichever half is in front."""
        self.halves.in_front.go_to(path)

    def select_joined(self, text: str) -> Path | None:
        """Select a tensor, in whichever half is in front."""
        return self.halves.in_front.select_joined(text)

    def checkpoint_path(self) -> str:
        """The file or folder of B."""
        return self.comparison.series.members[self.comparison.b].path if self.ready else self.path

    def series(self) -> Series | None:
        """What is compared."""
        return self.comparison.series if self.ready else None

    @property
    def takes_members(self) -> bool:
        """Whether what is dropped on it is compared with what is there."""
        return self.ready and self.halves.in_front is self.halves.compare

    def add_members(self, paths: Sequence[str]) -> None:
        """Compare these too."""
        self.roster.add(paths)

    def show_comparison(self) -> None:
        """Bring the comparison to the front."""
        self.halves.show_compare()

    def show_checkpoint(self, then: Callable[[], None]) -> None:
        """Bring B to the front."""
        self.halves.show_epoch()
        if self.halves.document is not None:
            self.halves.document.opened.connect(then)

    def step_epoch(self, step: int) -> None:
        """Move B, and A with it."""
        self.timeline.player.step(step)

    def play(self) -> None:
        """Play or stop."""
        self.timeline.player.toggle()

    def views(self) -> tuple[DocumentView, ...]:
        """That of B, if it was made."""
        view = self.halves.view()
        return (view,) if view is not None else ()

    def share(self) -> float:
        """The share of the tree's width in the page of B."""
        return self.halves.share()

    def stands_for(self, path: str) -> bool:
        """Whether opening ``path`` leads to this tab: only where nobody chose the members."""
        return self.run is not None and not self.run.chosen and path == self.path

    def focus_filter(self) -> None:
        """Bring the keyboard to the filter of the half in front."""
        self.halves.in_front.focus_filter()

    def focus_rows(self) -> None:
        """Bring the keyboard to the rows of the half in front."""
        self.halves.in_front.focus_rows()

    def next_finding(self) -> None:
        """Select what is wrong next, in whichever half is in front."""
        self.halves.in_front.next_finding()

    def step_selection(self, step: int) -> None:
        """Go back or forward among what was selected, in whichever half is in front."""
        self.halves.in_front.step_selection(step)

    def export_at_once(self, preset: str) -> None:
        """Write beside the checkpoint in front what a preset says."""
        self.halves.in_front.export_at_once(preset)

    def export_state_dict(self) -> None:
        """Of B, while that is in front."""
        self.halves.in_front.export_state_dict()

    def use_devices(self, devices: Devices) -> None:
        """Compare on a device what lies there of both."""
        self.comparison.elsewhere = partial(compare_there, devices)

    def move_to_device(self) -> None:
        """Move what is selected of B, while that is in front, to the accelerator."""
        self.halves.in_front.move_to_device()

    def move_to_cpu(self) -> None:
        """Bring it to the memory of the process that has torch."""
        self.halves.in_front.move_to_cpu()

    def free_memory(self) -> None:
        """Let go of it."""
        self.halves.in_front.free_memory()

    def resave_for_device(self) -> None:
        """Export B with the tag of the accelerator."""
        self.halves.in_front.resave_for_device()

    def about_devices(self) -> str:
        """What B has to do with devices that are not here."""
        return self.halves.in_front.about_devices()

    def export_series(self) -> None:
        """Ask which of the members, and write them."""
        if self.run is not None and not self.able("batch"):
            self.batch.begin(self.run.members, self.run.path)

    def copy_path(self) -> None:
        """Copy the path of what is selected, in whichever half is in front."""
        self.halves.in_front.copy_path()

    # coming and going

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the rows below need the height more than the curves do."""
        super().resizeEvent(event)
        self.timeline.set_low(self.height() < LOW)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.comparison.set_front(True)
        if self.ready:
            self.roster.follow(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.comparison.set_front(False)
        self.roster.follow(False)
        self.timeline.player.stop()

    def close_page(self) -> None:
        """Stop all work and give the files back."""
        self.roster.stop()
        self.renaming.stop()
        self.report.cancel()
        self.batch.stop()
        self.comparison.release()
        self.halves.close_document()
