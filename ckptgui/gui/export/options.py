"""The options of an export: the wish that the controls spell, and what can be chosen after what was chosen."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.tensors import Path
from ckptgui.export.request import ExportRequest
from ckptgui.gui.export.option_controls import ONE, OTHER, OptionControls
from ckptgui.gui.export.option_notes import tell_fields, tell_ticks
from ckptgui.gui.export.outlook import Outlook
from ckptgui.gui.export.subject import Subject, candidates
from ckptgui.gui.export.words import parsed_size, patterns, shard_words
from ckptgui.gui.form import Option
from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.numbers import integer, size_text, tr
from ckptgui.gui.theme import theme, theme_signal

WIDTH = 320
_ALL = "all"


class Options(QScrollArea):
    """``changed``: another wish; ``metadata_asked``: the values that go along shall be chosen."""

    changed = Signal()
    metadata_asked = Signal()

    def __init__(self, subject: Subject, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subject = subject
        self._base = ExportRequest()  # what no control shows
        self._rows = subject.rows
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(WIDTH)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        slim(self)
        self.page = OptionControls(self)
        self.setWidget(self.page)
        self._connect()
        self._offer_sections()
        theme_signal().changed.connect(self._offer_sections)

    def _connect(self) -> None:
        page = self.page
        page.let_go.clicked.connect(self._release)
        page.section.chosen.connect(self._section_chosen)
        page.files.chosen.connect(self._files_chosen)
        page.edit.clicked.connect(self.metadata_asked)
        for choice in (page.format, page.dtype, page.tied, page.device):
            choice.chosen.connect(self._changed)
        for rows in (page.exceptions, page.renames):
            rows.changed.connect(self._changed)
        for field in (page.include, page.exclude, page.shard):
            field.textEdited.connect(self._changed)
        for tick in (page.strip, page.keep, page.verify, page.rescue):
            tick.toggled.connect(self._changed)

    # what can be chosen

    def _offer_sections(self) -> None:
        checkpoint, t = self._subject.checkpoint, theme()
        found = [
            Option(
                str(number),
                _name(checkpoint, section.path),
                colour=t.role(section.role),
                note=size_text(section.nbytes),
            )
            for number, section in enumerate(candidates(checkpoint))
        ]
        why = tr("safetensors holds tensors and text alone.") if self._wants("safetensors") else ""
        everything = Option(_ALL, tr("Everything in the file"), why, t.role(Role.OTHER))
        self.page.section.set_options([*found, everything])

    def _wants(self, format: str) -> bool:
        return self.page.format.current() == format

    def _settle(self) -> None:
        """Let what can be chosen follow what was chosen."""
        pt, whole = self._wants("pt"), self.page.section.current() == _ALL
        self._offer_sections()
        everything = tr("Everything goes out as one .pt, under the names that it has.") if whole else ""
        for part in (self.page.format.buttons["safetensors"], self.page.renames, self.page.strip, self.page.files):
            self.page.allow(part, everything)
        ties = [("drop", tr("written once, recorded")), ("copy", tr("copied"))]
        ties = [("keep", tr("kept")), *(ties[1:] if whole else ties)] if pt else ties
        self.page.tied.set_options([Option(key, text) for key, text in ties])
        self.page.device.setVisible(pt)
        self.page.device_label.setVisible(pt)
        self.page.keep.setText(tr("Keep epoch and loss") if pt else tr("Keep epoch and loss as text"))
        kept = self.page.keep.isChecked()
        self.page.allow(self.page.edit, "" if kept else tr("Tick it first: as it is, no value goes along."))
        self.page.shard.setVisible(self.page.files.current() == OTHER)
        chosen = self._rows is not None and not whole
        self.page.chosen_label.setVisible(chosen)
        self.page.chosen_row.setVisible(chosen)
        if self._rows is not None:
            self.page.chosen.setText(tr("{count} chosen in the tree").format(count=integer(len(self._rows))))

    def _changed(self, *_: object) -> None:
        self._settle()
        self.changed.emit()

    def _section_chosen(self, key: str) -> None:
        """Everything is with its values unless somebody says otherwise, a state dict without.

        What was chosen in the tree was of the section before.
        """
        self._rows = None
        self.page.keep.blockSignals(True)
        self.page.keep.setChecked(key == _ALL or bool(self._base.keep_metadata))
        self.page.keep.blockSignals(False)
        self._changed()

    def _files_chosen(self, key: str) -> None:
        self._changed()
        if key == OTHER:
            self.page.shard.setFocus()

    def _release(self) -> None:
        self._rows = None
        self.page.include.setFocus()
        self._changed()

    # the wish

    @property
    def trouble(self) -> str:
        """What was typed that makes no sense, in a sentence."""
        if self.page.files.current() == OTHER and parsed_size(self.page.shard.text()) is None:
            return tr("Give the size of a shard, as 500 MB or 2.5 GB.")
        return ""

    def request(self) -> ExportRequest:
        """What the controls say."""
        format = self.page.format.current()
        whole = self.page.section.current() == _ALL
        shard = None
        if self.page.files.current() == OTHER:
            shard = parsed_size(self.page.shard.text())
        elif self.page.files.current() != ONE:
            shard = int(self.page.files.current())
        tied = self.page.tied.current()
        return replace(
            self._base,
            section=None if whole else self._section(),
            format="safetensors" if format == "safetensors" else "pt",
            only="all" if whole else "state-dict",
            device=self.page.device.current(),
            tied="keep" if tied == "keep" else "copy" if tied == "copy" else "drop",
            dtype=self.page.dtype.current(),
            dtype_for=self.page.exceptions.pairs(),
            include=patterns(self.page.include.text()),
            exclude=patterns(self.page.exclude.text()),
            rows=None if whole else self._rows,
            strip=("auto",) if self.page.strip.isChecked() and not whole else (),
            rename=() if whole else self.page.renames.pairs(),
            max_shard_bytes=None if whole else shard,
            keep_metadata=self.page.keep.isChecked(),
            rescue=self.page.rescue.isChecked(),
            verify=self.page.verify.isChecked(),
        )

    def _section(self) -> Path | None:
        found = candidates(self._subject.checkpoint)
        key = self.page.section.current()
        return found[int(key)].path if key.isdecimal() and int(key) < len(found) else None

    def set_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """Change the values that go along."""
        self._base = replace(self._base, metadata=metadata)
        self._changed()

    def show_request(self, request: ExportRequest) -> None:
        """Set the controls, without telling; the section and what was chosen in the tree stay."""
        self._base = replace(request, section=None, rows=None)
        if request.only == "all":
            self.page.section.choose(_ALL)
        elif self.page.section.current() == _ALL:
            self.page.section.choose("0")
        self.page.format.choose(request.format)
        self._settle()
        self.page.dtype.choose(request.dtype)
        self.page.exceptions.show_pairs(request.dtype_for)
        self.page.include.setText(", ".join(request.include))
        self.page.exclude.setText(", ".join(request.exclude))
        self.page.renames.show_pairs(request.rename)
        size = request.max_shard_bytes
        offered = size is None or str(size) in {option.key for option in self.page.files.options}
        self.page.files.choose(ONE if size is None else str(size) if offered else OTHER)
        self.page.shard.setText("" if size is None or offered else shard_words(size))
        self.page.tied.choose(request.ties)
        if request.location not in {option.key for option in self.page.device.options}:
            self.offer_device(request.location)
        self.page.device.choose(request.location)
        for tick, on in (
            (self.page.strip, bool(request.strip)),
            (
                self.page.keep,
                request.keep_metadata if request.keep_metadata is not None else request.only == "all",
            ),
            (self.page.verify, request.verify),
            (self.page.rescue, request.rescue),
        ):
            tick.blockSignals(True)
            tick.setChecked(bool(on))
            tick.blockSignals(False)
        self._settle()

    def choose_section(self, path: Path | None) -> None:
        """Choose a section, without telling."""
        paths = [section.path for section in candidates(self._subject.checkpoint)]
        self.page.section.choose(str(paths.index(path)) if path is not None and path in paths else "0")

    def offer_device(self, device: str) -> None:
        """Offer one more location."""
        kept = [option for option in self.page.device.options if option.key != device]
        self.page.device.set_options([*kept, Option(device, display(device, 40))])

    def tell_outlook(self, outlook: Outlook) -> None:
        """Show at the controls what a wish comes to."""
        tell_fields(self.page, outlook)
        tell_ticks(self.page, outlook)
        self.page.shard.tell("", self.trouble)


def _name(checkpoint: Checkpoint, path: Path) -> str:
    if path:
        return display(" / ".join(path), 60)
    return tr("The state dict") if len(checkpoint.sections) < 2 else tr("The rest")
