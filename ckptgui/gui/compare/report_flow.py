"""Save report: a page, a table and the answer for scripts, written in the background beside each other."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from ckptgui.core.display import display
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError, TargetExistsError
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.dialogs import ask, file_dialog
from ckptgui.gui.notices import Notice, NoticeArea, Tone
from ckptgui.gui.numbers import tr
from ckptgui.gui.outside import show_outside
from ckptgui.gui.page import Activity
from ckptgui.sources.locate import SourcePool

_KEY = "report"


class ReportFlow(QObject):
    """One report at a time. ``changed`` when what is going on is another."""

    changed = Signal()

    def __init__(self, comparison: Comparison, notices: NoticeArea, parent: QWidget) -> None:
        super().__init__(parent)
        self._comparison, self._notices, self._window = comparison, notices, parent
        self._lane = comparison.background.lane(self)
        self.open_file: Callable[[str], None] = show_outside

    @property
    def busy(self) -> bool:
        """Whether one is being written."""
        return self._lane.busy

    def activity(self) -> Activity | None:
        """For the status bar."""
        return Activity(tr("Writing the report"), cancel=self._lane.cancel) if self.busy else None

    def begin(self, title: str, folder: str) -> None:
        """Ask where to, proposing the run's own folder."""
        dialog = file_dialog(self._window, tr("Save report"), folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([tr("Page, table and JSON (*.html)")])
        dialog.setDefaultSuffix("html")
        dialog.selectFile(f"{title}.html".replace("/", "_"))
        dialog.fileSelected.connect(lambda path: self.write(title, path))
        dialog.open()

    def write(self, title: str, path: str, *, force: bool = False) -> None:
        """Write what is known now; the page may replace one, as the dialogue has asked."""
        comparison = self._comparison
        known, a, b = comparison.known, comparison.a, comparison.b
        results = comparison.background.results
        replaced = force or os.path.exists(path)  # noqa: PTH110

        def work(cancel: Cancel, report: Report) -> tuple[str, ...]:
            from ckptgui.analysis.breakage.history import history_of
            from ckptgui.workspace.answer.parts import answer_parts
            from ckptgui.workspace.answer.run_facts import facts_words, run_facts
            from ckptgui.workspace.answer.told import told
            from ckptgui.workspace.report.gathering import gather
            from ckptgui.workspace.report.saving import files_of, save_report

            others = [each for each in files_of(path)[1:] if os.path.exists(each)]  # noqa: PTH110
            if others and not force:
                raise TargetExistsError(", ".join(PurePath(each).name for each in others))
            own = known.with_series(known.series)  # the window goes on filling the other
            history = history_of(own.series, own.profiles, own.pairs, cancel.check)
            facts = list(facts_words(run_facts(history)))
            pool = SourcePool()
            try:
                reported = gather(own, a, b, title, facts, pool, results, cancel, report)
            finally:
                pool.close()
            answer = told(own, (), is_pair=len(own.series.members) == 2)
            return save_report(reported, path, answer_parts(answer), cancel, force=replaced)

        def failed(error: CheckpointError) -> None:
            if isinstance(error, TargetExistsError) and not force:
                self._ask(title, path, str(error))
            else:
                self._failed(error)

        self._notices.remove(_KEY)
        self._lane.start(work, self._done, failed, on_cancelled=self._cancelled)
        self.changed.emit()

    def _ask(self, title: str, path: str, names: str) -> None:
        self.changed.emit()
        ask(
            self._window,
            tr("Replace {names}?").format(names=display(names, 200)),
            tr("The report's table and its JSON stand beside the page under its name."),
            tr("Replace"),
            lambda: self.write(title, path, force=True),
        )

    def cancel(self) -> None:
        """Stop; nothing half-written is left behind."""
        self._lane.cancel()

    def _done(self, paths: tuple[str, ...]) -> None:
        names = [display(PurePath(path).name, 80) for path in paths]
        title = tr("Saved the report.")
        notice = Notice(
            _KEY, "check", title, ", ".join(names), link=tr("Open it"), act=lambda: self.open_file(paths[0])
        )
        self._notices.show_notice(notice)
        self.changed.emit()

    def _failed(self, error: CheckpointError) -> None:
        title = tr("The report is not saved.")
        self._notices.show_notice(Notice(_KEY, "alert", title, display(error, 2000), Tone.DANGER))
        self.changed.emit()

    def _cancelled(self) -> None:
        title, text = tr("Report cancelled."), tr("Nothing half-written is left behind.")
        self._notices.show_notice(Notice(_KEY, "cancelled", title, text, Tone.QUIET))
        self.changed.emit()
