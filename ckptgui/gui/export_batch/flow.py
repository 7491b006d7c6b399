"""Exports of a whole run from one tab: asks, works in the background, and says what came of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from ckptgui.core.display import display
from ckptgui.core.series.members import RunMember
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.jobs import Background
from ckptgui.gui.notices import Notice, NoticeArea, Tone
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.outside import show_outside
from ckptgui.gui.page import Activity
from ckptgui.workspace.run import Run, siblings
from ckptgui.workspace.settings import SettingsFile

if TYPE_CHECKING:
    from ckptgui.export.request import ExportResult
    from ckptgui.gui.export_batch.choose_dialog import ChooseDialog
    from ckptgui.gui.export_batch.going import Going
    from ckptgui.gui.export_batch.progress_dialog import ProgressDialog
    from ckptgui.gui.export_batch.wish import BatchWish

_KEY = "export the run"


class BatchFlow(QObject):
    """One batch at a time. ``changed`` when what is going on is another, ``moved`` when it is only further."""

    changed = Signal()
    moved = Signal()

    def __init__(self, background: Background, notices: NoticeArea, parent: QWidget) -> None:
        super().__init__(parent)
        self._background, self._notices, self._window = background, notices, parent
        self._lane = background.lane(self, patient=True)
        self._finding = background.lane(self)
        self._folder, self._looking = "", False
        self.settings: SettingsFile | None = None
        self.choosing: ChooseDialog | None = None
        self.watching: ProgressDialog | None = None
        self.going: Going | None = None
        self.show_folder: Callable[[str], None] = show_outside

    # what is going on

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self._lane.busy

    def activity(self) -> Activity | None:
        """For the status bar."""
        if self._finding.busy and self._looking:
            return Activity(tr("Looking for the other checkpoints"), cancel=self._finding.cancel)
        if not self.busy or self.going is None:
            return None
        done, total = self.going.amount()
        detail = f"{integer(100 * done // total)} %" if total else ""
        text = tr("Exporting {now}").format(now=self.going.now())
        return Activity(text, done, total, detail, self.cancel)

    def unfinished(self) -> str:
        """What closing now would stop, in a sentence; empty when nothing."""
        if not self.busy:
            return ""
        return tr("A run is being exported. It stops; what is finished stays, nothing half-written is left.")

    def cancel(self, row: int = -1) -> None:
        """Stop one of them, or all; what is finished stays."""
        if self.going is not None:
            self.going.batch.cancel(row if row >= 0 else None)

    def stop(self) -> None:
        """The tab is closed."""
        self.cancel()
        for lane in (self._lane, self._finding):
            lane.cancel()
        for dialog in (self.choosing, self.watching):
            if dialog is not None:
                dialog.reject()

    # beginning

    def begin_beside(self, path: str) -> None:
        """Ask about the run that the checkpoint at a path is of."""
        if self.busy:
            self.show_progress()
            return

        def found(run: Run) -> None:
            self._looking = False
            self.changed.emit()
            if len(run.members) > 1:
                self.begin(run.members, run.path)
                return
            name = display(os.path.basename(path), 80)  # noqa: PTH119 - bytes that are no text stay a string
            title = tr("There is no run here.")
            text = tr("No other checkpoint lies beside {name}.").format(name=name)
            self._notices.show_notice(Notice(_KEY, "info", title, text, Tone.QUIET))

        def failed(error: CheckpointError) -> None:
            self._looking = False
            self.changed.emit()
            title = tr("The other checkpoints cannot be listed.")
            self._notices.show_notice(Notice(_KEY, "alert", title, display(error, 2000), Tone.DANGER))

        def cancelled() -> None:
            self._looking = False
            self.changed.emit()

        self._looking = True
        self._finding.start(
            lambda cancel, report: siblings(path, cancel, report), found, failed, on_cancelled=cancelled
        )
        self.changed.emit()

    def begin(self, members: Sequence[RunMember], folder: str) -> None:
        """Ask which of the members, proposing a folder beside theirs; or show how far a batch is."""
        if self.busy:
            self.show_progress()
        elif self.choosing is None:
            # What the dialogue is made of is imported off this thread, the first time.
            self._finding.start(_import_dialogues, lambda _: self._ask(members, folder))

    def _ask(self, members: Sequence[RunMember], folder: str) -> None:
        from ckptgui.gui.export_batch.choose_dialog import ChooseDialog
        from ckptgui.gui.export_batch.lines import lines_of
        from ckptgui.workspace.export_presets import memory_from

        self.changed.emit()
        settings = self.settings.now if self.settings is not None else None
        memory = memory_from(settings.exports if settings is not None else {})
        template = settings.export_template if settings is not None else ""
        target = self._folder or f"{os.path.abspath(folder)}-export"
        dialog = ChooseDialog(self._background, lines_of(members), memory, target, template, self._window)
        self.choosing = dialog
        dialog.wished.connect(self.start)
        dialog.finished.connect(self._chosen)
        dialog.open()

    def _chosen(self, _: int) -> None:
        self.choosing = None

    def start(self, wish: BatchWish) -> None:
        """Carry a wish out, and show how far it is."""
        from ckptgui.export.batch import Batch
        from ckptgui.export.batch_places import made_folder
        from ckptgui.export.run import export
        from ckptgui.gui.export_batch.going import Going

        if self.settings is not None:
            self.settings.change(export_template=wish.template)
        self._folder = wish.folder
        batch: Batch[ExportResult] = Batch(wish.items, wish.request, export)
        going = self.going = Going(wish, batch, self)
        going.changed.connect(self.moved)

        def work(cancel: Cancel, _: Report, tell: Callable[[tuple[int, Any]], None]) -> None:
            with made_folder(wish.folder, [item.nbytes for item in batch.items if item.error is None]):
                batch.run(cancel, lambda row, standing: tell((row, standing)))

        self._notices.remove(_KEY)
        self._lane.stream(work, lambda news: going.show_standing(*news), lambda _: self._ended(), self._failed)
        self.changed.emit()
        self.show_progress()

    def show_progress(self) -> None:
        """Show the rows of the batch that goes on, or of the last one."""
        from ckptgui.gui.export_batch.progress_dialog import ProgressDialog

        if self.going is None:
            return
        if self.watching is None:
            going = self.going
            self.watching = ProgressDialog(going, lambda: self.show_folder(going.folder), self._window)
            self.watching.cancelled.connect(self.cancel)
            self.watching.finished.connect(self._watched)
        self.watching.open()

    def _watched(self, _: int) -> None:
        self.watching = None

    # the end

    def _ended(self) -> None:
        from ckptgui.gui.export_batch.results import result_notice

        going = self.going
        assert going is not None
        going.end()
        show = partial(self.show_folder, going.folder)
        notice = result_notice(_KEY, going.model.lines, going.seconds, show, self.show_progress)
        self._notices.show_notice(notice)
        self.changed.emit()

    def _failed(self, error: CheckpointError) -> None:
        """Nothing was begun: there is no place for it."""
        if self.watching is not None:
            self.watching.reject()
        title = tr("The run is not exported.")
        self._notices.show_notice(Notice(_KEY, "alert", title, display(error, 2000), Tone.DANGER))
        self.going = None
        self.changed.emit()


def _import_dialogues(_: Cancel, __: Report) -> None:
    """On a job's thread, where it does not hold the window up."""
    import ckptgui.gui.export_batch.choose_dialog
    import ckptgui.gui.export_batch.going
    import ckptgui.gui.export_batch.progress_dialog  # noqa: F401 - taken from there by who needs them
