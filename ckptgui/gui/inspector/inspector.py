"""The inspector: one panel for each kind of thing, built when it is first shown, following one selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QStackedLayout, QWidget

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.kept import with_kept
from ckptgui.core.tensors import Path
from ckptgui.core.tree.build import NodeKind, Tree
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.health.watch import HealthWatch
from ckptgui.gui.inspector.findings import Finder, Judgement
from ckptgui.gui.inspector.histogram.pinning import Pinning
from ckptgui.gui.inspector.histogram.series import Pins
from ckptgui.gui.jobs import Background
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.selection import Selection
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.theme import theme, theme_signal
from ckptgui.sources.locate import SourcePool

if TYPE_CHECKING:  # imported when first shown, or by the warm-up: the window paints sooner without them
    from ckptgui.gui.inspector.histogram.widget import Histogram
    from ckptgui.gui.inspector.module_panel import ModulePanel
    from ckptgui.gui.inspector.overview.overview import Overview
    from ckptgui.gui.inspector.tensor_panel import TensorPanel
    from ckptgui.gui.inspector.value_panel import ValuePanel

WARM_UP_MS = 400
"""After a document came, what tensors need is imported in the background, and their panel made."""

TURN_MS = 5
POLISHED = 24
"""Milliseconds between two turns of making panels, and widgets that are made ready in one."""


class Inspector(QWidget):
    """Shows what is selected. ``view_ready`` says, once a selection, that all of the view is on the screen."""

    link_activated = Signal(object)  # a Path, or the row of a tensor
    histogram_painted = Signal()
    view_ready = Signal()

    def __init__(self, background: Background, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._background = background
        self._warm = background.lane(self)
        self.finder = Finder(background, self)
        self.health = HealthWatch(background, self)
        self.finder.found.connect(self._take_slots)
        self.health.changed.connect(self._mark_dead)
        self.pins = Pins(self)  # they stay from one checkpoint to the next, from epoch to epoch
        self.pinning = Pinning(background, self.pins, self)
        self.pinning.refused.connect(self._tell)
        self._checkpoint: Checkpoint | None = None
        self._tree: Tree | None = None
        self._pool: SourcePool | None = None
        self._summaries: Summaries | None = None
        self._selection: Selection | None = None
        self._announced = False
        self.tensor: TensorPanel | None = None
        self.module: ModulePanel | None = None
        self.value: ValuePanel | None = None
        self.overview: Overview | None = None
        self._pages = QStackedLayout(self)
        self.setAccessibleName(tr("Inspector"))
        self.setMinimumSize(340, 240)  # panels scroll when they are longer
        theme_signal().changed.connect(self.update)

    def set_document(self, checkpoint: Checkpoint, tree: Tree, pool: SourcePool, summaries: Summaries) -> None:
        """Look at another checkpoint from now on; the selection must be shown again."""
        self._checkpoint, self._tree, self._pool, self._summaries = checkpoint, tree, pool, summaries
        self._selection = None
        self.pins.close_files()
        self.pinning.set_document(checkpoint, pool, summaries)
        if self.tensor is not None:
            self.tensor.set_document(checkpoint, pool, summaries)
        if self.module is not None:
            self.module.forget()
        self.finder.set_document(checkpoint, tree, pool)
        self.health.set_document(checkpoint, pool, summaries)
        if self.overview is not None:
            self.overview.set_document(checkpoint, tree, pool)
        QTimer.singleShot(WARM_UP_MS, self, self._warm_up)

    def _take_slots(self, found: object) -> None:
        if isinstance(found, Judgement):
            self.health.set_slots(found.slots)

    def selection(self) -> Selection | None:
        """What is shown."""
        return self._selection

    @property
    def filling(self) -> bool:
        """Whether the overview is what is shown and parts of it are still to come."""
        overview = self.overview
        return overview is not None and overview is self._pages.currentWidget() and overview.filling

    @property
    def settling(self) -> bool:
        """Whether anything of what is shown is still to come."""
        shown = self._pages.currentWidget()
        if self.tensor is not None and shown is self.tensor:
            return self.tensor.settling
        if self.module is not None and shown is self.module:
            return self.module.values.settling
        return self.filling

    @property
    def histogram(self) -> Histogram | None:
        """The one that is shown."""
        shown = self._pages.currentWidget()
        if self.tensor is not None and shown is self.tensor:
            return self.tensor.histogram
        return self.module.values.histogram if self.module is not None and shown is self.module else None

    def _tell(self, refusal: str) -> None:
        if self.histogram is not None:
            self.histogram.saving.tell(refusal, failed=True)

    def show_selection(self, selection: Selection) -> None:
        """Show what is selected."""
        if self._checkpoint is None or self._tree is None:
            return
        self._selection, self._announced = selection, False
        if selection.is_tensor:
            self._show_tensor(selection)
        elif selection.kind == NodeKind.ROOT:
            self._overview()
        elif selection.kind == NodeKind.VALUE or not self._has_panel(selection.node):
            self._show_value(selection.path)
        else:
            self._show_module(selection)

    def _has_panel(self, node: int) -> bool:
        """Whether a node is more than plain values: it has tensors, or is a module that happens to have none."""
        return self._tree is not None and bool(self._tree.tensors[node] or node in self._tree.classes)

    def show_metadata(self, path: Path = ()) -> None:
        """Open the file's metadata, at ``path`` when it is given."""
        self._overview().show_metadata(path)

    def show_place(self, index: tuple[int, ...]) -> None:
        """Show the value at an index of the selected tensor."""
        if self.tensor is not None and self._selection is not None and self._selection.is_tensor:
            self.tensor.show_place(index)

    def _show_tensor(self, selection: Selection) -> None:
        assert self._tree is not None
        panel = self._tensor_panel()
        self._pages.setCurrentWidget(panel)
        above = self._tree.ancestors(selection.node)
        prefix = next((self._tree.prefixes[node] for node in above if node in self._tree.prefixes), "")
        panel.show_tensor(selection.row, prefix)

    def _mark_dead(self) -> None:
        """Say on the tab how many channels are dead, as soon as that is known."""
        shown = self._selection
        dead = self.health.dead.get(shown.row, 0) if shown is not None and shown.is_tensor else 0
        if dead and self.tensor is not None:
            self.tensor.half.mark("channels", integer(dead))

    def _tensor_panel(self) -> TensorPanel:
        if self.tensor is None:
            from ckptgui.gui.inspector.tensor_panel import TensorPanel

            self.tensor = TensorPanel(self._background, self.finder, self.pins, self)
            self.tensor.link_activated.connect(self.link_activated)
            self.tensor.half_shown.connect(self._mark_dead)
            self.tensor.histogram_painted.connect(self.histogram_painted)
            self.tensor.ready.connect(self._panel_ready)
            assert self._checkpoint is not None and self._pool is not None and self._summaries is not None
            self.tensor.set_document(self._checkpoint, self._pool, self._summaries)
            self._pages.addWidget(self.tensor)
        return self.tensor

    def _show_module(self, selection: Selection) -> None:
        assert self._checkpoint is not None and self._tree is not None and self._summaries is not None
        panel = self._module_panel()
        panel.show_module(self._checkpoint, self._tree, self._summaries, selection)
        self._pages.setCurrentWidget(panel)
        self._soon_ready()

    def _module_panel(self) -> ModulePanel:
        if self.module is None:
            from ckptgui.gui.inspector.module_panel import ModulePanel

            self.module = ModulePanel(self._background, self.finder, self.pins, self)
            self.module.link_activated.connect(self.link_activated)
            self.module.values_wanted.connect(self._show_module_values)
            self._pages.addWidget(self.module)
        return self.module

    def _show_module_values(self) -> None:
        """All plain values of the module that is looked at."""
        if self._selection is not None:
            self.show_metadata(self._selection.path)

    def _show_value(self, path: Path) -> None:
        assert self._checkpoint is not None
        if self.value is None:
            from ckptgui.gui.inspector.value_panel import ValuePanel

            self.value = ValuePanel(self)
            self._pages.addWidget(self.value)
        self.value.show_value(with_kept(self._checkpoint), path)
        self._pages.setCurrentWidget(self.value)
        self._soon_ready()

    def _overview(self) -> Overview:
        if self.overview is None:
            assert self._checkpoint is not None and self._tree is not None
            from ckptgui.gui.inspector.overview.overview import Overview

            self.overview = Overview(self._background, self.finder, self.health, self)
            self.overview.link_activated.connect(self.link_activated)
            self.overview.filled.connect(self._panel_ready)
            assert self._pool is not None
            self.overview.set_document(self._checkpoint, self._tree, self._pool)
            self._pages.addWidget(self.overview)
        self._pages.setCurrentWidget(self.overview)
        if not self.overview.filling:
            self._soon_ready()
        return self.overview

    def _panel_ready(self) -> None:
        if self._pages.currentWidget() is self.sender():
            self._soon_ready()

    def _soon_ready(self) -> None:
        """Tell after the paint that is due now."""
        if not self._announced:
            self._announced = True
            self.update()
            QTimer.singleShot(0, self, self._tell_ready)

    def _warm_up(self) -> None:
        if self.tensor is not None:
            return

        def work(cancel: Cancel, report: Report) -> None:
            import ckptgui.gui.inspector.channels
            import ckptgui.gui.inspector.image.tab
            import ckptgui.gui.inspector.module_panel
            import ckptgui.gui.inspector.precision.tab
            import ckptgui.gui.inspector.spectrum
            import ckptgui.gui.inspector.tensor_panel
            import ckptgui.gui.inspector.value_panel  # noqa: F401 - all are imported for their cost

        self._warm.start(work, lambda _: self._build_ahead([self._tensor_panel, self._module_panel]))

    def _build_ahead(self, panels: list[Callable[[], QWidget]]) -> None:
        """Make panels before they are wanted, each in a turn of its own; what a first show would ask of their
        widgets is asked of some at a time.
        """
        if panels:
            panel = panels[0]()
            self._polish([panel, *panel.findChildren(QWidget)], panels[1:])

    def _polish(self, widgets: list[QWidget], panels: list[Callable[[], QWidget]]) -> None:
        for widget in widgets[:POLISHED]:
            if shiboken6.isValid(widget):
                widget.ensurePolished()
        rest = widgets[POLISHED:]
        QTimer.singleShot(TURN_MS, self, lambda: self._polish(rest, panels) if rest else self._build_ahead(panels))

    def _tell_ready(self) -> None:
        self.view_ready.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        QPainter(self).fillRect(self.rect(), theme().panel)
