"""The dialogue "Will it load?": a checkpoint held against the model of another, or of a JSON of names and shapes.

``LoadCheckDialog(background, Side("epoch 8", checkpoint), Side("epoch 1", other), window)`` for the two ends of a
comparison, with None for the other where a file is to be chosen; ``open()`` shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.fit.entries import Entries, entries_of
from ckptgui.core.fit.words import what_is_wrong
from ckptgui.core.series.parts import part_of
from ckptgui.engine.job import Cancel, Report
from ckptgui.errors import CheckpointError
from ckptgui.gui.compare.loading.problems import Judged, Side, judge
from ckptgui.gui.compare.loading.remedy import Remedy
from ckptgui.gui.compare.loading.table import ProblemsModel, ProblemsTable
from ckptgui.gui.controls import Hairline
from ckptgui.gui.dialogs import Dialog, file_dialog
from ckptgui.gui.inspector.copying import CopyButton
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import Caption, ElidedLabel, PlainLabel
from ckptgui.gui.numbers import counted, tr
from ckptgui.workspace.will_it_load import read_model

_LISTED, _REMEDY = 460, 180
"""Pixels of the dialogue with its list of names, and more with what helps."""


class LoadCheckDialog(Dialog):
    """Which state dict, into which model, the answer in a sentence, names in its way, and what makes it fit."""

    def __init__(
        self, background: Background, side: Side, model: Side | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, tr("Will it load?"), 720)
        self.side, self.model = side, model
        self._lane = background.lane(self)
        self._chooser: QFileDialog | None = None
        self.body.setContentsMargins(0, 24, 0, 0)
        self.body.setSpacing(0)
        self.heading.setContentsMargins(24, 0, 24, 0)
        self.body.addLayout(self._who())
        self.verdict = PlainLabel("", self, wrap=True, selectable=True)
        self.verdict.setContentsMargins(24, 12, 24, 12)
        self.body.addWidget(self.verdict)
        self.problems = ProblemsModel(self)
        self.body.addWidget(self._list(), 1)
        self.list.hide()
        self.remedy = Remedy(self)
        self.remedy.hide()
        self.body.addWidget(self.remedy)
        self.body.addStretch(0)
        self.choose_button = self.add_button(tr("Choose another model"), self.choose)
        self.swap_button = self.add_button(tr("Exchange the two"), self.swap)
        self.add_button(tr("Close"), self.accept, primary=True)
        self._begin()

    def _who(self) -> QGridLayout:
        self.of, self.into = ElidedLabel("", self), ElidedLabel("", self)
        grid = QGridLayout()
        grid.setContentsMargins(24, 10, 24, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (title, label) in enumerate(
            ((tr("The state dict of"), self.of), (tr("into the model of"), self.into))
        ):
            grid.addWidget(Caption(title, self), row, 0)
            grid.addWidget(label, row, 1)
        return grid

    def _list(self) -> QWidget:
        self.list = QWidget(self)
        layout = QVBoxLayout(self.list)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.table = ProblemsTable(self.problems, self.list)
        self.table.setMinimumHeight(180)
        self.count = Caption("", self.list)
        self.copy = CopyButton(tr("Copy all names that are listed"), self.list)
        line = QHBoxLayout()
        line.setContentsMargins(24, 4, 24, 4)
        line.addWidget(self.count)
        line.addStretch(1)
        line.addWidget(self.copy)
        layout.addWidget(Hairline(self.list))
        layout.addWidget(self.table, 1)
        layout.addWidget(Hairline(self.list))
        layout.addLayout(line)
        return self.list

    def swap(self) -> None:
        """The other way round: what was the model is loaded."""
        if self.model is not None:
            self.side, self.model = self.model, self.side
            self._begin()

    def choose(self) -> None:
        """Ask for the file of another model."""
        folder = str(PurePath(self.side.checkpoint.path).parent)
        dialog = file_dialog(self, tr("A checkpoint, or JSON of names and shapes"), folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.hold_against)
        self._chooser = dialog
        dialog.open()

    def hold_against(self, path: str) -> None:
        """Read the model from a file."""
        self.model = None
        self._start(PurePath(path).name, lambda cancel: read_model(path, cancel=cancel))

    def _begin(self) -> None:
        model = self.model
        if model is None:
            self.of.setText(_label(self.side))
            self.into.setText("–")
            self.verdict.setText(tr("Choose a checkpoint of the model, or a JSON file of its names and shapes."))
            self.choose_button.setText(tr("Choose a model"))
            self.swap_button.setEnabled(False)
            return
        part = model.checkpoint, model.section
        self._start(_label(model), lambda cancel: entries_of(part_of(*part)))

    def _start(self, label: str, read: Callable[[Cancel], Entries]) -> None:
        side = self.side
        self.choose_button.setText(tr("Choose another model"))
        self.of.setText(_label(side))
        self.into.setText(display(label))
        self.swap_button.setEnabled(self.model is not None)
        self.verdict.set_colour("text2")
        self.verdict.setText(tr("Reading names and shapes"))

        def work(cancel: Cancel, report: Report) -> Judged:
            return judge(side, lambda: read(cancel), cancel)

        self._lane.start(work, self._show, self._failed)

    def _show(self, judged: Judged) -> None:
        loads = judged.check.fit.loads
        self.verdict.set_colour("ok" if loads else "danger")
        self.verdict.setText(what_is_wrong(judged.check.fit))
        self._list_problems(judged)
        self.remedy.show_fix(judged.check.fix)
        self._fit()

    def _failed(self, error: CheckpointError) -> None:
        self.verdict.set_colour("danger")
        self.verdict.setText(display(str(error), MAX_DETAIL))
        self.list.hide()
        self.remedy.show_fix(None)
        self._fit()

    def _fit(self) -> None:
        """Be as high as what there is to tell needs, and no lower than somebody made it for a list."""
        layout = self.layout()
        if layout is not None:
            layout.activate()  # what was shown or hidden just now counts
        wanted = (_LISTED if not self.list.isHidden() else 0) + (_REMEDY if not self.remedy.isHidden() else 0)
        self.resize(self.width(), max(self.height() if wanted else 0, self.sizeHint().height(), wanted))

    def _list_problems(self, judged: Judged) -> None:
        self.problems.show(judged.problems)
        self.copy.set_copy(judged.text)
        self.list.setVisible(bool(judged.problems))
        self.count.setText(counted(len(judged.problems), "name", "names"))
        if judged.problems:
            self.table.scrollToTop()


def _label(side: Side) -> str:
    return display(f"{side.label} ({side.section})" if side.section is not None else side.label)
