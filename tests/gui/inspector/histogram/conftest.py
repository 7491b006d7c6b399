"""Tensors whose histograms are of every kind, and a person's mouse and keys over them."""

from dataclasses import dataclass

import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication


def tensors() -> dict:
    """The same values every time."""
    torch.manual_seed(11)
    odd = torch.randn(3072) * 0.02
    odd[[1407, 2000]] = float("nan")
    odd[7] = float("-inf")
    far = torch.randn(90_000) * 0.02
    far[:3] = torch.tensor([100.0, -50.0, 30.0])
    return {
        "normal": torch.randn(300, 400) * 0.02,
        "wider": torch.randn(200, 100) * 0.05,
        "positive": torch.rand(500) + 0.5,
        "classes": torch.randint(0, 10, (400,)),
        "constant": torch.full((4096,), 2.5),
        "zeros": torch.zeros(8, 8),
        "odd": odd,
        "none": torch.full((12,), float("nan")),
        "far": far,
        "codes": torch.randint(-(2**62), 2**62, (70_000,)),
        "double": torch.randn(70_000, dtype=torch.float64),
        **{f"w{number}": torch.randn(50) for number in range(9)},
    }


@pytest.fixture(scope="session")
def kinds(tmp_path_factory):
    path = tmp_path_factory.mktemp("kinds") / "kinds.pt"
    torch.save(tensors(), path)
    return path


@dataclass
class Hand:
    """What a person does with the histogram of an inspector."""

    bench: object

    @property
    def histogram(self):
        return self.bench.inspector.tensor.histogram

    @property
    def plot(self):
        return self.histogram.plot

    def look_at(self, name):
        """Select a tensor and wait until its bars are exact."""
        self.bench.select(name, wait=False)
        inspector = self.bench.inspector
        self.bench.qtbot.waitUntil(lambda: inspector.tensor is not None and self.settled(), timeout=20_000)

    def settled(self):
        series = self.histogram.series
        there = series is not None and series.info.index == self.bench.inspector.selection().row
        return there and self.histogram.picture() is not None and not self.histogram.looking

    def settle(self):
        self.bench.qtbot.waitUntil(lambda: not self.histogram.looking, timeout=20_000)

    def at(self, share, up=0.5) -> QPoint:
        """A place over the bars: a share of their width, and of their height."""
        area = self.plot.area()
        return QPointF(area.left() + area.width() * share, area.bottom() - area.height() * up).toPoint()

    def wheel(self, share, steps, modifiers=Qt.KeyboardModifier.NoModifier):
        place = QPointF(self.at(share))
        none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        over = self.plot.mapToGlobal(place)
        event = QWheelEvent(place, over, QPoint(), QPoint(0, 120 * steps), none, modifiers, phase, False)
        QApplication.sendEvent(self.plot, event)

    def drag(self, start, end):
        left = Qt.MouseButton.LeftButton
        QTest.mousePress(self.plot, left, pos=self.at(start))
        QTest.mouseMove(self.plot, self.at((start + end) / 2))
        QTest.mouseMove(self.plot, self.at(end))
        QTest.mouseRelease(self.plot, left, pos=self.at(end))

    def key(self, *keys, modifier=Qt.KeyboardModifier.NoModifier):
        self.plot.setFocus(Qt.FocusReason.TabFocusReason)
        for key in keys:
            QTest.keyClick(self.plot, key, modifier)


@pytest.fixture
def hand(open_bench, kinds):
    return Hand(open_bench(kinds))
