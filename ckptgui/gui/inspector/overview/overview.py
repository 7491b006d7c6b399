"""The page for the file as a whole: what it is, where its bytes go, how far the training was, how to load it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.kept import with_kept
from ckptgui.core.tensors import Path
from ckptgui.core.tree.build import Tree
from ckptgui.gui.health.watch import HealthWatch
from ckptgui.gui.inspector.controls import TabStrip
from ckptgui.gui.inspector.findings import Account, Finder, Judgement, Layout
from ckptgui.gui.inspector.overview.byte_bar import ByteBar
from ckptgui.gui.inspector.overview.code_panel import CodePanel
from ckptgui.gui.inspector.overview.metadata import MetadataBrowser
from ckptgui.gui.inspector.overview.names_panel import NamesPanel
from ckptgui.gui.inspector.overview.safety_foot import SafetyFoot
from ckptgui.gui.inspector.overview.summary import Summary
from ckptgui.gui.inspector.page import LowerPages, ScrollPage
from ckptgui.gui.inspector.updates.panel import UpdatesPanel
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import SEMIBOLD, ElidedLabel, PlainLabel, plain_tooltip
from ckptgui.gui.numbers import integer, tr
from ckptgui.sources.locate import SourcePool

MARGIN = 24
SUMMARY, UPDATES, METADATA, NAMES, CODE = range(5)

LEAST_PAGE = 200
"""Height under which the head scrolls away rather than the page below it gets lower."""

STEP = 4
"""Milliseconds between two parts that are filled, so that the window answers in between."""

LOW_WINDOW = 700
"""Height of the window under which its foot alone has the line about names, and the page has the room."""

NARROW_STRIP = 470
"""Width under which the tabs leave their counts away."""


class Overview(QWidget):
    """Title, facts and bytes stay; below them are tabs: the summary, all metadata, the names, the code.

    What has to be thought about comes from the ``Finder``, part by part; ``filled`` says that all is there.
    """

    link_activated = Signal(object)
    filled = Signal()

    def __init__(
        self, background: Background, finder: Finder, health: HealthWatch, parent: QWidget | None = None
    ) -> None:
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
        self.updates: UpdatesPanel | None = None
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
        self._titles = (tr("Summary"), tr("Last update"), tr("Metadata"), tr("Names"), tr("Code"))
        self.tabs = TabStrip(self._titles, self, margin=MARGIN - 11)
        page.body.addWidget(self.tabs)
        self.pages = LowerPages(LEAST_PAGE, self)
        self.summary = Summary(finder, health, self, margin=MARGIN)
        self.summary.link_activated.connect(self.link_activated)
        self.summary.metadata_wanted.connect(self.show_metadata)
        self.pages.addWidget(self.summary)
        page.body.addWidget(self.pages, 1)
        self.foot = SafetyFoot(self)
        self.foot.names_wanted.connect(lambda: self.tabs.open(NAMES))
        layout.addWidget(self.foot)
        self.tabs.changed.connect(self._turn)

    def set_document(self, checkpoint: Checkpoint, tree: Tree, pool: SourcePool) -> None:
        """Show another file, at the same tab: its name at once, everything else as it is found."""
        elder, self._checkpoint, self._tree, self._pool = self._checkpoint, checkpoint, tree, pool
        # The next epoch of a run, whose figures take the place of these in a moment.
        keep = elder is not None and elder.format == checkpoint.format and len(elder) == len(checkpoint)
        self._steps = []
        self.title.setText(display(PurePath(checkpoint.path).name or checkpoint.path))
        self.facts.setToolTip(plain_tooltip(tr("{0} bytes").format(integer(checkpoint.nbytes))))
        if not keep:
            self.facts.setText(" ")
            self.bytes.set_parts(())
        self.bytes.setVisible(bool(len(checkpoint.tensors)))
        self.summary.set_document(checkpoint, tree, keep=keep)
        self.foot.set_checkpoint(checkpoint)
        code = checkpoint.attributes.get("code") or ()
        self._counts = {CODE: integer(len(code)), NAMES: integer(len(checkpoint.globals))}
        self.tabs.tab(CODE).setVisible(bool(code))
        self.tabs.tab(NAMES).setVisible(bool(checkpoint.globals))
        if not keep:
            self.tabs.tab(UPDATES).hide()
        for number in (UPDATES, CODE, NAMES):
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
            self._steps.append(lambda: self._fill_bytes(found))
        elif isinstance(found, Account):
            self._steps.append(lambda: self._count(found))
        elif isinstance(found, Judgement):
            self._steps.append(lambda: self._offer_updates(found))
        self._steps += self.summary.steps(found, checkpoint, tree)
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

    def _fill_bytes(self, layout: Layout) -> None:
        self.facts.setText("\u00a0· ".join(layout.facts))  # a line never begins with a dot
        self.bytes.set_parts(layout.parts)

    def _count(self, account: Account) -> None:
        self._counts[METADATA] = account.values
        self.tabs.tab(METADATA).setEnabled(account.values != "0")
        if account.values == "0" and self.tabs.current() == METADATA:
            self.tabs.open(SUMMARY)
        self._name_tabs()
        self._turn(self.tabs.current())

    def _offer_updates(self, judgement: Judgement) -> None:
        """The last update has a tab where an optimizer keeps something, even if that does not tell it."""
        offered = bool(judgement.updates.updates or judgement.updates.why_not)
        self.tabs.tab(UPDATES).setVisible(offered)
        if not offered and self.tabs.current() == UPDATES:
            self.tabs.open(SUMMARY)

    def _name_tabs(self) -> None:
        """Each tab with how many are behind it, where there is room for that."""
        for number, title in enumerate(self._titles):
            count = self._counts.get(number, "0")
            full = self.width() >= NARROW_STRIP and count != "0"
            self.tabs.tab(number).setText(f"{title}  {count}" if full else title)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The tabs' counts give way, and in a low window the line about names."""
        super().resizeEvent(event)
        self._name_tabs()
        self.foot.setVisible(self.window().height() >= LOW_WINDOW)

    def show_metadata(self, path: Path = ()) -> None:
        """Open the metadata tab, at a value when it is named."""
        self.tabs.open(METADATA)
        if path and self.metadata is not None:
            self.metadata.show_path(path)

    def _turn(self, number: int) -> None:
        if self._checkpoint is None or self._pool is None:
            return
        fresh = self._made_for.get(number) is self._checkpoint
        account, judgement = self._finder.account, self._finder.judgement
        if number == SUMMARY:
            self.pages.setCurrentWidget(self.summary)
        elif number == UPDATES:
            if self.updates is None:
                self.updates = UpdatesPanel(self._background, self.pages, margin=MARGIN)
                self.updates.link_activated.connect(self.link_activated)
                self.pages.addWidget(self.updates)
            if not fresh and judgement is not None:
                self.updates.set_updates(self._checkpoint, judgement.updates, self._pool)
            self.pages.setCurrentWidget(self.updates)
        elif number == METADATA:
            if self.metadata is None:
                self.metadata = MetadataBrowser(self.pages)
                self.pages.addWidget(self.metadata)
            if not fresh:
                self.metadata.set_metadata(with_kept(self._checkpoint))
            self.pages.setCurrentWidget(self.metadata)
        elif number == NAMES:
            if self.names is None:
                self.names = NamesPanel(self.pages)
                self.pages.addWidget(self.names)
            if not fresh:
                self.names.set_names(account.names if account else (), account.verdict if account else "")
            self.pages.setCurrentWidget(self.names)
        else:
            if self.code is None:
                self.code = CodePanel(self._background, self.pages)
                self.pages.addWidget(self.code)
            if not fresh:
                self.code.set_code(self._checkpoint.attributes.get("code") or (), self._pool)
            self.pages.setCurrentWidget(self.code)
        on_its_way = (number == NAMES and account is None) or (number == UPDATES and judgement is None)
        if not on_its_way:
            self._made_for[number] = self._checkpoint
