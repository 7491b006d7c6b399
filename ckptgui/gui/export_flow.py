"""Export state dict: choose a place, write it in the background, say from how much to how much."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import PurePath

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel, Progress, Report
from ckptgui.errors import CheckpointError, LargeOutputError
from ckptgui.export.request import ExportRequest, ExportResult
from ckptgui.gui.controls import Button
from ckptgui.gui.dialogs import Dialog, ask, file_dialog
from ckptgui.gui.jobs import Background
from ckptgui.gui.notices import Notice, NoticeArea, Tone
from ckptgui.gui.numbers import counted, duration, integer, size_text, tr
from ckptgui.gui.page import Activity
from ckptgui.sources.locate import SourcePool

FORMATS = (("pt", "PyTorch state dict (*.pt)"), ("safetensors", "safetensors (*.safetensors)"))
"""Formats with their line in the file dialogue."""

_KEY = "export"

MAX_SECTIONS = 12
"""State dicts offered where a file holds several."""

MAX_TITLE = 60
"""Characters of a reason that may stand in the title of a notice."""


class ExportFlow(QObject):
    """One export at a time of one document. ``changed`` when what is going on is another."""

    changed = Signal()

    def __init__(self, background: Background, notices: NoticeArea, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._notices = notices
        self._lane = background.lane(self)
        self._progress: Progress | None = None
        self._dialog: QFileDialog | None = None
        self._checkpoint: Checkpoint | None = None
        self._section: Path | None = None
        self._shown = ""
        self.show_folder: Callable[[str], None] = show_folder

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

    def begin(self, checkpoint: Checkpoint, shown: str, selected: Path = ()) -> None:
        """Ask where to, proposing a name beside ``shown``, a file or a folder, that says what it holds.

        Of several state dicts the one that ``selected`` lies in is meant; else the person is asked which.
        """
        from ckptgui.export.select import choose_section

        self._checkpoint, self._section, self._shown = checkpoint, None, shown
        try:
            choose_section(checkpoint, None)
        except CheckpointError as error:
            sections = [section for section in checkpoint.sections if section.tensor_count]
            sections = [section for section in sections if section.role is not Role.OPTIMIZER] or sections
            within = [
                section for section in sections if section.path and selected[: len(section.path)] == section.path
            ]
            if within:
                self._propose(within[0].path)
            elif len(sections) > 1:
                self._ask_which(sections)
            else:
                self._failed(error)
            return
        self._propose(None)

    def _propose(self, section: Path | None) -> None:
        from ckptgui.export.naming import proposed_name

        checkpoint, self._section = self._checkpoint, section
        assert checkpoint is not None
        try:
            name = proposed_name(replace(checkpoint, path=self._shown), ExportRequest(section=section))
        except CheckpointError as error:
            self._failed(error)
            return
        folder = os.path.dirname(self._shown)  # noqa: PTH120 - a path with bytes that are no text stays a string
        self.choose(os.path.join(folder, name))  # noqa: PTH118

    def _ask_which(self, sections: Sequence[Section]) -> None:
        dialog = Dialog(self._window, tr("Export which state dict?"))
        dialog.add_text(tr("The file holds several, each with tensors of its own. One of them is written."))
        for section in sections[:MAX_SECTIONS]:
            words = f"{display('/'.join(section.path), 60)}, {counted(section.tensor_count, 'tensor', 'tensors')}"
            button = Button(f"{words}, {size_text(section.nbytes)}", dialog)
            button.clicked.connect(dialog.accept)
            button.clicked.connect(lambda _=False, path=section.path: self._propose(path))
            dialog.body.addWidget(button)
        dialog.add_button(tr("Cancel"), dialog.reject)
        dialog.open()

    def choose(self, proposed: str) -> None:
        """Show the dialogue. A target that is there already is asked about by the dialogue itself."""
        dialog = file_dialog(self._window, tr("Export state dict"), os.path.dirname(proposed))  # noqa: PTH120
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([words for _, words in FORMATS])
        dialog.setDefaultSuffix("pt")
        dialog.selectFile(os.path.basename(proposed))  # noqa: PTH119
        dialog.filterSelected.connect(self._suffix_chosen)
        dialog.fileSelected.connect(self._chosen)
        self._dialog = dialog
        dialog.open()

    def _suffix_chosen(self, words: str) -> None:
        if self._dialog is None:
            return
        suffix = next((suffix for suffix, line in FORMATS if line == words), "pt")
        self._dialog.setDefaultSuffix(suffix)
        names = self._dialog.selectedFiles()
        if names:
            self._dialog.selectFile(PurePath(names[0]).with_suffix(f".{suffix}").name)

    def _chosen(self, target: str) -> None:
        from ckptgui.export.run import is_source

        checkpoint = self._checkpoint
        self._dialog = None
        if checkpoint is None:
            return
        if is_source(checkpoint, target):
            name = display(PurePath(target).name)
            ask(
                self._window,
                tr("Replace {name}, the file you are looking at?").format(name=name),
                tr("The export holds the state dict alone; whatever else the file has is gone then."),
                tr("Replace {name}").format(name=name),
                lambda: self.write(checkpoint, target),
            )
            return
        self.write(checkpoint, target)

    def write(self, checkpoint: Checkpoint, target: str, *, however_large: bool = False) -> None:
        """Write ``target``, by its suffix; whoever chose it has agreed to replace what is there."""
        force = however_large or os.path.exists(target)  # noqa: PTH110
        request = ExportRequest(section=self._section, force=force)
        if PurePath(target).suffix.lower() == ".safetensors":
            request = replace(request, format="safetensors")

        def work(cancel: Cancel, report: Report) -> ExportResult:
            from ckptgui.export.planning import plan_export
            from ckptgui.export.run import export

            pool = SourcePool()
            try:
                return export(plan_export(checkpoint, target, request), pool, cancel, report)
            finally:
                pool.close()

        self._notices.remove(_KEY)
        self._progress = None

        def failed(error: CheckpointError) -> None:
            if isinstance(error, LargeOutputError):
                self._ask_large(checkpoint, target, error)
            else:
                self._failed(error)

        self._lane.start(work, self._done, failed, self._progressed, self._cancelled)
        self.changed.emit()

    def _ask_large(self, checkpoint: Checkpoint, target: str, error: LargeOutputError) -> None:
        self.changed.emit()
        ask(
            self._window,
            tr("Write far more than the file holds?"),
            tr("{reason} A view in it repeats few bytes many times, and an export writes each of them.").format(
                reason=display(error, 2000)
            ),
            tr("Write it"),
            lambda: self.write(checkpoint, target, however_large=True),
        )

    def cancel(self) -> None:
        """Stop; nothing is left behind."""
        self._lane.cancel()

    def _progressed(self, progress: Progress) -> None:
        self._progress = progress
        self.changed.emit()

    def _done(self, result: ExportResult) -> None:
        place = PurePath(result.out)
        self._notices.show_notice(
            Notice(
                _KEY,
                "check",
                tr("Exported {before} to {after} in {time}.").format(
                    before=size_text(result.source_bytes),
                    after=size_text(result.bytes),
                    time=duration(result.seconds),
                ),
                tr("{name}, {tensors}, read back and equal.").format(
                    name=display(f"{place.parent.name}/{place.name}"),
                    tensors=counted(result.tensor_count, "tensor", "tensors"),
                ),
                link=tr("Show in folder"),
                act=lambda: self.show_folder(str(place.parent)),
            )
        )
        self.changed.emit()

    def _failed(self, error: CheckpointError) -> None:
        why, _, rest = display(error, 2000).partition(". ")
        first, _, others = why.partition(" ")
        title, text = tr("The export stopped."), display(error, 2000)
        if len(why) <= MAX_TITLE and first in _OPENERS:  # "The export stopped: the disk is full."
            title = tr("The export stopped: {reason}.").format(reason=f"{first.lower()} {others}".rstrip("."))
            text = rest or tr("Nothing is left behind.")
        self._notices.show_notice(
            Notice(
                _KEY,
                "alert",
                title,
                text,
                Tone.DANGER,
                tr("Choose a place"),
                self._again,
            )
        )
        self.changed.emit()

    def _cancelled(self) -> None:
        self._notices.show_notice(
            Notice(
                _KEY,
                "cancelled",
                tr("Export cancelled."),
                tr("Nothing is left behind."),
                Tone.QUIET,
                tr("Start again"),
                self._again,
            )
        )
        self.changed.emit()

    def _again(self) -> None:
        if self._checkpoint is not None:
            self._propose(self._section)


_OPENERS = frozenset({"A", "It", "The", "There", "Your"})
"""First words of our own sentences, which are small inside another; a name from a file keeps its letters."""


def show_folder(folder: str) -> None:
    """Open a folder in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(folder))
