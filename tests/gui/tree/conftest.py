"""A panel on the screen with statistics that arrive when the test says so."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.core.tree.build import build_tree
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.panel import TreePanel


def summary_of(values, **figures):
    """A summary as the analysis would give it for a few values."""
    values = np.asarray(values, np.float64)
    found, counts = np.unique(values, return_counts=True)
    figures = {"nan": 0, "posinf": 0, "neginf": 0, "zeros": int((values == 0).sum())} | figures
    statistics = Statistics(count=values.size, mean=float(values.mean()), std=float(values.std()), **figures)
    return Summary(statistics, Distribution(found, found, counts))


class FakeSummaries(QObject):
    """Remembers what was wanted; the test delivers."""

    ready = Signal(int)
    failed = Signal(int)

    def __init__(self):
        super().__init__()
        self.wanted = []
        self.known = {}
        self.errors = {}

    def get(self, row):
        return self.known.get(row)

    def error(self, row):
        return self.errors.get(row)

    def want(self, rows):
        self.wanted.append(list(rows))

    def deliver(self, row, summary):
        self.known[row] = summary
        self.ready.emit(row)


@dataclass
class Shown:
    """A panel and what a test asks of it."""

    panel: TreePanel
    summaries: FakeSummaries
    selected: list = field(default_factory=list)

    def show(self, checkpoint, keep_view=False):
        self.summaries = FakeSummaries()
        self.panel.set_document(checkpoint, build_tree(checkpoint), self.summaries, keep_view)
        return self

    @property
    def view(self):
        return self.panel.view

    @property
    def model(self):
        return self.view.model()

    def names(self):
        rows = self.model.rows
        return [rows.name(node) for node in self.model.visible.tolist()]

    def rect(self, row, column=0):
        return self.view.visualRect(self.model.index(row, column))


@pytest.fixture
def shown(qtbot):
    background = Background()
    panel = TreePanel(background)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    qtbot.waitExposed(panel)
    result = Shown(panel, FakeSummaries())
    panel.selected.connect(result.selected.append)
    yield result
    assert background.shutdown()
