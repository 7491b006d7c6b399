"""The export dialogue: presets, options, a preview that follows them, and where it goes."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import PurePath

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.core.display import display
from ckptgui.export.losses import Losses
from ckptgui.export.request import ExportRequest
from ckptgui.gui.controls import Hairline
from ckptgui.gui.export.findings import cast_finding
from ckptgui.gui.export.options import Options
from ckptgui.gui.export.place import Place, with_suffix
from ckptgui.gui.export.planner import Planned, Planner
from ckptgui.gui.export.preset_name import ask_name
from ckptgui.gui.export.presets import PresetList
from ckptgui.gui.export.preview import Preview
from ckptgui.gui.export.questions import before_writing
from ckptgui.gui.export.save_line import SaveLine
from ckptgui.gui.export.subject import Subject
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import size_text, tr
from ckptgui.workspace.export_presets import BUILT_IN, ExportMemory

LEAST = (980, 600)
USUAL = (1200, 680)


@dataclass(frozen=True)
class Wish:
    """What somebody decided on: how, and where to."""

    request: ExportRequest
    path: str


class ExportDialog(QDialog):
    """``wished`` carries a ``Wish`` when the button is pressed, ``remembered`` the ``ExportMemory`` whenever it is
    another, ``row_asked`` the row of a tensor that somebody wants to see.
    """

    wished = Signal(object)
    remembered = Signal(object)
    row_asked = Signal(int)

    def __init__(
        self, background: Background, subject: Subject, memory: ExportMemory, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._subject, self._memory = subject, memory
        self._planned: Planned | None = None
        self._place = Place()
        self._named = False  # by hand
        self._agreed = False  # before all was worked out
        self.setWindowTitle(
            tr("Export state dict – {name}").format(name=display(PurePath(subject.shown).name, 120))
        )
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(*LEAST)
        wanted = QSize(memory.width or USUAL[0], memory.height or USUAL[1])
        room = self.screen().availableSize()
        if parent is not None:
            room = room.expandedTo(parent.window().size())
        self.resize(wanted.boundedTo(room))
        self.presets, self.options, self.preview = PresetList(self), Options(subject, self), Preview(subject, self)
        self.foot = SaveLine(self)
        self.planner = Planner(background, subject, self)
        self._lay_out()
        self._connect()
        self.presets.show_presets(memory.presets, memory.last)
        self.options.choose_section(subject.section)
        self._take_preset(memory.last)
        self.setFocus()  # the button takes it as soon as it can be pressed

    def _lay_out(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(0)
        columns.addWidget(self.presets)
        columns.addWidget(Hairline(self, vertical=True))
        columns.addWidget(self.options)
        columns.addWidget(Hairline(self, vertical=True))
        columns.addWidget(self.preview, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addLayout(columns, 1)
        outer.addWidget(Hairline(self))
        outer.addWidget(self.foot)

    def _connect(self) -> None:
        self.presets.chosen.connect(self._take_preset)
        self.presets.save_asked.connect(self._ask_preset_name)
        self.presets.forget_asked.connect(lambda key: self._remember(self._memory.without(key)))
        self.presets.rename_asked.connect(self._ask_new_name)
        self.options.changed.connect(self._wish_changed)
        self.options.metadata_asked.connect(self._edit_metadata)
        self.preview.row_asked.connect(self._show_row)
        self.foot.typed.connect(self._path_typed)
        self.foot.cancel.clicked.connect(self.reject)
        self.foot.export.clicked.connect(self.agree)
        self.planner.planned.connect(self._show_planned)
        self.planner.placed.connect(self._show_place)
        self.planner.sized.connect(self.presets.show_size)
        self.planner.lost.connect(self._show_losses)
        self.planner.alarmed.connect(self.preview.show_alarms)

    def aim_at(self, device: str) -> None:
        """Write a ``.pt`` that opens on this device, and is no preset."""
        self.options.offer_device(device)
        self.options.show_request(replace(BUILT_IN[0].request, device=device))
        self.presets.choose("")
        self._wish_changed()

    def resume(self, request: ExportRequest, path: str) -> None:
        """Go on with a wish that came to nothing."""
        self.options.choose_section(request.section)
        self.options.show_request(request)
        self._named = bool(path)
        if path:
            self.foot.show_path(path)
        self._wish_changed()

    # presets

    def _take_preset(self, key: str) -> None:
        self.options.show_request(self._memory.preset(key).request)
        self._wish_changed()

    def _size_presets(self) -> None:
        now = self.options.request()
        wishes = [
            (each.key, replace(each.request, section=now.section, rows=now.rows, rescue=now.rescue))
            for each in self._memory.presets
        ]
        self.planner.size(wishes)

    def _remember(self, memory: ExportMemory) -> None:
        self._memory = memory
        self.presets.show_presets(memory.presets, memory.last)
        self._size_presets()
        self.remembered.emit(memory)

    def _ask_preset_name(self) -> None:
        def save(name: str) -> None:
            self._remember(self._memory.saved(name, self.options.request()))

        ask_name(self, tr("Save these settings as a preset"), "", save)

    def _ask_new_name(self, key: str) -> None:
        title = self._memory.preset(key).title
        ask_name(self, tr("Rename the preset"), title, lambda n: self._remember(self._memory.renamed(key, n)))

    # the wish

    def _wish_changed(self) -> None:
        """Plan anew; the button waits for it."""
        self.planner.plan(self.options.request(), self.foot.path() or self._subject.shown)
        self._update_foot()

    def _show_planned(self, planned: Planned) -> None:
        before, self._planned = self._planned, planned
        outlook = planned.outlook
        if before is None or _part(before.outlook.request) != _part(outlook.request):
            self._size_presets()  # once the plan that is looked at is through
        self.preview.show_outlook(outlook, planned.findings)
        self.options.tell_outlook(outlook)
        if outlook.plan is not None:
            self.presets.show_size(self.presets.current(), outlook.plan.nbytes)
            if any(finding.open for finding in planned.findings):
                self.planner.find_losses(outlook)
        self._name_file(planned)
        self._look_around()
        self._update_foot()

    def _name_file(self, planned: Planned) -> None:
        """Let the name follow the options, until somebody gave one; then its suffix alone."""
        request = planned.outlook.request
        sharded = request.max_shard_bytes is not None
        if not self._named and planned.proposal:
            self.foot.show_path(planned.proposal)
        elif self.foot.path() and not self.foot.field.hasFocus():
            self.foot.show_path(with_suffix(self.foot.path(), request.format, folder=sharded))

    def _path_typed(self, path: str) -> None:
        self._named = bool(path.strip())
        kind = PurePath(path).suffix.lower()
        other = {".safetensors": "safetensors", ".pt": "pt"}.get(kind)
        buttons = self.options.page.format.buttons
        if other is not None and other != self.options.page.format.current() and buttons[other].isEnabled():
            buttons[other].click()
        self._look_around()
        self._update_foot()

    def target(self) -> str:
        """Where it goes; a name alone goes beside the source."""
        path = os.path.expanduser(self.foot.path().strip())  # noqa: PTH111
        return os.path.join(self._subject.folder, path) if path else ""  # noqa: PTH118

    def _look_around(self) -> None:
        self.planner.place(self.target(), folder=self.options.request().max_shard_bytes is not None)

    def _show_place(self, place: Place) -> None:
        self._place = place
        self._update_foot()
        if self._agreed and self.up_to_date:
            self.agree()

    def _show_losses(self, losses: Losses) -> None:
        self.preview.show_losses(cast_finding(losses))

    # the button

    def why_not(self) -> str:
        """Why nothing can be written now, in a sentence; empty where it can."""
        planned = self._planned
        if planned is None:
            return tr("The export is being planned.")
        outlook = planned.outlook
        if self.options.trouble or (outlook.plan is None and not outlook.large):
            return self.options.trouble or outlook.trouble
        if self._place.trouble:
            return self._place.trouble
        return self._place.shortage(outlook.plan.nbytes) if outlook.plan is not None else ""

    def _update_foot(self) -> None:
        plan = self._planned.outlook.plan if self._planned is not None else None
        words = tr("Export {size}").format(size=size_text(plan.nbytes)) if plan is not None else tr("Export")
        self.foot.show_state(words, display(self.why_not(), 600))
        if self.focusWidget() in (None, self) and self.foot.export.isEnabled():
            self.foot.export.setFocus()
        nbytes = plan.nbytes if plan is not None else -1
        trouble = self._place.trouble or self._place.shortage(nbytes)
        self.foot.field.tell("", trouble)
        self.preview.show_place(trouble, nbytes, self._place.free)

    @property
    def up_to_date(self) -> bool:
        """Whether what is shown is what was wished last."""
        planned = self._planned
        if planned is None or self.planner.planning or self._place.path != self.target():
            return False
        return planned.outlook.request == self.options.request()

    def agree(self) -> None:
        """The button was pressed: once all is worked out, ask what has to be asked, and hand the wish on."""
        planned = self._planned
        self._agreed = not self.up_to_date
        if planned is not None and not self._agreed and not self.why_not():
            before_writing(self, planned.outlook, self._place, self._write)

    def _write(self) -> None:
        request = self.options.request()
        self._memory = self._memory.used(self.presets.current(), request)
        self.remembered.emit(self._memory)
        agreed = self._place.exists or (self._planned is not None and self._planned.outlook.large)
        wish = Wish(replace(request, force=agreed), self.target())
        self.accept()
        self.wished.emit(wish)

    def _edit_metadata(self) -> None:
        from ckptgui.gui.export.metadata_dialog import MetadataDialog

        edits = self.options.request().metadata
        self.planner.values(
            self.options.request(),
            lambda values: MetadataDialog(values, edits, self.options.set_metadata, self).open(),
        )

    def _show_row(self, row: int) -> None:
        self.row_asked.emit(row)

    # the window

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return means the button, wherever the keyboard is."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.foot.export.click()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Remember the size, and stop what is still being worked out."""
        self.planner.stop()
        if (self.width(), self.height()) != (self._memory.width, self._memory.height):
            self._memory = replace(self._memory, width=self.width(), height=self.height())
            self.remembered.emit(self._memory)
        super().done(result)


def _part(request: ExportRequest) -> tuple[object, ...]:
    """What of a source is exported, whatever it becomes."""
    return request.section, request.rows, request.rescue
