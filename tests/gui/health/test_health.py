"""The health line, the health list and the key for the next finding, in a window that reads a sick checkpoint."""

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from torch import nn

from tests.gui.conftest import opened


def sick():
    torch.manual_seed(0)
    model = {f"layers.{i}.weight": torch.randn(32, 24) * 0.02 for i in range(6)}
    model["layers.1.weight"][2, 5] = float("nan")
    model["layers.3.weight"][4:9] = 0.0
    model["layers.5.weight"] *= 100
    return {"model_state_dict": model, "epoch": 1}


def save(path, saved):
    torch.save(saved, path)
    return path


def wait_for_health(qtbot, window, path):
    page = opened(qtbot, window, path)
    view = page.document()
    qtbot.waitUntil(lambda: view.inspector.health.complete, timeout=15_000)
    return view


@pytest.fixture
def view(qtbot, window, tmp_path):
    return wait_for_health(qtbot, window, save(tmp_path / "sick.pt", sick()))


def test_the_line_says_the_worst_in_a_sentence_and_names_the_others(view):
    line = view.health_line
    assert line.isVisible()
    first, *others = line._items
    assert first.link.text() == "layers.1.weight"
    assert first.sentence.text() == "1 of 768 values is NaN, at [2, 5]."
    assert [item.sign.badge.text for item in others] == ["Outlier", "Dead"]
    assert line.more.text() == "3 findings ›"


def test_a_name_on_the_line_leads_to_its_tensor_and_the_count_to_the_list(qtbot, view):
    qtbot.mouseClick(view.health_line._items[2].link, Qt.MouseButton.LeftButton)
    assert view.selection().path == ("model_state_dict", "layers.3.weight")
    qtbot.mouseClick(view.health_line.more, Qt.MouseButton.LeftButton)
    assert view.selection().path == ()


def test_n_goes_from_finding_to_finding_and_round(qtbot, window, view):
    seen = []
    for _ in range(4):
        QTest.keyClick(window, Qt.Key.Key_N)
        seen.append(view.selection().path[-1])
    assert seen == ["layers.1.weight", "layers.5.weight", "layers.3.weight", "layers.1.weight"]


def test_the_overview_lists_all_with_their_sentences(qtbot, view):
    panel = view.inspector.overview.summary.health
    qtbot.waitUntil(lambda: len(panel.rows) == 3, timeout=5_000)
    assert panel.rows[2].sentence.text() == "5 of 32 rows have a norm below 1e−06."
    assert panel.note.text() == "3 findings, worst first"
    qtbot.mouseClick(panel.rows[1].link, Qt.MouseButton.LeftButton)
    assert view.selection().path[-1] == "layers.5.weight"


def test_a_healthy_file_has_no_line_and_says_so_in_the_overview(qtbot, window, checkpoint):
    view = wait_for_health(qtbot, window, checkpoint)
    assert not view.health_line.isVisible()
    assert view.inspector.overview.summary.health.sentence.text().startswith("Nothing found")


def test_what_is_only_well_to_know_leaves_the_line_away(qtbot, window, tmp_path):
    model = nn.Linear(32, 32)
    optimizer = torch.optim.Adam(model.parameters())
    (model(torch.full((4, 32), 1e-3)).square().mean() * 1e-3).backward()
    optimizer.step()
    saved = {"model_state_dict": model.state_dict(), "optimizer_state_dict": optimizer.state_dict()}
    view = wait_for_health(qtbot, window, save(tmp_path / "adam.pt", saved))
    qtbot.waitUntil(lambda: [finding.kind for finding in view.findings] == ["underflow"], timeout=5_000)
    assert not view.health_line.isVisible()
    assert "1 finding" in window.current.facts()


def test_many_findings_are_listed_when_they_are_asked_for(qtbot, window, tmp_path):
    nan = {f"part{i}.weight": torch.tensor([float("nan"), 1.0, 2.0]) for i in range(20)}
    view = wait_for_health(qtbot, window, save(tmp_path / "nan.pt", nan))
    panel = view.inspector.overview.summary.health
    qtbot.waitUntil(lambda: len(panel.rows) == 6, timeout=5_000)
    assert panel.all.text() == "14 more"
    qtbot.mouseClick(panel.all, Qt.MouseButton.LeftButton)
    assert len(panel.rows) == 20 and not panel.all.isVisible()
