"""A module shows how the values of its tensors are spread together."""

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt

from tests.gui.conftest import opened


@pytest.fixture
def document(window, qtbot, tmp_path):
    torch.manual_seed(2)
    weight, bias = torch.randn(200, 300) * 0.1, torch.randn(300) + 1.0
    bias[4] = float("nan")
    tensors = {"fc.weight": weight, "fc.bias": bias, "norm.weight": torch.ones(10)}
    torch.save({"model_state_dict": tensors}, tmp_path / "m.pt")
    page = opened(qtbot, window, tmp_path / "m.pt")
    return page.document(), weight, bias


def node_at(document, *labels):
    tree = document.opened.tree
    return next(node for node in range(len(tree)) if ".".join(tree.path(node)).endswith(".".join(labels)))


def test_a_module_shows_the_merged_distribution_and_its_figures(document, qtbot):
    view, weight, bias = document
    view.tree.view.go_to(node_at(view, "model_state_dict"))
    qtbot.waitUntil(
        lambda: view.inspector.module is not None and view.inspector.module.isVisible(), timeout=20_000
    )
    panel = view.inspector.module.values
    qtbot.waitUntil(lambda: panel.statistics.figures["values"].exact() == "60310", timeout=20_000)
    whole = np.concatenate([weight.double().numpy().ravel(), np.delete(bias.double().numpy(), 4), np.ones(10)])
    figures = panel.statistics.figures
    assert float(figures["mean"].exact()) == pytest.approx(whole.mean(), rel=1e-9)
    assert float(figures["std"].exact()) == pytest.approx(whole.std(), rel=1e-9)
    assert float(figures["l2"].exact()) == pytest.approx(np.sqrt((whole**2).sum()), rel=1e-9)
    assert figures["nan"].text() == "1" and panel.histogram.notes.unusual.text() == "1 NaN not in the plot"
    picture = panel.histogram.picture()
    assert picture.counts.sum() + picture.below + picture.above == pytest.approx(60_309)
    assert panel.histogram.notes.approximate.text() == "≈ approximate"


def test_a_tensor_is_pinned_from_the_tree_with_the_mouse_and_the_keys(document, qtbot):
    view, *_ = document
    rows = view.tree.view
    rows.go_to(node_at(view, "fc", "weight"))
    qtbot.waitUntil(lambda: view.inspector.histogram is not None and view.inspector.histogram.series is not None)
    chosen = view.selection()
    other = node_at(view, "norm", "weight")
    place = rows.visualRect(rows.model().index(rows.model().row_of(other), 0)).center()
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place)
    qtbot.waitUntil(lambda: len(view.inspector.pins) == 1, timeout=10_000)
    assert view.selection() == chosen
    qtbot.waitUntil(lambda: len(view.inspector.histogram.picture().outlines) == 1)
    qtbot.keyClick(rows, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(view.inspector.pins) == 2, timeout=10_000)
    qtbot.keyClick(rows, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert [pin.series.name for pin in view.inspector.pins] == ["norm.weight"]
