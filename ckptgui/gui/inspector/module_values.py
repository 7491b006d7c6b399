"""How the values of all tensors of a module are spread together, and their figures, as far as they were read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shiboken6
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckptgui.analysis.spread import Spread
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.core.tree.build import ROLES, Tree
from ckptgui.core.tree.figures import figures_of, waiting_rows
from ckptgui.engine.job import Cancel, Report
from ckptgui.gui.inspector.head import PanelHead
from ckptgui.gui.inspector.histogram.buttons import add_plot_buttons
from ckptgui.gui.inspector.histogram.series import Pins, Series
from ckptgui.gui.inspector.histogram.widget import Histogram
from ckptgui.gui.inspector.statistics import StatisticsGrid
from ckptgui.gui.jobs import Background
from ckptgui.gui.labels import Caption
from ckptgui.gui.numbers import integer, tr
from ckptgui.gui.summaries import Summaries

REFRESH_MS = 400
"""Between two looks at what has come in since."""


@dataclass(frozen=True)
class Merged:
    """The tensors below a node as one: ``left`` of them are still to be read."""

    statistics: Statistics
    spread: Spread | None
    left: int


def merged(summaries: Summaries, tree: Tree, node: int, cancel: Cancel) -> Merged:
    """Add up what is known now; tensors that another name of the section has shown count once. For any thread.

    Raises ``CheckpointError`` and ``Cancelled``.
    """
    profile, table = summaries.profile, tree.checkpoint.tensors
    failed = [row for row in np.flatnonzero(~profile.known).tolist() if summaries.error(row) is not None]
    figures = figures_of(tree, profile, waiting_rows(table, profile, failed))
    cancel.check()
    rows = tree.row[node : int(tree.end[node])]
    rows = rows[rows >= 0]
    rows = rows[~tree.repeated[rows]]

    def of(name: str) -> np.ndarray:
        values: np.ndarray = np.nan_to_num(profile.column(name)[rows])
        return values

    low, high, mean, std = (
        float(column[node]) for column in (figures.low, figures.high, figures.mean, figures.std)
    )
    some = not math.isnan(low)
    statistics = Statistics(
        count=int(figures.elements[node]),
        min=low if some else None,
        max=high if some else None,
        mean=mean if some else None,
        std=std if some else None,
        l1=float(of("l1").sum()),
        l2=float(np.sqrt(np.square(of("l2")).sum())),
        zeros=int(figures.zeros[node]),
        nan=int(figures.nan[node]),
        posinf=int(of("posinf").sum()),
        neginf=int(of("neginf").sum()),
    )
    return Merged(statistics, summaries.spread(node, cancel), int(figures.left[node]))


class ModuleValues(QWidget):
    """Follows a node; looks again while its tensors are being read."""

    link_activated = Signal(object)

    def __init__(self, background: Background, pins: Pins, head: PanelHead, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lane = background.lane(self)
        self._summaries: Summaries | None = None
        self._tree: Tree | None = None
        self._node = -1
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 10)
        layout.setSpacing(6)
        self.histogram = Histogram(background, pins, self)
        self.histogram.link_activated.connect(self.link_activated)
        add_plot_buttons(head, self.histogram)
        self.statistics = StatisticsGrid(self)
        self.left = Caption("", self)
        for part in (self.histogram, self.statistics, self.left):
            layout.addWidget(part)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(REFRESH_MS)
        self._again.timeout.connect(self._add_up)

    @property
    def settling(self) -> bool:
        """Whether something of what is seen is still to come."""
        return self._lane.busy or self._again.isActive()

    def forget(self) -> None:
        """Another checkpoint has come."""
        self._lane.cancel()
        self._again.stop()
        if self._summaries is not None and shiboken6.isValid(self._summaries):
            self._summaries.arrived.disconnect(self._on_arrival)
            self._summaries.finished.disconnect(self._on_arrival)
        self._summaries = self._tree = None
        self._clear()

    def follow(self, summaries: Summaries, tree: Tree, node: int) -> None:
        """Show another node, with tensors below it."""
        if summaries is not self._summaries:
            self.forget()
            self._summaries = summaries
            summaries.arrived.connect(self._on_arrival)
            summaries.finished.connect(self._on_arrival)
        if node != self._node or tree is not self._tree:
            self._clear()
        self._tree, self._node = tree, node
        self._add_up()

    def _clear(self) -> None:
        self._node = -1
        self.histogram.wait()
        self.statistics.clear()
        self.left.hide()

    def _on_arrival(self, *_: object) -> None:
        if self.isVisible() and not self._again.isActive():
            self._again.start()

    def _add_up(self) -> None:
        summaries, tree, node = self._summaries, self._tree, self._node
        if summaries is None or tree is None or node < 0 or not shiboken6.isValid(summaries):
            return

        def work(cancel: Cancel, _: Report) -> Merged:
            return merged(summaries, tree, node, cancel)

        self._lane.start(work, self._show, lambda error: self.histogram.say(str(error)))

    def _show(self, found: Merged) -> None:
        tree, node = self._tree, self._node
        if tree is None:
            return
        self.left.setText(tr("{0} tensors are still to be read.").format(integer(found.left)))
        if found.left == 1:
            self.left.setText(tr("1 tensor is still to be read."))
        self.left.setVisible(found.left > 0)
        if found.spread is None:
            if found.statistics.count:
                self.statistics.show_summary(Summary(found.statistics))
            if not found.left:
                self.histogram.say_nothing(found.statistics)
            return
        distribution = found.spread.distribution()
        self.statistics.show_summary(Summary(found.statistics, distribution))
        series = Series(
            file=tree.checkpoint.path,
            path=tree.path(node),
            name=".".join(tree.path(node)[1:]) or tree.labels[node],
            distribution=distribution,
            role=ROLES[int(tree.role[node])],
        )
        self.histogram.show_series(series, found.statistics)
