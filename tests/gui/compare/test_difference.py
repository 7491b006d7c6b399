"""The picture of a difference follows the selection and the ends."""

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ckptgui.gui.compare.difference.panel import DifferencePanel
from tests.gui.compare.conftest import save_run, weights


@pytest.fixture
def show(qtbot):
    def made(comparison, width=600):
        panel = DifferencePanel(comparison)
        qtbot.addWidget(panel)
        panel.resize(width, 320)
        panel.show()
        qtbot.waitExposed(panel)
        return panel

    return made


def select(comparison, name):
    comparison.select(comparison.outline.find(name))


def settled(panel):
    return panel.image is not None and panel.image.isVisible() and not panel.image.waiting


def figure(panel, key):
    return panel.figures.values[key].text()


def test_a_module_has_no_picture_but_a_hint(qtbot, show, comparison):
    panel = show(comparison)
    qtbot.waitUntil(lambda: panel.message.text().startswith("Select a tensor"))
    select(comparison, "blocks.0")
    assert panel.image is None


def test_a_tensor_has_its_difference_with_its_figures(qtbot, show, comparison):
    panel = show(comparison)
    select(comparison, "blocks.1.attn.weight")
    qtbot.waitUntil(lambda: settled(panel))
    a, b = (weights(epoch)["blocks.1.attn.weight"].double() for epoch in (2, 3))
    view = panel.image.matrix.view.picture.view
    assert torch.equal(torch.from_numpy(view.values.copy()), b - a)
    limits = panel.image.matrix.view.picture.limits
    assert limits.low == -limits.high
    assert panel.ends.text() == "epoch 3 − epoch 2"
    assert float(figure(panel, "delta_l2")) == pytest.approx(float((b - a).norm()), rel=1e-3)
    assert figure(panel, "changed") == "100 %"
    place = divmod(int((b - a).abs().argmax()), 8)
    assert panel.figures.place.text() == f"at [{place[0]}, {place[1]}]"
    QTest.mouseClick(panel.figures.place, Qt.MouseButton.LeftButton, pos=panel.figures.place.rect().center())
    assert panel.image.matrix.chosen_index() == place


def test_it_follows_the_ends(qtbot, show, comparison):
    panel = show(comparison)
    select(comparison, "blocks.0.attn.weight")
    qtbot.waitUntil(lambda: settled(panel))
    comparison.set_ends(0, 1)
    qtbot.waitUntil(lambda: panel.ends.text() == "epoch 1 − epoch 0" and settled(panel))
    a, b = (weights(epoch)["blocks.0.attn.weight"].double() for epoch in (0, 1))
    qtbot.waitUntil(
        lambda: torch.equal(torch.from_numpy(panel.image.matrix.view.picture.view.values.copy()), b - a)
    )


def test_what_cannot_be_subtracted_says_why(qtbot, show, compare_run, tmp_path):
    states = [weights(0), weights(1)]
    states[1]["blocks.0.attn.bias"] = torch.zeros(3)
    states[1]["fresh"] = torch.ones(2)
    del states[1]["blocks.1.norm.weight"]
    states[1]["blocks.0.norm.weight"] = states[0]["blocks.0.norm.weight"]
    comparison = compare_run(save_run(tmp_path / "odd", states))
    panel = show(comparison)
    for name, words in (
        ("blocks.0.attn.bias", "Its shape went from 12 to 3"),
        ("fresh", "It is new in epoch 1"),
        ("blocks.1.norm.weight", "It is gone in epoch 1"),
        ("blocks.0.norm.weight", "Equal in every value."),
    ):
        select(comparison, name)
        qtbot.waitUntil(lambda words=words: panel.message.isVisible() and panel.message.text().startswith(words))


def test_rows_that_did_not_move_are_counted(qtbot, show, compare_run, tmp_path):
    states = [weights(0), weights(1)]
    states[1]["blocks.0.attn.weight"][[2, 5]] = states[0]["blocks.0.attn.weight"][[2, 5]]
    comparison = compare_run(save_run(tmp_path / "dead", states))
    panel = show(comparison)
    select(comparison, "blocks.0.attn.weight")
    qtbot.waitUntil(lambda: panel.figures.note.text() == "2 of 12 rows did not move.")


def test_nan_is_said_beside_the_figures_of_the_others(qtbot, show, compare_run, tmp_path):
    states = [weights(0), weights(1)]
    states[1]["blocks.0.attn.weight"][0, :3] = float("nan")
    comparison = compare_run(save_run(tmp_path / "sick", states))
    panel = show(comparison)
    select(comparison, "blocks.0.attn.weight")
    qtbot.waitUntil(lambda: settled(panel))
    assert panel.figures.broken.text().startswith("3 values of B are NaN. The figures")
    assert figure(panel, "delta_l2") not in ("NaN", "–")
