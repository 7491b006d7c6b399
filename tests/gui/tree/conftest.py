"""A panel on the screen with statistics that arrive when the test says so."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.profile import RECORD, Profile, record_of
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.core.tree.build import build_tree
from ckptgui.gui.jobs import Background
from ckptgui.gui.tree.panel import TreePanel


def summary_of(values, **figures):
    """A summary as the analysis would give it for a few values, given as often as fits into (64, 32)."""
    values = np.asarray(values, np.float64)
    found, counts = np.unique(values, return_counts=True)
    figures = {"nan": 0, "posinf": 0, "neginf": 0, "zeros": int((values == 0).sum())} | figures
    statistics = Statistics(count=values.size, mean=float(values.mean()), std=float(values.std()), **figures)
    return Summary(statistics, Distribution(found, found, counts))


class FakeSummaries(QObject):
    """Remembers what was wanted; the test delivers."""

    failed = Signal(int)
    arrived = Signal(object)
    finished = Signal()

    def __init__(self, tree):
        super().__init__()
        self.wanted = []
        self.errors = {}
        self.table = tree.checkpoint.tensors
        self.profile = Profile(len(self.table), self.table.shape)
        self.tree = tree
        self.spreads = {}

    def spread(self, node, cancel):
        rows = self.tree.row[node : self.tree.end[node]]
        return Spread.joined(self.spreads.get(row) for row in rows.tolist() if not self.tree.repeated[row])

    def error(self, row):
        return self.errors.get(row)

    def want(self, rows):
        self.wanted.append(list(rows))

    def deliver(self, row, summary):
        self.deliver_all({row: summary})

    def deliver_all(self, summaries):
        rows = np.array(list(summaries))
        records = np.zeros(len(rows), RECORD)
        for number, (row, summary) in enumerate(summaries.items()):
            records[number] = record_of(summary, self.table.shape(row))
        self.profile.put(rows, records)
        self.spreads |= {row: Spread.of(summary.distribution) for row, summary in summaries.items()}
        self.arrived.emit(rows)

    def fail(self, row, reason):
        self.errors[row] = reason
        self.failed.emit(row)


@dataclass
class Shown:
    """A panel and what a test asks of it."""

    panel: TreePanel
    summaries: FakeSummaries | None = None
    selected: list = field(default_factory=list)

    def show(self, checkpoint, keep_view=False):
        tree = build_tree(checkpoint)
        self.summaries = FakeSummaries(tree)
        self.panel.set_document(checkpoint, tree, self.summaries, keep_view)
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
    result = Shown(panel)
    panel.selected.connect(result.selected.append)
    yield result
    assert background.shutdown()
