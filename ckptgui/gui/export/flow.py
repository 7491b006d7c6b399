"""Exports of one document: asks in the dialogue or writes at once, in the background, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.errors import CheckpointError, LargeOutputError
from ckptgui.export.request import ExportRequest, ExportResult
from ckptgui.gui.export.results import cancelled_notice, done_notice, failed_notice
from ckptgui.gui.export.subject import Subject
from ckptgui.gui.jobs import Background
from ckptgui.gui.notices import NoticeArea
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.outside import show_outside
from ckptgui.gui.page import Activity
from ckptgui.workspace.settings import SettingsFile

if TYPE_CHECKING:
    from ckptgui.gui.export.dialog import ExportDialog
    from ckptgui.workspace.export_presets import ExportMemory


class ExportFlow(QObject):
    """One export at a time of one document. ``changed`` when what is going on is another; ``row_asked`` carries
    the row of a tensor that somebody wants to see.
    """

    changed = Signal()
    row_asked = Signal(int)

    def __init__(self, background: Background, notices: NoticeArea, parent: QWidget) -> None:
        super().__init__(parent)
        self._background = background
        self._window = parent
        self._notices = notices
        self._lane = background.lane(self)
        self._opening = background.lane(self)
        self._progress: Progress | None = None
        self._exports: dict[str, Any] = {}
        self.settings: SettingsFile | None = None
        self.dialog: ExportDialog | None = None
        self.show_folder: Callable[[str], None] = show_outside

    # what is remembered

    def memory(self) -> ExportMemory:
        """The presets, as they were left."""
        from ckptgui.workspace.export_presets import memory_from

        return memory_from(self.settings.now.exports if self.settings is not None else self._exports)

    def remember(self, memory: ExportMemory) -> None:
        """Keep the presets for the next time."""
        from ckptgui.workspace.export_presets import table_of

        self._exports = table_of(memory)
        if self.settings is not None:
            self.settings.change(exports=self._exports)

    # what is going on

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self._lane.busy

    def activity(self) -> Activity | None:
        """For the status bar."""
        if not self.busy:
            return None
        progress = self._progress or Progress(0, 0)
        detail = ""
        if progress.total:
            detail = f"{integer(100 * progress.done // progress.total)} %"  # of writing and of reading back
        return Activity(tr("Exporting"), progress.done, progress.total, detail, self._lane.cancel)

    def cancel(self) -> None:
        """Stop; nothing is left behind, and nothing is asked any more."""
        self._lane.cancel()
        self._opening.cancel()
        if self.dialog is not None:
            self.dialog.reject()

    # beginning

    def begin(
        self, subject: Subject, preset: str = "", device: str = "", wish: tuple[ExportRequest, str] | None = None
    ) -> None:
        """Show the dialogue: with a preset instead of the last one, for a ``.pt`` with the tag of a device, or
        with a ``wish`` and its path that came to nothing.
        """
        self._opening.start(_import_dialog, lambda _: self._open(subject, preset, device, wish))

    def prepare(self) -> None:
        """Import the dialogue before it is wanted."""
        if not self._opening.busy:
            self._opening.start(_import_dialog, lambda _: None)

    def _open(self, subject: Subject, preset: str, device: str, wish: tuple[ExportRequest, str] | None) -> None:
        from ckptgui.gui.export.dialog import ExportDialog

        subject = self._named(subject)
        memory = self.memory()
        if preset:
            memory = replace(memory, last=memory.preset(preset).key)
        dialog = self.dialog = ExportDialog(self._background, subject, memory, self._window)
        if device:
            dialog.aim_at(device)
        if wish is not None:
            dialog.resume(*wish)
        dialog.remembered.connect(self.remember)
        dialog.wished.connect(lambda wish: self.write(subject, wish.request, wish.path))
        dialog.row_asked.connect(self.row_asked)
        dialog.finished.connect(self._closed)
        QTimer.singleShot(0, dialog, dialog.open)  # in a turn of its own: to make it takes one already

    def _named(self, subject: Subject) -> Subject:
        """With the template of file names that somebody set."""
        return (
            replace(subject, template=self.settings.now.export_template) if self.settings is not None else subject
        )

    def _closed(self, _: int) -> None:
        self.dialog = None

    def at_once(self, subject: Subject, preset: str) -> None:
        """Write what a preset says beside the source, under a name that is free."""
        subject = self._named(subject)
        request = subject.request(self.memory().preset(preset).request)

        def place() -> str:
            from ckptgui.gui.export.place import free_path

            return free_path(subject.proposal(request))

        self._start(subject, request, place, preset)

    def write(self, subject: Subject, request: ExportRequest, target: str) -> None:
        """Write ``target``; whoever chose it has agreed to replace what is there if the request says so."""
        self._start(subject, request, lambda: target)

    def _start(self, subject: Subject, request: ExportRequest, place: Callable[[], str], preset: str = "") -> None:
        tried = ""

        def work(cancel: Cancel, report: Report) -> ExportResult:
            from ckptgui.export.planning import plan_export
            from ckptgui.export.run import export

            nonlocal tried
            tried = place()
            plan = plan_export(subject.checkpoint, tried, request)
            pool = subject.pool()
            try:
                return export(plan, pool, cancel, report)
            finally:
                pool.close()

        def again() -> None:
            self._start(subject, request, place, preset)

        def choose() -> None:
            self.begin(subject, preset, wish=(request, tried))

        def failed(error: CheckpointError) -> None:
            if isinstance(error, LargeOutputError):
                self._ask_large(subject, request, place, error)
                return
            self._notices.show_notice(failed_notice(error, choose, again))
            self.changed.emit()

        def done(result: ExportResult) -> None:
            self._notices.show_notice(done_notice(result, self.show_folder))
            self.changed.emit()

        def cancelled() -> None:
            self._notices.show_notice(cancelled_notice(again))
            self.changed.emit()

        self._notices.remove("export")
        self._progress = None
        self._lane.start(work, done, failed, self._progressed, cancelled)
        self.changed.emit()

    def _ask_large(
        self, subject: Subject, request: ExportRequest, place: Callable[[], str], error: LargeOutputError
    ) -> None:
        from ckptgui.gui.export.questions import ask_large

        self.changed.emit()
        ask_large(self._window, str(error), lambda: self._start(subject, replace(request, force=True), place))

    def _progressed(self, progress: Progress) -> None:
        self._progress = progress
        self.changed.emit()


def _import_dialog(_: Cancel, __: Report) -> None:
    """On a job's thread, where it does not hold the window up."""
    import ckptgui.gui.export.dialog  # noqa: F401 - the class is taken from there by who needs it
