"""The dialogue "Export the whole run": which checkpoints, as what, under which names, and what that comes to."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.errors import DamagedSourceError
from ckptgui.export.request import ExportRequest
from ckptgui.gui.controls import Hairline, IconButton
from ckptgui.gui.dialogs import Dialog, file_dialog
from ckptgui.gui.export.words import preset_words
from ckptgui.gui.export_batch.about import About
from ckptgui.gui.export_batch.foresight import Foresight, Placement
from ckptgui.gui.export_batch.lines import LATEST, Line, best, latest
from ckptgui.gui.export_batch.model import TARGET, BatchModel
from ckptgui.gui.export_batch.naming_line import NamingLine
from ckptgui.gui.export_batch.sections import sections_of
from ckptgui.gui.export_batch.table import BatchTable, size_within
from ckptgui.gui.export_batch.wish import BatchWish
from ckptgui.gui.export_batch.words import checkpoints
from ckptgui.gui.form import Choice, CountField, Option, Tick
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import integer, size_text, tr
from ckptgui.workspace.export_presets import ExportMemory

_LABELS, _TYPING = 76, 120
"""Pixels of the labels before fields; milliseconds after which what was typed is looked at."""


class ChooseDialog(Dialog):
    """``wished`` carries a ``BatchWish``."""

    wished = Signal(object)

    def __init__(
        self,
        background: Background,
        lines: Sequence[Line],
        memory: ExportMemory,
        folder: str,
        template: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, tr("Export the whole run"), 720)
        self._memory = memory
        self._placement: Placement | None = None
        self._stale = self._agreed = False  # the placement is of what was asked for before; Export was pressed
        self.model = BatchModel(lines, self)
        self.foresight = Foresight(background, self)
        self.preset = Choice(
            tr("As"), [Option(each.key, display(each.title, 60)) for each in memory.presets], self
        )
        self.preset.choose(memory.last)
        self.section = Choice(tr("Section"), sections_of(lines), self)
        self.words = PlainLabel("", self, colour="text2", pixels=12)
        self.table = BatchTable(self.model, self)
        self.naming = NamingLine(template, self)
        self.folder = CountField(tr("Folder"), self)
        self.folder.setText(folder)
        self.browse = IconButton("open", tr("Choose a folder"), self)
        self.replaces = Tick(tr("Replace files that are there"), self)
        self.total = PlainLabel("", self, pixels=16)
        self.free = PlainLabel("", self, colour="text2", pixels=12)
        self.said = PlainLabel("", self, colour="text2", pixels=12)
        self.rescue = Tick(tr("Export what is whole of damaged checkpoints"), self)
        self.rescue.hide()
        self.about = About(self.model, self.table, self)
        self._typing = QTimer(self, interval=_TYPING, singleShot=True)
        self._lay_out()
        self.add_button(tr("Cancel"), self.reject)
        self.export = self.add_button("", self._agree, primary=True)
        self._connect()
        self.resize(size_within(parent))
        self.table.setFocus()
        self.table.setCurrentIndex(self.model.index(0, 0))
        self._ask_anew()

    def _lay_out(self) -> None:
        self.body.setContentsMargins(0, 20, 0, 12)
        head = QHBoxLayout()
        head.setContentsMargins(24, 0, 24, 0)
        self.body.removeWidget(self.heading)
        head.addWidget(self.heading, 1)
        head.addWidget(self.total, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addLayout(head)
        self.section.setVisible(len(self.section.options) > 1)
        self.preset.setFixedWidth(170)
        self.section.setFixedWidth(190)
        options = self._row(tr("As"), self.preset, self.section, self.words)
        options.addStretch(1)
        options.addWidget(self.free)
        quick = self._row(tr("Take"))
        self.quick = {
            "all": LinkLabel(tr("All"), self),
            "none": LinkLabel(tr("None"), self),
            "latest": LinkLabel(tr("Latest {n}").format(n=LATEST), self),
            "best": LinkLabel(tr("Lowest loss"), self),
            "best few": LinkLabel(tr("{n} lowest losses").format(n=LATEST), self),
        }
        for link in self.quick.values():
            quick.addWidget(link)
        quick.addStretch(1)
        quick.addWidget(self.said)
        self.quick["latest"].setVisible(len(self.model.lines) > LATEST)
        self.quick["best"].setVisible(bool(best(self.model.lines)))
        self.quick["best few"].setVisible(len(best(self.model.lines, LATEST + 1)) > LATEST)
        self.body.addWidget(Hairline(self))
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.about)
        self.body.addWidget(Hairline(self))
        names = self._row(tr("Names"), self.naming)
        names.setStretch(1, 1)
        folder = self._row(tr("Folder"), self.folder, self.browse, self.replaces)
        folder.setStretch(1, 1)
        damaged = QHBoxLayout()
        damaged.setContentsMargins(24 + _LABELS + 12 - 2, 0, 24, 0)
        damaged.addWidget(self.rescue)
        self.body.addLayout(damaged)

    def _row(self, label: str, *parts: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(12)
        words = PlainLabel(label, self, colour="text2")
        words.setFixedWidth(_LABELS)
        words.setMinimumHeight(26)
        row.addWidget(words, 0, Qt.AlignmentFlag.AlignTop)
        for part in parts:
            row.addWidget(part)
        self.body.addLayout(row)
        return row

    def _connect(self) -> None:
        self.preset.chosen.connect(lambda _: self._ask_anew())
        self.section.chosen.connect(lambda _: self._ask_anew())
        self.naming.edited.connect(self._look_soon)
        self.folder.textChanged.connect(lambda _: self._look_soon())
        self.naming.edited.connect(self._describe)
        self._typing.timeout.connect(self._find_places)
        self.rescue.toggled.connect(lambda _: self._ask_anew())
        self.replaces.toggled.connect(lambda _: self._find_places())
        self.browse.clicked.connect(self.choose_folder)
        self.foresight.foreseen.connect(self.model.show_prospects)
        self.foresight.foreseen.connect(lambda _: self._find_places())
        self.foresight.placed.connect(self._placed)
        self.model.changed.connect(self._describe)
        self.model.ticked.connect(self._look_soon)
        take, lines = self._take, self.model.lines
        self.quick["all"].clicked.connect(lambda: take(range(len(lines))))
        self.quick["none"].clicked.connect(lambda: take(()))
        self.quick["latest"].clicked.connect(lambda: take(latest(lines)))
        self.quick["best"].clicked.connect(lambda: take(best(lines)))
        self.quick["best few"].clicked.connect(lambda: take(best(lines, LATEST)))
        self.finished.connect(lambda _: self.foresight.stop())

    def _take(self, rows: Collection[int]) -> None:
        """Take these alone, and show the first of them."""
        self.model.take(rows)
        if rows:
            first = self.model.index(min(rows), 0)
            self.table.setCurrentIndex(first)
            self.table.scrollTo(first, BatchTable.ScrollHint.PositionAtCenter)

    # what is asked for

    def request(self) -> ExportRequest:
        """What is asked of each checkpoint."""
        preset = self._memory.preset(self.preset.current()).request
        section: Path | None = tuple(self.section.current().split("/")) if self.section.current() else None
        return replace(preset, section=section, force=self.replaces.isChecked(), rescue=self.rescue.isChecked())

    def _ask_anew(self) -> None:
        request = self.request()
        self.words.setText(preset_words(request))
        self._placement = None
        self.model.forget_prospects()
        self.foresight.look_ahead([line.source for line in self.model.lines], replace(request, force=False))
        self._describe()

    def _look_soon(self) -> None:
        """Something else is wanted; more may follow at once."""
        self._stale = True
        self._typing.start()

    def _find_places(self) -> None:
        """Names and places of what is wanted: two that are left out take no name from the others."""
        self._typing.stop()
        self._stale = True
        wanted = [
            (row, line.prospect) for row, line in enumerate(self.model.lines) if line.taken and line.prospect
        ]
        if not self.naming.trouble and self._folder():
            force = self.replaces.isChecked()
            self.foresight.find_places(wanted, self._folder(), self.naming.template, force=force)
        self._describe()

    def _placed(self, placement: Placement) -> None:
        self._placement, self._stale = placement, self._typing.isActive()
        self.model.show_items(placement.items)
        first = next((row for row, line in enumerate(self.model.lines) if line.goes and line.item), None)
        line = self.model.lines[first] if first is not None else None
        name = self.model.text(line, TARGET) if line is not None else ""
        self.naming.show_example(display(line.title, 80) if line is not None else "", name)
        if self._agreed:
            self._agreed = False
            self._agree()

    def _folder(self) -> str:
        return os.path.expanduser(self.folder.text().strip())  # noqa: PTH111 - bytes that are no text stay a string

    def choose_folder(self) -> None:
        """Ask for the folder."""
        dialog = file_dialog(self, tr("Export into"), os.path.dirname(self._folder()))  # noqa: PTH120
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.open()

    # what is said

    def _describe(self) -> None:
        taken = [line for line in self.model.lines if line.taken]
        going = [line for line in taken if line.goes]
        before, after = (
            sum(line.nbytes for line in going),
            sum(line.prospect.nbytes for line in going if line.prospect),
        )
        pending = any(line.prospect is None for line in taken)
        shown = bool(going) and not pending
        self.total.setText(f"{size_text(before)} → {size_text(after)}" if shown else "")
        free = self._placement.free if self._placement is not None else -1
        self.free.setText(tr("{size} free").format(size=size_text(free)) if free >= 0 else "")
        why = self._why_not(taken, going, pending, after)
        words = tr("Export {checkpoints}").format(
            checkpoints=checkpoints(len(going) if not pending else len(taken))
        )
        self.export.setText(f"{words}, {size_text(after)}" if shown else words)
        self.export.setEnabled(not why)
        self.export.setToolTip(plain_tooltip(why))
        self.export.setAccessibleDescription(why)
        errors = [line.prospect.error for line in taken if line.prospect is not None]
        if any(isinstance(error, DamagedSourceError) and error.left for error in errors):
            self.rescue.show()
        self._say(why, taken, going, pending)

    def _why_not(self, taken: Sequence[Line], going: Sequence[Line], pending: bool, nbytes: int) -> str:
        if not taken:
            return tr("No checkpoint is ticked.")
        if self.naming.trouble:
            return self.naming.trouble
        if not self._folder():
            return tr("There is no folder to write to.")
        placement = self._placement
        if pending or placement is None:
            return tr("The sizes are being worked out.")
        if placement.trouble:
            return placement.trouble
        if not going:
            return tr("None of them can be exported.")
        if nbytes > placement.free:
            return tr("There is not enough space: {needed} are needed, {free} are free.").format(
                needed=size_text(nbytes), free=size_text(placement.free)
            )
        return ""

    def _say(self, why: str, taken: Sequence[Line], going: Sequence[Line], pending: bool) -> None:
        """How many are taken, and how many of them cannot go; or what stands in the way of all."""
        text = tr("{taken} of {all} taken").format(taken=integer(len(taken)), all=integer(len(self.model.lines)))
        if not pending and len(going) < len(taken):
            text += tr(", {n} of them cannot be exported").format(n=integer(len(taken) - len(going)))
        shortage = bool(why) and bool(going) and not pending and not self.naming.trouble
        self.said.setText(why if shortage else text)
        self.said.set_colour("danger" if shortage else "text2")

    def _agree(self) -> None:
        """Go; where the places of what is asked for now are still looked for, as soon as they are found."""
        if not self.export.isEnabled():
            return
        if self._stale:
            self._agreed = True
            self._find_places()
            return
        lines = tuple(line for line in self.model.lines if line.taken)
        self.accept()
        self.wished.emit(BatchWish(lines, self._folder(), self.request(), self.naming.text()))
