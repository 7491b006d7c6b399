"""The options of an export as a column of controls, and the wish that they spell."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.kept import LOST
from ckptgui.core.tensors import Path
from ckptgui.errors import DamagedSourceError
from ckptgui.export.request import ExportRequest
from ckptgui.gui.controls import Ground, Hairline, IconButton
from ckptgui.gui.export.outlook import Outlook
from ckptgui.gui.export.pair_rows import PairRows, choice
from ckptgui.gui.export.subject import Subject, candidates
from ckptgui.gui.export.trouble import field_of
from ckptgui.gui.export.words import GB, SHARDS, parsed_size, patterns, shard_words
from ckptgui.gui.form import Choice, CountField, Option, Tick
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.inspector.flat import slim
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, integer, size_text, tr
from ckptgui.gui.theme import theme, theme_signal, ui_font

WIDTH = 320
DTYPES = ("float32", "float16", "bfloat16")
_ALL, _ONE, _OTHER = "all", "one", "other"


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
        self._page = Ground("panel", self)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnMinimumWidth(0, 64)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self._page)
        column.setContentsMargins(18, 14, 16, 14)
        column.setSpacing(8)
        column.addLayout(self._grid)
        self._make_selecting()
        self._make_files()
        column.addWidget(Hairline(self._page))
        self._make_ticks(column)
        column.addStretch(1)
        self.setWidget(self._page)
        theme_signal().changed.connect(self._offer_sections)

    # the controls

    def _add(self, title: str, control: QWidget, hint: str) -> QWidget:
        label = PlainLabel(title, self._page, colour="text2")
        label.setFixedHeight(26)
        label.setToolTip(plain_tooltip(hint))
        label.setBuddy(control)
        row = self._grid.rowCount()
        self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(control, row, 1)
        if isinstance(control, CountField):
            control.set_hint(hint)
        else:
            control.setToolTip(plain_tooltip(hint))
        return label

    def _make_selecting(self) -> None:
        page = self._page
        self.section = Choice(tr("Section"), (), page)
        self._offer_sections()
        self.format = Segmented("", (("pt", ".pt"), ("safetensors", "safetensors")), page)
        self.format.caption.hide()
        for key, button in self.format.buttons.items():
            button.setAccessibleName(tr("Format: {name}").format(name=key))
            button.setFixedHeight(26)
            button.setFont(ui_font())
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
        kinds = [("keep", tr("as saved")), *((name, name) for name in DTYPES)]
        self.dtype = choice(tr("Type"), kinds, page)
        self.exceptions = PairRows(
            tr("Names that are excepted"),
            "*norm*",
            tr("Add an exception"),
            lambda: choice(tr("stays"), [("keep", tr("as saved")), *kinds[1:]], page),
            page,
        )
        self.chosen = PlainLabel("", page)
        self.let_go = IconButton("close", tr("Export the whole section"), page, side=22, size=12)
        chosen = QWidget(page)
        row = QHBoxLayout(chosen)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.chosen, 1)
        row.addWidget(self.let_go)
        self.include, self.exclude = CountField(tr("Include"), page), CountField(tr("Exclude"), page)
        self.include.setPlaceholderText("*")
        self.exclude.setPlaceholderText(tr("name or pattern"))
        self._add(tr("Section"), self.section, tr("Which state dict goes out."))
        self._add(tr("Format"), self.format, tr("safetensors holds tensors and text alone; .pt is torch's own."))
        self._add(tr("Type"), self.dtype, tr("What floating-point tensors become; all others stay as they are."))
        self._add(
            tr("Except"),
            self.exceptions,
            tr("Tensors whose names fit a pattern get another type: *ln_* keeps norms as they are."),
        )
        self._chosen_label = self._add(tr("Tensors"), chosen, tr("Only what was chosen in the tree goes out."))
        self._chosen_row = chosen
        self._add(
            tr("Include"),
            self.include,
            tr("Only names that fit go out: * stands for any letters. Several patterns have commas between them."),
        )
        self._add(tr("Exclude"), self.exclude, tr("Names that fit stay behind, even if they are included above."))
        self.let_go.clicked.connect(self._release)
        self.section.chosen.connect(self._section_chosen)
        self.format.chosen.connect(self._changed)
        self.dtype.chosen.connect(self._changed)
        self.exceptions.changed.connect(self._changed)
        self.include.textEdited.connect(self._changed)
        self.exclude.textEdited.connect(self._changed)

    def _make_files(self) -> None:
        page = self._page
        sizes = [(str(size * GB), tr("Shards of {size} GB").format(size=size)) for size in SHARDS]
        self.files = choice(
            tr("Files"), [(_ONE, tr("One file")), *sizes, (_OTHER, tr("Shards of another size…"))], page
        )
        self.shard = CountField(tr("Size of a shard"), page)
        self.shard.setPlaceholderText("500 MB")
        self.shard.set_hint(tr("Most bytes of a shard, as 500 MB or 2.5 GB; a GB is 10⁹ bytes."))
        files = QWidget(page)
        column = QVBoxLayout(files)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.files)
        column.addWidget(self.shard)
        self._add(tr("Files"), files, tr("Shards make a folder of smaller files and their index."))
        self.tied = choice(tr("Tied tensors"), [("", "")], page)
        self._add(tr("Tied"), self.tied, tr("What becomes of tensors that have several names."))
        places = [("keep", tr("as saved")), ("cpu", "cpu"), ("cuda:0", "cuda:0")]
        self.device = choice(tr("Location"), places, page)
        self._device_label = self._add(
            tr("Location"), self.device, tr("Where torch.load puts the tensors unless it is told otherwise.")
        )
        self.renames = PairRows(
            tr("Names that match"), r"^encoder\.", tr("Add a rule"), lambda: CountField(tr("become"), page), page
        )
        self._add(
            tr("Rename"),
            self.renames,
            tr("What matches a regular expression is replaced; \\1 stands for its first group."),
        )
        self.files.chosen.connect(self._files_chosen)
        self.shard.textEdited.connect(self._changed)
        self.tied.chosen.connect(self._changed)
        self.device.chosen.connect(self._changed)
        self.renames.changed.connect(self._changed)

    def _make_ticks(self, column: QVBoxLayout) -> None:
        page = self._page
        self.strip = Tick(tr("Remove wrapper prefixes"), page)
        self.strip.setToolTip(
            plain_tooltip(tr("Takes off what DataParallel, torch.compile and FSDP put before names."))
        )
        self.strip_note = PlainLabel("", page, colour="text2", pixels=11, wrap=True)
        self.keep = Tick("", page)
        self.keep.setToolTip(plain_tooltip(tr("Values of the training go along; else none of them does.")))
        self.edit = LinkLabel(tr("Edit…"), page, pixels=12)
        self.edit.setAccessibleName(tr("Edit the values that go along"))
        self.keep_note = PlainLabel("", page, colour="text2", pixels=11, wrap=True)
        self.verify = Tick(tr("Read back and compare"), page)
        self.verify.setToolTip(
            plain_tooltip(tr("Every tensor is read again and compared with the source before the file counts."))
        )
        self.rescue = Tick(tr("Export what is whole"), page)
        self.rescue_note = PlainLabel("", page, colour="danger", pixels=11, wrap=True)
        keeping = QHBoxLayout()
        keeping.setContentsMargins(0, 0, 0, 0)
        keeping.addWidget(self.keep, 1)
        keeping.addWidget(self.edit)
        for tick, note in (
            (self.rescue, self.rescue_note),
            (self.strip, self.strip_note),
            (keeping, self.keep_note),
            (self.verify, None),
        ):
            group = QVBoxLayout()
            group.setSpacing(0)
            if isinstance(tick, Tick):
                group.addWidget(tick)
            else:
                group.addLayout(tick)
            if note is not None:
                group.addWidget(note)
                note.setContentsMargins(24, 0, 0, 0)
                note.hide()
            column.addLayout(group)
        self.rescue.hide()
        for tick in (self.strip, self.keep, self.verify, self.rescue):
            tick.toggled.connect(self._changed)
        self.edit.clicked.connect(self.metadata_asked)

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
        self.section.set_options([*found, everything])

    def _wants(self, format: str) -> bool:
        return hasattr(self, "format") and self.format.current() == format

    def _settle(self) -> None:
        """Let what can be chosen follow what was chosen."""
        pt, whole = self._wants("pt"), self.section.current() == _ALL
        self._offer_sections()
        self.format.buttons["safetensors"].setEnabled(not whole)
        ties = [("drop", tr("written once, recorded")), ("copy", tr("copied"))]
        ties = [("keep", tr("kept")), *(ties[1:] if whole else ties)] if pt else ties
        self.tied.set_options([Option(key, text) for key, text in ties])
        for part in (self.device, self._device_label):
            part.setVisible(pt)
        for part in (self.renames, self.strip, self.files):
            part.setEnabled(not whole)
        self.keep.setText(tr("Keep epoch and loss") if pt else tr("Keep epoch and loss as text"))
        self.edit.setEnabled(self.keep.isChecked())
        self.shard.setVisible(self.files.current() == _OTHER)
        chosen = self._rows is not None and not whole
        self._chosen_label.setVisible(chosen)
        self._chosen_row.setVisible(chosen)
        if self._rows is not None:
            self.chosen.setText(tr("{count} chosen in the tree").format(count=integer(len(self._rows))))

    def _changed(self, *_: object) -> None:
        self._settle()
        self.changed.emit()

    def _section_chosen(self, key: str) -> None:
        """Everything is with its values unless somebody says otherwise, a state dict without."""
        self.keep.blockSignals(True)
        self.keep.setChecked(key == _ALL or bool(self._base.keep_metadata))
        self.keep.blockSignals(False)
        self._changed()

    def _files_chosen(self, key: str) -> None:
        self._changed()
        if key == _OTHER:
            self.shard.setFocus()

    def _release(self) -> None:
        self._rows = None
        self.include.setFocus()
        self._changed()

    # the wish

    @property
    def trouble(self) -> str:
        """What was typed that makes no sense, in a sentence."""
        if self.files.current() == _OTHER and parsed_size(self.shard.text()) is None:
            return tr("Give the size of a shard, as 500 MB or 2.5 GB.")
        return ""

    def request(self) -> ExportRequest:
        """What the controls say."""
        format = self.format.current()
        whole = self.section.current() == _ALL
        shard = None
        if self.files.current() == _OTHER:
            shard = parsed_size(self.shard.text())
        elif self.files.current() != _ONE:
            shard = int(self.files.current())
        tied = self.tied.current()
        return replace(
            self._base,
            section=None if whole else self._section(),
            format="safetensors" if format == "safetensors" else "pt",
            only="all" if whole else "state-dict",
            device=self.device.current(),
            tied="keep" if tied == "keep" else "copy" if tied == "copy" else "drop",
            dtype=self.dtype.current(),
            dtype_for=self.exceptions.pairs(),
            include=patterns(self.include.text()),
            exclude=patterns(self.exclude.text()),
            rows=None if whole else self._rows,
            strip=("auto",) if self.strip.isChecked() and not whole else (),
            rename=() if whole else self.renames.pairs(),
            max_shard_bytes=None if whole else shard,
            keep_metadata=self.keep.isChecked(),
            rescue=self.rescue.isChecked(),
            verify=self.verify.isChecked(),
        )

    def _section(self) -> Path | None:
        found = candidates(self._subject.checkpoint)
        key = self.section.current()
        return found[int(key)].path if key.isdecimal() and int(key) < len(found) else None

    def set_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """Change the values that go along."""
        self._base = replace(self._base, metadata=metadata)
        self._changed()

    def show_request(self, request: ExportRequest) -> None:
        """Set the controls, without telling; the section and what was chosen in the tree stay."""
        self._base = replace(request, section=None, rows=None)
        if request.only == "all":
            self.section.choose(_ALL)
        elif self.section.current() == _ALL:
            self.section.choose("0")
        self.format.choose(request.format)
        self._settle()
        self.dtype.choose(request.dtype)
        self.exceptions.show_pairs(request.dtype_for)
        self.include.setText(", ".join(request.include))
        self.exclude.setText(", ".join(request.exclude))
        self.renames.show_pairs(request.rename)
        size = request.max_shard_bytes
        offered = size is None or str(size) in {option.key for option in self.files.options}
        self.files.choose(_ONE if size is None else str(size) if offered else _OTHER)
        self.shard.setText("" if size is None or offered else shard_words(size))
        self.tied.choose(request.ties)
        if request.location not in {option.key for option in self.device.options}:
            self.offer_device(request.location)
        self.device.choose(request.location)
        for tick, on in (
            (self.strip, bool(request.strip)),
            (self.keep, request.keep_metadata if request.keep_metadata is not None else request.only == "all"),
            (self.verify, request.verify),
            (self.rescue, request.rescue),
        ):
            tick.blockSignals(True)
            tick.setChecked(bool(on))
            tick.blockSignals(False)
        self._settle()

    def choose_section(self, path: Path | None) -> None:
        """Choose a section, without telling."""
        paths = [section.path for section in candidates(self._subject.checkpoint)]
        self.section.choose(str(paths.index(path)) if path is not None and path in paths else "0")

    def offer_device(self, device: str) -> None:
        """Offer one more location."""
        kept = [option for option in self.device.options if option.key != device]
        self.device.set_options([*kept, Option(device, display(device, 40))])

    # what comes of it

    def tell_outlook(self, outlook: Outlook) -> None:
        """Show at each field how many names it selects and what is wrong with it, and what the ticks come to."""
        plan, request = outlook.plan, outlook.request
        where = field_of(outlook.trouble, request)
        troubles = {where: outlook.trouble} if where else {}
        for note in plan.notes if plan is not None else ():
            troubles.setdefault(field_of(note, request), note)
        count = ""
        if plan is not None:
            count = tr("{goes} of {total}").format(
                goes=integer(len(plan.chosen)), total=integer(len(outlook.names))
            )
        self.include.tell(count, troubles.get("include", ""))
        self.exclude.tell("", troubles.get("exclude", ""))
        self.exceptions.tell(troubles.get("dtype_for", ""))
        self.renames.tell(troubles.get("rename", ""))
        self.shard.tell("", self.trouble)
        if plan is not None:
            text = ""
            if outlook.wrapped:
                text = tr("{prefix} from {names}").format(
                    prefix=display(outlook.wrapper, 60), names=counted(outlook.wrapped, "name", "names")
                )
            self.tell_note(self.strip_note, text)
            keys = [key for key in plan.metadata if key != LOST]
            names = ", ".join(display(key, 40) for key in keys[:6])
            more = len(keys) - 6
            names = tr("{names} and {count} more").format(names=names, count=more) if more > 0 else names
            self.tell_note(self.keep_note, names)
        self._tell_damage(outlook)

    def _tell_damage(self, outlook: Outlook) -> None:
        """Offer to export what is whole of a damaged source."""
        plan, error = outlook.plan, outlook.error
        if plan is not None:
            whole, lost = len(plan.chosen), len(plan.lost)
        elif isinstance(error, DamagedSourceError):
            whole, lost = error.left, error.lost
        else:
            return
        damaged = lost > 0 and whole > 0
        self.rescue.setVisible(damaged or self.rescue.isChecked())
        text = tr("{whole} of {all} are whole; what is lost is listed.").format(
            whole=integer(whole), all=counted(whole + lost, "tensor", "tensors")
        )
        self.tell_note(self.rescue_note, text if damaged else "")

    def tell_note(self, label: PlainLabel, text: str) -> None:
        """Write below a tick what it comes to."""
        label.setText(text)
        label.setVisible(bool(text))


def _name(checkpoint: Checkpoint, path: Path) -> str:
    if path:
        return display(" / ".join(path), 60)
    return tr("The state dict") if len(checkpoint.sections) < 2 else tr("The rest")
