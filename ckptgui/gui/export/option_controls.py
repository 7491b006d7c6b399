"""The controls of an export's options, as they stand in their column; what they mean is said elsewhere."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ckptgui.gui.controls import Ground, Hairline, IconButton
from ckptgui.gui.export.pair_rows import PairRows, choice
from ckptgui.gui.export.words import GB, SHARDS
from ckptgui.gui.form import Choice, CountField, Tick
from ckptgui.gui.inspector.controls import Segmented
from ckptgui.gui.labels import LinkLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import tr
from ckptgui.gui.theme import ui_font

DTYPES = ("float32", "float16", "bfloat16")
GPUS = tuple(f"cuda:{number}" for number in range(4))
"""Locations that are offered whatever this machine has; a file may be for another."""

ONE, OTHER = "one", "other"
"""Keys of the choice of files that are no size."""


class OptionControls(Ground):
    """Rows with a word before each, then ticks with a note below."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("panel", parent)
        self._hints: dict[QWidget, str] = {}
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnMinimumWidth(0, 64)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 14, 16, 14)
        column.setSpacing(8)
        column.addLayout(self._grid)
        self._make_selecting()
        self._make_files()
        column.addWidget(Hairline(self))
        self._make_ticks(column)
        column.addStretch(1)

    def allow(self, control: QWidget, why: str) -> None:
        """Let a control be used, or say in its tooltip why it cannot be."""
        self._hints.setdefault(control, control.toolTip())
        control.setEnabled(not why)
        control.setToolTip(plain_tooltip(why) or self._hints[control])

    def _add(self, title: str, control: QWidget, hint: str) -> QWidget:
        label = PlainLabel(title, self, colour="text2")
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
        page = self
        self.section = Choice(tr("Section"), (), page)
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
        self.chosen_label = self._add(tr("Tensors"), chosen, tr("Only what was chosen in the tree goes out."))
        self.chosen_row = chosen
        self._add(
            tr("Include"),
            self.include,
            tr("Only names that fit go out; * stands for any letters, a name alone for a tensor or a module."),
        )
        self._add(tr("Exclude"), self.exclude, tr("Names that fit stay behind, even if they are included above."))

    def _make_files(self) -> None:
        page = self
        sizes = [(str(size * GB), tr("Shards of {size} GB").format(size=size)) for size in SHARDS]
        self.files = choice(
            tr("Files"), [(ONE, tr("One file")), *sizes, (OTHER, tr("Shards of another size…"))], page
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
        places = [("keep", tr("as saved")), ("cpu", "cpu"), *((name, name) for name in GPUS)]
        self.device = choice(tr("Location"), places, page)
        self.device_label = self._add(
            tr("Location"), self.device, tr("Where torch.load puts the tensors unless it is told otherwise.")
        )
        self.renames = PairRows(
            tr("Names that match"), r"^encoder\.", tr("Add a rule"), lambda: CountField(tr("become"), page), page
        )
        self._add(
            tr("Rename"),
            self.renames,
            tr(
                "What a regular expression matches is replaced; \\1 stands for its first group. It sees names as "
                "they are in the file, before prefixes go."
            ),
        )

    def _make_ticks(self, column: QVBoxLayout) -> None:
        page = self
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
        keeping.setSpacing(8)
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
