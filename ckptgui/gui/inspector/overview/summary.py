"""The summary of a file: training, what is there to go on with, how to load it, largest tensors, waste, origin."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import MAX_DETAIL, display
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tree.build import ROLES, Tree
from ckptgui.gui.health.panel import HealthPanel
from ckptgui.gui.health.watch import HealthWatch
from ckptgui.gui.inspector.controls import SectionHead
from ckptgui.gui.inspector.findings import Account, Finder, Judgement, Layout
from ckptgui.gui.inspector.overview.load_panel import LoadPanel
from ckptgui.gui.inspector.overview.origin_panel import OriginPanel
from ckptgui.gui.inspector.overview.readiness_panel import ReadinessPanel
from ckptgui.gui.inspector.overview.training_panel import TrainingPanel
from ckptgui.gui.inspector.overview.values_strip import ValuesStrip
from ckptgui.gui.inspector.overview.waste_line import WasteLine
from ckptgui.gui.inspector.page import ScrollPage
from ckptgui.gui.inspector.tensor_list import TensorList
from ckptgui.gui.labels import Caption, PlainLabel
from ckptgui.gui.numbers import integer, tr

_OPTIMIZER = ROLES.index(Role.OPTIMIZER)


class Summary(ScrollPage):
    """Panels one below the other, each shown once it is known."""

    link_activated = Signal(object)
    metadata_wanted = Signal(object)

    def __init__(self, finder: Finder, health: HealthWatch, parent: QWidget | None = None, *, margin: int) -> None:
        super().__init__(parent, margin=margin, top=12)
        self._finder = finder
        self._health = health
        self._tree: Tree | None = None
        self.warnings = PlainLabel("", self, colour="warn", wrap=True, selectable=True)
        self.training = TrainingPanel(self)
        self.values = ValuesStrip(self)
        self.health = HealthPanel(self)
        self.readiness = ReadinessPanel(self)
        self.load = LoadPanel(self)
        self.device = PlainLabel("", self, colour="text2", wrap=True)
        self.largest_head = SectionHead(tr("Largest tensors"), self)
        self.largest_note = Caption("", self)
        self.largest_head.add(self.largest_note)
        self.largest = TensorList(self)
        self.waste = WasteLine(self)
        self.origin = OriginPanel(self)
        self.training.metadata_wanted.connect(self.metadata_wanted)
        for part in (self.values, self.health, self.readiness, self.largest, self.waste):
            part.link_activated.connect(self.link_activated)
        health.changed.connect(self._show_health)
        self._place()

    def _place(self) -> None:
        self.body.setSpacing(14)
        for widget in (self.warnings, self.training, self.values):
            self.body.addWidget(widget)
        amiss = QVBoxLayout()
        amiss.setSpacing(6)
        amiss.addWidget(self.health)
        amiss.addWidget(self.waste)  # stands as the last entry of the list
        self.body.addLayout(amiss)
        self.body.addWidget(self.readiness)
        load = QVBoxLayout()
        load.setSpacing(8)
        load.addWidget(self.load)
        load.addWidget(self.device)
        self.body.addLayout(load)
        largest = QVBoxLayout()
        largest.setSpacing(2)
        largest.addWidget(self.largest_head)
        largest.addWidget(self.largest)
        self.body.addLayout(largest)
        self.body.addWidget(self.origin)
        self.body.addStretch(1)

    def set_document(self, checkpoint: Checkpoint, tree: Tree, *, keep: bool) -> None:
        """Show another file: what is known at once. ``keep`` leaves the rest as it is until it is found anew."""
        self.warnings.setText("\n".join(display(text, 1024) for text in checkpoint.warnings[:12]))
        self.warnings.setVisible(bool(checkpoint.warnings))
        self._tree = tree
        self.health.setVisible(bool(len(checkpoint)))
        self._show_health()
        if not keep:
            for part in (
                self.training,
                self.values,
                self.readiness,
                self.load,
                self.device,
                self.waste,
                self.origin,
            ):
                part.hide()
            self.largest_head.hide()
            self.largest.hide()

    def _show_health(self) -> None:
        if self._tree is not None:
            health = self._health
            self.health.set_findings(health.findings, self._tree, health.slots, complete=health.complete)

    def _show_values(self, found: Layout, checkpoint: Checkpoint) -> None:
        if self._health.summaries is not None:
            self.values.set_document(checkpoint, self._health.summaries, found.strip)

    def steps(self, found: object, checkpoint: Checkpoint, tree: Tree) -> list[Callable[[], None]]:
        """What a finding fills, in parts that are quick enough for one turn of the loop each."""
        if isinstance(found, Layout):
            return [
                lambda: self._show_values(found, checkpoint),
                lambda: self.waste.set_waste(checkpoint, found.waste),
                lambda: self._fill_largest(found, checkpoint, tree, None),
            ]
        if isinstance(found, Account):
            return [
                lambda: self.training.set_training(found),
                lambda: self._fill_loading(found),
            ]
        if isinstance(found, Judgement):
            layout, score = self._finder.layout, self._read_score()
            filled = [
                lambda: self.readiness.set_readiness(found.readiness, score),
                lambda: self.origin.set_provenance(found.provenance),
            ]
            if layout is not None and any(tree.role[node] == _OPTIMIZER for node in layout.largest):
                filled.append(lambda: self._fill_largest(layout, checkpoint, tree, found.slots))
            return filled
        return []

    def _read_score(self) -> float | None:
        """The best score where it stands in the file as a tensor, so that only a reading tells it."""
        account = self._finder.account
        best = account.training.best if account is not None else None
        return account.best if account is not None and best is not None and best[1].value is None else None

    def _fill_largest(self, layout: Layout, checkpoint: Checkpoint, tree: Tree, slots: SlotMap | None) -> None:
        self.largest.set_rows(checkpoint, tree, layout.largest, slots=slots)
        few = len(layout.largest) < len(checkpoint.tensors)
        self.largest_note.setText(
            tr("{0} of {1}").format(integer(len(layout.largest)), integer(len(checkpoint.tensors))) if few else ""
        )
        self.largest_head.setVisible(bool(layout.largest))
        self.largest.setVisible(bool(layout.largest))

    def _fill_loading(self, account: Account) -> None:
        self.load.set_code(account.snippet)
        self.load.show()
        self.device.setText(display(account.device, MAX_DETAIL))
        self.device.setVisible(bool(account.device))
