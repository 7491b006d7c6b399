"""The page for the file as a whole: what it is, where its bytes go, how far the training was, how to load it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.optimizer_slots import SlotMap
from ckptgui.core.tensors import Path
from ckptgui.core.tree import ROLES, Tree
from ckptgui.gui.inspector.byte_bar import ByteBar
from ckptgui.gui.inspector.code_panel import CodePanel
from ckptgui.gui.inspector.controls import SectionHead, TabStrip
from ckptgui.gui.inspector.findings import Account, Finder, Judgement, Layout
from ckptgui.gui.inspector.load_panel import LoadPanel
from ckptgui.gui.inspector.metadata import MetadataBrowser
from ckptgui.gui.inspector.names_panel import NamesPanel
from ckptgui.gui.inspector.origin_panel import OriginPanel
from ckptgui.gui.inspector.page import LowerPages, ScrollPage
from ckptgui.gui.inspector.readiness_panel import ReadinessPanel
from ckptgui.gui.inspector.safety_foot import SafetyFoot
from ckptgui.gui.inspector.tensor_list import TensorList
from ckptgui.gui.inspector.training_panel import TrainingPanel
from ckptgui.gui.inspector.waste_line import WasteLine
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, Caption, ElidedLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.sources.locate import SourcePool

MARGIN = 24
_OPTIMIZER = ROLES.index(Role.OPTIMIZER)
SUMMARY, METADATA, NAMES, CODE = range(4)

LEAST_PAGE = 200
"""Height under which the head scrolls away rather than the page below it gets lower."""

STEP = 4
"""Milliseconds between two parts that are filled, so that the window answers in between."""

NARROW_STRIP = 470
"""Width under which the tabs leave their counts away."""


class Overview(QWidget):
    """Title, facts and bytes stay; below them are tabs: the summary, all metadata, the names, the code.

    What has to be thought about comes from the ``Finder``, part by part; ``filled`` says that all is there.
    """

    link_activated = Signal(object)
    filled = Signal()

    def __init__(self, background: Background, finder: Finder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._finder = finder
        finder.found.connect(self._take)
        self._checkpoint: Checkpoint | None = None
        self._tree: Tree | None = None
        self._pool: SourcePool | None = None
        self._made_for: dict[int, Checkpoint] = {}  # which file each lazy tab was filled for
        self._counts: dict[int, str] = {}
        self._steps: list[Callable[[], None]] = []
        self._next = QTimer(self, interval=STEP)
        self._next.timeout.connect(self._step)
        self.metadata: MetadataBrowser | None = None
        self.names: NamesPanel | None = None
        self.code: CodePanel | None = None
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
        self._titles = (tr("Summary"), tr("Metadata"), tr("Names"), tr("Code"))
        self.tabs = TabStrip(self._titles, self, margin=MARGIN - 11)
        page.body.addWidget(self.tabs)
        self.pages = LowerPages(LEAST_PAGE, self)
        self._summary = self._summary_page()
        self.pages.addWidget(self._summary)
        page.body.addWidget(self.pages, 1)
        self.foot = SafetyFoot(self)
        self.foot.names_wanted.connect(lambda: self.tabs.open(NAMES))
        layout.addWidget(self.foot)
        self.tabs.changed.connect(self._turn)

    def _summary_page(self) -> QWidget:
        page = ScrollPage(self, margin=MARGIN, top=12)
        self.model_note = PlainLabel("", page, wrap=True)
        self.warnings = PlainLabel("", page, colour="warn", wrap=True, selectable=True)
        self.training = TrainingPanel(page)
        self.training.metadata_wanted.connect(self.show_metadata)
        self.readiness = ReadinessPanel(page)
        self.readiness.link_activated.connect(self.link_activated)
        self.load = LoadPanel(page)
        self.device = PlainLabel("", page, colour="text2", wrap=True)
        self.largest_head = SectionHead(tr("Largest tensors"), page)
        self.largest_note = Caption("", page)
        self.largest_head.add(self.largest_note)
        self.largest = TensorList(page)
        self.largest.link_activated.connect(self.link_activated)
        self.waste = WasteLine(page)
        self.waste.link_activated.connect(self.link_activated)
        self.origin = OriginPanel(page)
        body = page.body
        body.setSpacing(14)
        for widget in (self.model_note, self.warnings, self.training, self.readiness):
            body.addWidget(widget)
        load = QVBoxLayout()
        load.setSpacing(8)
        load.addWidget(self.load)
        load.addWidget(self.device)
        body.addLayout(load)
        largest = QVBoxLayout()
        largest.setSpacing(2)
        largest.addWidget(self.largest_head)
        largest.addWidget(self.largest)
        largest.addSpacing(6)
        largest.addWidget(self.waste)
        body.addLayout(largest)
        body.addWidget(self.origin)
        body.addStretch(1)
        return page

    def set_document(self, checkpoint: Checkpoint, tree: Tree, pool: SourcePool) -> None:
        """Show another file, at the same tab: its name at once, everything else as it is found."""
        self._checkpoint, self._tree, self._pool = checkpoint, tree, pool
        self._steps = []
        self.title.setText(display(PurePath(checkpoint.path).name or checkpoint.path))
        self.facts.setText(" ")
        self.facts.setToolTip(plain_tooltip(tr("{0} bytes").format(integer(checkpoint.nbytes))))
        self.bytes.set_parts(())
        self.bytes.setVisible(bool(len(checkpoint.tensors)))
        note = model_sentence(checkpoint)
        self.model_note.setText(note)
        self.model_note.setVisible(bool(note))
        self.warnings.setText("\n".join(display(text, 1024) for text in checkpoint.warnings[:12]))
        self.warnings.setVisible(bool(checkpoint.warnings))
        self.foot.set_checkpoint(checkpoint)
        code = checkpoint.attributes.get("code") or ()
        self._counts = {CODE: integer(len(code)), NAMES: integer(len(checkpoint.globals))}
        self.tabs.tab(CODE).setVisible(bool(code))
        self.tabs.tab(NAMES).setVisible(bool(checkpoint.globals))
        for number in (CODE, NAMES):
            if self.tabs.tab(number).isHidden() and self.tabs.current() == number:
                self.tabs.open(SUMMARY)
        self._name_tabs()
        for found in (self._finder.layout, self._finder.account, self._finder.judgement):
            if found is not None:
                self._take(found)

    @property
    def filling(self) -> bool:
        """Whether parts are still to come."""
        return self._finder.judgement is None or bool(self._steps)

    def _take(self, found: object) -> None:
        """Queue what a finding fills, a part at a time."""
        checkpoint, tree = self._checkpoint, self._tree
        if checkpoint is None or tree is None:
            return
        if isinstance(found, Layout):
            self._steps += [
                lambda: self._fill_bytes(found, checkpoint),
                lambda: self._fill_largest(found, checkpoint, tree, None),
            ]
        elif isinstance(found, Account):
            self._steps += [
                lambda: self.training.set_training(found, checkpoint.metadata),
                lambda: self._fill_account(found),
            ]
        elif isinstance(found, Judgement):
            account, layout = self._finder.account, self._finder.layout
            self._steps += [
                lambda: self.readiness.set_readiness(found.readiness, account.best if account else None),
                lambda: self.origin.set_provenance(found.provenance),
            ]
            if layout is not None and any(tree.role[node] == _OPTIMIZER for node in layout.largest):
                self._steps.append(lambda: self._fill_largest(layout, checkpoint, tree, found.slots))
        self._next.start()

    def _step(self) -> None:
        if self._steps:
            self._steps.pop(0)()
        if self._steps:
            return
        self._next.stop()
        if self._finder.judgement is not None:
            self._turn(self.tabs.current())
            self.filled.emit()

    def _fill_bytes(self, layout: Layout, checkpoint: Checkpoint) -> None:
        self.facts.setText("\u00a0· ".join(layout.facts))  # a line never begins with a dot
        self.bytes.set_parts(layout.parts)
        self.waste.set_waste(checkpoint, layout.waste)

    def _fill_largest(self, layout: Layout, checkpoint: Checkpoint, tree: Tree, slots: SlotMap | None) -> None:
        self.largest.set_rows(checkpoint, tree, layout.largest, slots=slots)
        few = len(layout.largest) < len(checkpoint.tensors)
        self.largest_note.setText(
            tr("{0} of {1}").format(integer(len(layout.largest)), integer(len(checkpoint.tensors))) if few else ""
        )
        self.largest_head.setVisible(bool(layout.largest))

    def _fill_account(self, account: Account) -> None:
        self.load.set_code(account.snippet)
        self.device.setText(display(account.device, MAX_DETAIL))
        self.device.setVisible(bool(account.device))
        self._counts[METADATA] = account.values
        self.tabs.tab(METADATA).setEnabled(account.values != "0")
        if account.values == "0" and self.tabs.current() == METADATA:
            self.tabs.open(SUMMARY)
        self._name_tabs()
        self._turn(self.tabs.current())

    def _name_tabs(self) -> None:
        """Each tab with how many are behind it, where there is room for that."""
        for number, title in enumerate(self._titles):
            count = self._counts.get(number, "0")
            full = self.width() >= NARROW_STRIP and count != "0"
            self.tabs.tab(number).setText(f"{title}  {count}" if full else title)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The tabs' counts give way."""
        super().resizeEvent(event)
        self._name_tabs()

    def show_metadata(self, path: Path = ()) -> None:
        """Open the metadata tab, at a value when it is named."""
        self.tabs.open(METADATA)
        if path and self.metadata is not None:
            self.metadata.show_path(path)

    def _turn(self, number: int) -> None:
        if self._checkpoint is None or self._pool is None:
            return
        fresh = self._made_for.get(number) is self._checkpoint
        account = self._finder.account
        if number == SUMMARY:
            self.pages.setCurrentWidget(self._summary)
        elif number == METADATA:
            if self.metadata is None:
                self.metadata = MetadataBrowser(self.pages)
                self.pages.addWidget(self.metadata)
            if not fresh:
                self.metadata.set_metadata(self._checkpoint.metadata)
            self.pages.setCurrentWidget(self.metadata)
        elif number == NAMES:
            if self.names is None:
                self.names = NamesPanel(self.pages)
                self.pages.addWidget(self.names)
            if not fresh:
                self.names.set_names(account.names if account else (), account.verdict if account else "")
                fresh = account is None  # they are on their way
            self.pages.setCurrentWidget(self.names)
        else:
            if self.code is None:
                self.code = CodePanel(self._background, self.pages)
                self.pages.addWidget(self.code)
            if not fresh:
                self.code.set_code(self._checkpoint.attributes.get("code") or (), self._pool)
            self.pages.setCurrentWidget(self.code)
        if number != NAMES or account is not None:
            self._made_for[number] = self._checkpoint


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
