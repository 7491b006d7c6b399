"""How long the plots over the epochs take to paint, in processor time of the window's thread.

``pytest tests/benchmarks/test_evolution.py -s``
"""

import time

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.epoch_values import EpochValues
from ckptgui.gui.compare.evolution.figures import empty_table
from ckptgui.gui.compare.evolution.modes import MODES
from ckptgui.gui.compare.evolution.scene import Line, Scene
from ckptgui.gui.theme import LIGHT
from ckptgui.workspace.distributions import MemberValues
from ckptgui.workspace.evolution import evolution_of

ROUNDS = 7


def scene_of(epochs):
    rng = np.random.default_rng(0)
    found = []
    for epoch in range(epochs):
        points = np.unique(rng.normal(scale=1 + epoch / epochs, size=30_000))
        values = EpochValues.of(Distribution(points, points, np.ones(len(points), np.int64)))
        found.append(MemberValues(epoch, values))
    labels = tuple(map(str, range(epochs)))
    table = {name: rng.normal(size=epochs) for name in empty_table(epochs)} | {"nan": np.zeros(epochs)}
    table["inf"] = np.zeros(epochs)
    line = Line("fc.weight", table)
    curves = ("quantiles", "std", "relative")
    return Scene(
        evolution_of(found),
        (line,),
        labels,
        labels,
        "epoch",
        epochs - 2,
        epochs - 1,
        curves=curves,
        reasons=("",) * epochs,
    )


@pytest.mark.parametrize(("epochs", "most"), [(8, 0.010), (300, 0.025)])
def test_painting_takes_no_longer_than_a_frame_or_two(qapp, epochs, most):
    scene = scene_of(epochs)
    image = QImage(560, 300, QImage.Format.Format_RGB32)
    for mode in MODES:
        times = []
        for _ in range(ROUNDS):
            painter = QPainter(image)
            start = time.thread_time()
            mode.paint(painter, QRectF(0, 0, 560, 300), scene, LIGHT)
            times.append(time.thread_time() - start)
            painter.end()
        print(f"{epochs} epochs as {mode.key}: {min(times) * 1000:.1f} ms")
        assert min(times) < most
