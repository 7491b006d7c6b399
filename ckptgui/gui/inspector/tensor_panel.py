"""What is known of a tensor: its identity, how its values are spread, and the values themselves."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.dtypes import Kind
from ckptgui.core.loading.saved_devices import tells_devices
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.decoding import is_pairs
from ckptgui.engine.sparse_places import INDICES
from ckptgui.gui.figures import Origin
from ckptgui.gui.inspector.details import DetailsTab
from ckptgui.gui.inspector.fact_line import FactLine
from ckptgui.gui.inspector.facts import details, sharing_facts, short_facts
from ckptgui.gui.inspector.findings import Finder
from ckptgui.gui.inspector.head import PanelHead, add_head
from ckptgui.gui.inspector.histogram.buttons import add_plot_buttons
from ckptgui.gui.inspector.histogram.closer_look import is_read_at_once
from ckptgui.gui.inspector.histogram.series import Pins, series_of
from ckptgui.gui.inspector.histogram.widget import Histogram
from ckptgui.gui.inspector.lower_half import LowerHalf
from ckptgui.gui.inspector.lower_tab import LookedAt
from ckptgui.gui.inspector.page import ScrollPage
from ckptgui.gui.inspector.relations import relations
from ckptgui.gui.inspector.statistics import StatisticsGrid
from ckptgui.gui.inspector.values.tab import ValuesTab
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import tr
from ckptgui.gui.summaries import Summaries
from ckptgui.sources.locate import SourcePool

LOW = 520
"""Height of a panel below which its plot is lower too."""

LINGER_MS = 250
"""After a small tensor's figures came, before it is read once more for exact quantiles."""


class TensorPanel(QWidget):
    """Follows one tensor. ``ready`` says that nothing of what is seen is still to come."""

    link_activated = Signal(object)
    histogram_painted = Signal()
    ready = Signal()
    half_shown = Signal()  # the lower half has the tensor, and forgot what its tabs said of the last one

    def __init__(self, background: Background, finder: Finder, pins: Pins, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._finder = finder
        finder.found.connect(self._show_relations)
        self._checkpoint: Checkpoint | None = None
        self._summaries: Summaries | None = None
        self._pool: SourcePool | None = None
        self._info: TensorInfo | None = None
        self._role = Role.OTHER
        self._settled = False
        self._ask = QTimer(self)
        self._ask.setSingleShot(True)
        self._ask.setInterval(0)
        self._ask.timeout.connect(self._want_figures)
        self._linger = QTimer(self)  # who walks through the tree does not stay for exact quantiles
        self._linger.setSingleShot(True)
        self._linger.setInterval(LINGER_MS)
        self._linger.timeout.connect(self._want_exact)
        self._exact_due = False
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        page = ScrollPage(self, margin=0, top=0, bottom=0)  # scrolls only where the window is low
        outer.addWidget(page)
        layout = page.body
        layout.setSpacing(0)
        self.head = PanelHead(self)
        self.facts = FactLine(self)
        self.sharing = FactLine(self)
        self.relations = FactLine(self)
        self.matched = PlainLabel("", self, colour="text2", pixels=12, wrap=True)
        self.error = PlainLabel("", self, colour="danger", wrap=True, selectable=True)
        add_head(layout, self, self.head, self.facts, self.sharing, self.relations, self.matched, self.error)
        middle = QWidget(self)
        body = QVBoxLayout(middle)
        body.setContentsMargins(16, 8, 16, 8)
        body.setSpacing(6)
        self.histogram = Histogram(background, pins, middle)
        add_plot_buttons(self.head, self.histogram)
        self.statistics = StatisticsGrid(middle)
        body.addWidget(self.histogram)
        body.addWidget(self.statistics)
        self.origin = PlainLabel("", middle, colour="text2", pixels=12, wrap=True, selectable=True)
        self.origin.hide()
        body.addWidget(self.origin)
        layout.addWidget(middle)
        self.half = LowerHalf(background, self)
        self._lower = QTimer(self, singleShot=True, interval=0)
        self._lower.timeout.connect(self._show_lower)
        layout.addWidget(self.half, 1)
        self.half.changed.connect(self._check)
        self.half.place_wanted.connect(self.show_place)
        self.sharing.link_activated.connect(self.link_activated)
        self.relations.link_activated.connect(self.link_activated)
        self.statistics.place_wanted.connect(self.show_place)
        self.histogram.exact_wanted.connect(self._want_exact)
        self.histogram.painted.connect(self._histogram_done)
        self.histogram.looked.connect(self._check)
        self.histogram.link_activated.connect(self.link_activated)
        self.half.filled.connect(self._check)

    @property
    def values(self) -> ValuesTab:
        """The page with the table of values."""
        page = self.half.page("values")
        assert isinstance(page, ValuesTab)
        return page

    @property
    def details(self) -> DetailsTab:
        """The page with every fact."""
        page = self.half.page("details")
        assert isinstance(page, DetailsTab)
        return page

    @property
    def settling(self) -> bool:
        """Whether something of what is seen is still to come, if only that it is exact."""
        late = self._exact_due or self.histogram.looking or self._lower.isActive()
        return not self._settled or late or self.half.waiting

    def set_document(self, checkpoint: Checkpoint, pool: SourcePool, summaries: Summaries) -> None:
        """Take tensors from another checkpoint from now on."""
        if self._summaries is not None and shiboken6.isValid(self._summaries):
            self._summaries.ready.disconnect(self._on_ready)
            self._summaries.failed.disconnect(self._on_failed)
        self._checkpoint, self._pool, self._summaries = checkpoint, pool, summaries
        self._info = None
        self.histogram.wait()
        summaries.ready.connect(self._on_ready)
        summaries.failed.connect(self._on_failed)

    def show_tensor(self, row: int, prefix: str = "") -> None:
        """Show one tensor of the table; ``prefix`` is what a wrapper put before its name."""
        checkpoint, summaries = self._checkpoint, self._summaries
        if checkpoint is None or summaries is None:
            return
        info = checkpoint.info(row)
        section = checkpoint.section_of(row)
        self._info, self._settled = info, False
        self._linger.stop()
        self._exact_due = False
        self._role = section.role if section else Role.OTHER
        above = max(0, len(info.path) - 1)  # a tensor that is a section of its own does not hang below itself
        below = min(len(section.path), above) if section else above
        crumbs, title = list(info.path[:below]), info.name or tr("The saved tensor")
        if prefix and title.startswith(prefix) and title != prefix:
            crumbs, title = [*crumbs, prefix], title.removeprefix(prefix)
        self.head.show_name(crumbs, title, "/".join(info.path))
        several, device = len(checkpoint.sources) > 1, tells_devices(checkpoint)
        now = summaries.figures.place(row)
        self.facts.set_facts(short_facts(info, several_files=several, device=device, now=now))
        self.sharing.set_facts(sharing_facts(checkpoint, info))
        self.error.setText(info.error or "")
        self.error.setVisible(bool(info.error))
        self._show_relations()
        self._lower.start()
        self._show_summary()
        if not self._settled and summaries.get(row) is None and summaries.error(row) is None:
            self._ask.start()
        self._check()

    def _show_lower(self) -> None:
        """In a turn of its own: upper and lower half together would hold the window up."""
        info, checkpoint, summaries, pool = self._info, self._checkpoint, self._summaries, self._pool
        if info is None or checkpoint is None or pool is None or summaries is None:
            return
        figures = summaries.figures
        self.half.set_tensor(LookedAt(figures.info(info.index), pool, checkpoint, self._role, figures=figures))
        self.half_shown.emit()
        summary = summaries.get(info.index) if shiboken6.isValid(summaries) else None
        if summary is not None:
            self.half.set_summary(summary)
        self._check()

    def _show_relations(self) -> None:
        """Show what is known of its slots and components; more comes when the finder has looked at all names."""
        info, checkpoint = self._info, self._checkpoint
        if info is None or checkpoint is None:
            return
        judgement, account = self._finder.judgement, self._finder.account
        known = relations(
            checkpoint,
            info,
            judgement.slots if judgement else None,
            judgement.wholes if judgement else None,
            account.training.optimizers if account else (),
        )
        self.relations.set_facts(known.facts)
        self.matched.setText(known.sentence)
        self.matched.setVisible(bool(known.sentence))
        now = self._summaries.figures.place(info.index) if self._summaries is not None else ""
        self.details.set_rows([*details(checkpoint, info, now), *known.details])

    def _want_figures(self) -> None:
        """Begin to read once the page is painted: reading takes both cores, and painting goes first."""
        if self._info is not None and self._summaries is not None and shiboken6.isValid(self._summaries):
            self._summaries.want_first(self._info.index)

    def _show_summary(self) -> None:
        """Show what is known of the tensor, or that it is to come."""
        info, checkpoint, summaries = self._info, self._checkpoint, self._summaries
        if info is None or checkpoint is None or summaries is None:
            return
        summary = summaries.get(info.index)
        self._show_origin(None)
        reason = why_no_figures(info, summary) or summaries.error(info.index) or ""
        if reason or summary is None:
            figures = None if reason else summaries.profile.statistics(info.index)
            if figures is None:
                self.statistics.clear()
            else:
                self.statistics.show_summary(Summary(figures))
            if reason:
                self.histogram.say(tr("There are no figures.") if info.error else reason)
                self._settled = True
            else:
                self.histogram.wait()
            return
        integral = info.dtype.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)
        self.statistics.show_summary(summary, integral)
        if not self._lower.isActive():
            self.half.set_summary(summary)
        asked = summaries.figures
        self._show_origin(asked.origin(info.index))
        series = series_of(checkpoint, asked.info(info.index), summary, self._pool, asked)
        if series is None:
            self.histogram.say_nothing(summary.statistics)
        else:
            self.histogram.show_series(series, summary.statistics)
            self._exact_due = not series.distribution.exact and is_read_at_once(series)
            if self._exact_due:
                self._linger.start()
        self._settled = self._settled or self.histogram.picture() is None

    def _show_origin(self, origin: Origin | None) -> None:
        """Say where the figures were worked out, if that was not here from the file."""
        words = ""
        if origin is not None and origin.reason:
            words = tr("Figures worked out on the CPU: {0}").format(display(origin.reason, 300))
        elif origin is not None:
            words = tr("Figures worked out on {0}.").format(origin.place)
        self.origin.setText(words)
        self.origin.setVisible(bool(words))

    def _on_ready(self, row: int) -> None:
        if self._info is not None and row == self._info.index:
            self._show_summary()
            self._check()

    def _on_failed(self, row: int) -> None:
        if self._info is not None and row == self._info.index:
            self._exact_due = False
        self._on_ready(row)

    def _want_exact(self) -> None:
        if self._info is not None and self._summaries is not None and shiboken6.isValid(self._summaries):
            self._summaries.want_first(self._info.index, exact=True)

    def show_place(self, index: tuple[int, ...]) -> None:
        """Open the values at an index."""
        if self._lower.isActive():
            self._lower.stop()
            self._show_lower()
        self.half.open("values")
        self.values.show_place(index)

    def _histogram_done(self) -> None:
        if not self._settled:
            self._settled = True
            self.histogram_painted.emit()
            self._check()

    def _check(self) -> None:
        """Tell once everything that is seen is there."""
        if self._info is not None and not self.settling:
            self.ready.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.histogram.be_low(self.height() < LOW)


def why_no_figures(info: TensorInfo, summary: Summary | None = None) -> str:
    """Why a tensor has no statistics, in a sentence; empty when it has."""
    if info.error:
        return info.error
    if info.numel == 0:
        return tr("No elements, so no figures.")
    if info.device == "meta":
        return tr("Saved on the meta device, without values.")
    if info.extent is None and (info.layout not in INDICES or _is_bare(summary)):
        return tr("The figures stand with its components.")
    if info.dtype.kind is Kind.PACKED and not is_pairs(info):
        return tr("{0} packs its elements into bytes, so there are no figures.").format(info.dtype)
    return ""


def _is_bare(summary: Summary | None) -> bool:
    """Whether nothing but the count could be told."""
    return summary is not None and summary.statistics.nan is None
