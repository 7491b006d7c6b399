"""The page for the file as a whole: what it is, where its bytes go, how far the training was, how to load it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, SavedShape
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.loading import load_snippet, safety_sentence
from ckptgui.core.saved_devices import device_sentence
from ckptgui.core.tensors import Path
from ckptgui.core.training import training
from ckptgui.core.tree import Tree
from ckptgui.gui.inspector.byte_bar import ByteBar, byte_parts
from ckptgui.gui.inspector.controls import SectionHead, TabStrip
from ckptgui.gui.inspector.load_panel import LoadPanel
from ckptgui.gui.inspector.metadata import MetadataBrowser
from ckptgui.gui.inspector.metadata_model import count_text
from ckptgui.gui.inspector.page import ScrollPage
from ckptgui.gui.inspector.safety_foot import SafetyFoot
from ckptgui.gui.inspector.tensor_list import TensorList, largest_tensors
from ckptgui.gui.inspector.training_panel import TrainingPanel
from ckptgui.gui.labels import SEMIBOLD, Caption, ElidedLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import counted, integer, size_text, tr

LARGEST = 8
MARGIN = 24
SUMMARY, METADATA = 0, 1

LEAST_PAGE = 200
"""Height under which the head scrolls away rather than the page below it gets lower."""

FORMATS = {
    "torch-zip": "PyTorch zip",
    "torch-legacy": "PyTorch legacy",
    "torch-tar": "PyTorch tar",
    "torchscript": "TorchScript",
    "torch-export": "torch.export",
    "torch-package": "torch.package",
    "pickle": "Pickle",
    "safetensors": "safetensors",
    "sharded": "Sharded",
    "dcp": "Distributed checkpoint",
    "gguf": "GGUF",
    "npz": "NumPy",
    "directory": "Folder",
}
"""Formats by the names that people use."""


STEP = 5
"""Milliseconds between two parts, so that the window is painted and answers in between."""


class Overview(QWidget):
    """Title, facts and bytes stay; below them are two tabs, the summary and all metadata."""

    link_activated = Signal(object)
    filled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checkpoint: Checkpoint | None = None
        self._browsed: Checkpoint | None = None
        self._steps: list[Callable[[], None]] = []
        self._next = QTimer(self)
        self._next.setInterval(STEP)
        self._next.timeout.connect(self._step)
        self.metadata: MetadataBrowser | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        top = QWidget(self)
        head = QVBoxLayout(top)
        head.setContentsMargins(MARGIN, 14, MARGIN, 12)
        head.setSpacing(4)
        self.title = ElidedLabel("", top, pixels=20, weight=SEMIBOLD)
        self.facts = PlainLabel("", top, colour="text2", wrap=True)
        self.bytes = ByteBar(top)
        self.bytes.link_activated.connect(self.link_activated)
        head.addWidget(self.title)
        head.addWidget(self.facts)
        head.addSpacing(6)
        head.addWidget(self.bytes)
        page = ScrollPage(self, margin=0, top=0, bottom=0)  # scrolls only where the window is low
        page.body.setSpacing(0)
        layout.addWidget(page, 1)
        page.body.addWidget(top)
        self.tabs = TabStrip([tr("Summary"), tr("Metadata")], self, margin=MARGIN - 11)
        page.body.addWidget(self.tabs)
        self.pages = QStackedWidget(self)
        self.pages.setMinimumHeight(LEAST_PAGE)
        self.pages.addWidget(self._summary())
        page.body.addWidget(self.pages, 1)
        self.foot = SafetyFoot(self)
        layout.addWidget(self.foot)
        self.tabs.changed.connect(self._turn)

    def _summary(self) -> QWidget:
        page = ScrollPage(self, margin=MARGIN, top=12)
        self.model_note = PlainLabel("", page, wrap=True)
        self.warnings = PlainLabel("", page, colour="warn", wrap=True, selectable=True)
        self.training = TrainingPanel(page)
        self.training.metadata_wanted.connect(self.show_metadata)
        self.load = LoadPanel(page)
        self.device = PlainLabel("", page, colour="text2", wrap=True)
        self.largest_head = SectionHead(tr("Largest tensors"), page)
        self.largest_note = Caption("", page)
        self.largest_head.add(self.largest_note)
        self.largest = TensorList(page)
        self.largest.link_activated.connect(self.link_activated)
        body = page.body
        body.setSpacing(14)
        load = QVBoxLayout()
        load.setSpacing(8)
        load.addWidget(self.load)
        load.addWidget(self.device)
        largest = QVBoxLayout()
        largest.setSpacing(2)
        largest.addWidget(self.largest_head)
        largest.addWidget(self.largest)
        for widget in (self.model_note, self.warnings, self.training):
            body.addWidget(widget)
        body.addLayout(load)
        body.addLayout(largest)
        body.addStretch(1)
        self._page = page
        return page

    def set_document(self, checkpoint: Checkpoint, tree: Tree) -> None:
        """Show another file, at the same tab: the head at once, the parts below it one a turn of the loop."""
        self._checkpoint = checkpoint
        self.title.setText(display(PurePath(checkpoint.path).name or checkpoint.path))
        self.facts.setText("\u00a0· ".join(file_facts(checkpoint)))  # a line never begins with a dot
        self.facts.setToolTip(plain_tooltip(tr("{0} bytes").format(integer(checkpoint.nbytes))))
        self.bytes.set_parts(byte_parts(checkpoint, tree))
        self.bytes.setVisible(bool(len(checkpoint.tensors)))
        self._steps = [
            lambda: self._fill_sentences(checkpoint),
            lambda: self._fill_training(checkpoint),
            lambda: self._fill_loading(checkpoint),
            lambda: self._fill_largest(checkpoint, tree),
        ]
        self._next.start()

    @property
    def filling(self) -> bool:
        """Whether parts are still to come."""
        return bool(self._steps)

    def _step(self) -> None:
        self._steps.pop(0)()
        if not self._steps:
            self._next.stop()
            self._turn(self.tabs.current())
            self.filled.emit()

    def _fill_sentences(self, checkpoint: Checkpoint) -> None:
        note = model_sentence(checkpoint)
        self.model_note.setText(note)
        self.model_note.setVisible(bool(note))
        self.warnings.setText("\n".join(display(text, 1024) for text in checkpoint.warnings[:12]))
        self.warnings.setVisible(bool(checkpoint.warnings))
        self.foot.set_checkpoint(checkpoint, safety_sentence(checkpoint))

    def _fill_training(self, checkpoint: Checkpoint) -> None:
        count = count_text(checkpoint.metadata)
        self.training.set_training(training(checkpoint), checkpoint.metadata, count)
        self.tabs.tab(METADATA).setText(tr("Metadata") if count == "0" else f"{tr('Metadata')}  {count}")
        self.tabs.tab(METADATA).setEnabled(count != "0")
        if count == "0":
            self.tabs.open(SUMMARY)

    def _fill_loading(self, checkpoint: Checkpoint) -> None:
        self.load.set_code(load_snippet(checkpoint))
        sentence = device_sentence(checkpoint)
        self.device.setText(display(sentence, MAX_DETAIL) if sentence else "")
        self.device.setVisible(bool(sentence))

    def _fill_largest(self, checkpoint: Checkpoint, tree: Tree) -> None:
        nodes = largest_tensors(tree, 0, LARGEST)
        self.largest.set_rows(checkpoint, tree, nodes)
        few = len(nodes) < len(checkpoint.tensors)
        self.largest_note.setText(
            tr("{0} of {1}").format(integer(len(nodes)), integer(len(checkpoint.tensors))) if few else ""
        )
        self.largest_head.setVisible(bool(nodes))

    def show_metadata(self, path: Path = ()) -> None:
        """Open the metadata tab, at a value when it is named."""
        self.tabs.open(METADATA)
        if path and self.metadata is not None:
            self.metadata.show_path(path)

    def _turn(self, number: int) -> None:
        if number == METADATA and self._checkpoint is not None and self._browsed is not self._checkpoint:
            if self.metadata is None:
                self.metadata = MetadataBrowser(self.pages)
                self.pages.addWidget(self.metadata)
            self._browsed = self._checkpoint
            self.metadata.set_metadata(self._checkpoint.metadata)
        self.pages.setCurrentIndex(number)


def file_facts(checkpoint: Checkpoint) -> list[str]:
    """Format, size, parameters, tensors, type, device: what a file is in a line."""
    table = checkpoint.tensors
    facts = [FORMATS.get(checkpoint.format, display(checkpoint.format)), size_text(checkpoint.nbytes)]
    if checkpoint.parameter_count:
        facts.append(counted(checkpoint.parameter_count, "parameter", "parameters"))
    facts.append(counted(len(table), "tensor", "tensors"))
    if len(table):
        weight = np.bincount(table.dtype, weights=table.nbytes.astype(np.float64), minlength=len(table.dtypes))
        order = sorted(range(len(table.dtypes)), key=lambda code: -weight[code])
        facts.append(
            _some([display(str(table.dtypes[code])) for code in order if weight[code] or len(order) == 1])
        )
        facts.append(tr("saved on {0}").format(_some([display(device) for device in table.devices])))
    return [fact for fact in facts if fact]


def _some(names: list[str]) -> str:
    """Up to two of the names, and how many more."""
    if len(names) > 3:
        return tr("{0} and {1} more").format(", ".join(names[:2]), integer(len(names) - 2))
    return ", ".join(names)


def model_sentence(checkpoint: Checkpoint) -> str:
    """For a whole model: which class it was saved as, and that it was read without it."""
    if checkpoint.saved_shape is not SavedShape.MODULE or not checkpoint.modules:
        return ""
    name = display(checkpoint.modules[0].class_name)
    count = len(checkpoint.tensors)
    if count == 1:
        return tr("Saved as a whole model of class {0}. Its one tensor was read without that class.").format(name)
    sentence = tr("Saved as a whole model of class {0}. All {1} tensors were read without that class.")
    return sentence.format(name, integer(count))
