"""The tab of a run: compared in epoch order, stepped by keys and clicks, one selection in both halves."""

import pytest
from PySide6.QtCore import Qt

from ckptgui.gui.compare.halves import EPOCH, TABLE

from .conftest import drop, opened

LEFT = Qt.MouseButton.LeftButton
WEIGHT = ("model_state_dict", "fc.weight")


@pytest.fixture
def page(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    qtbot.waitUntil(lambda: not page.comparison.progress.running, timeout=20_000)
    return page


def ends(page):
    """The epochs A and B."""
    return tuple(page.comparison.series.members[m].epoch for m in (page.comparison.a, page.comparison.b))


def turn_to_epoch(qtbot, page):
    qtbot.mouseClick(page.halves.tabs.tab(EPOCH), LEFT)
    qtbot.waitUntil(lambda: page.document() is not None, timeout=10_000)
    return page.document()


def epoch_shown(page):
    return page.document().opened.checkpoint.metadata["epoch"]


def test_a_folder_compares_its_last_epoch_with_the_one_before(page, window):
    assert [member.epoch for member in page.run.members] == [1, 2, 10]
    assert ends(page) == (2, 10)
    assert window.windowTitle() == "epoch_1 to epoch_10 – ckptgui"
    assert page.halves.tabs.current() == TABLE
    assert page.facts()[0] == "3 tensors in all 3"
    assert window.status.text.text().startswith("3 checkpoints compared in ")


def test_keys_step_through_the_epochs_and_the_selected_tensor_stays(qtbot, page, window):
    page.select_joined("fc.weight")
    selected = page.comparison.selected_tensor
    assert selected >= 0
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert ends(page) == (1, 2)
    assert page.comparison.selected_tensor == selected
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert ends(page)[1] == 1
    assert "first epoch" in window.actions_by_key["previous_epoch"].toolTip()


def test_the_epoch_is_shown_in_full_when_it_is_turned_to_and_follows_b(qtbot, page, window):
    assert page.halves.document is None
    turn_to_epoch(qtbot, page)
    assert epoch_shown(page) == 10
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    qtbot.waitUntil(lambda: epoch_shown(page) == 2)
    assert page.halves.tabs.tab(EPOCH).text() == "Epoch 2"


def test_one_selection_holds_in_both_halves(qtbot, page, window):
    page.select_joined("fc.weight")
    view = turn_to_epoch(qtbot, page)
    assert view.selection().path == WEIGHT
    view.select(("model_state_dict", "conv1"))
    assert page.comparison.outline.path(page.comparison.selection) == "conv1"
    page.halves.show_compare()
    page.select_joined("conv1.bias")
    assert view.selection().path == ("model_state_dict", "conv1.bias")


def test_an_empty_folder_says_so(qtbot, window, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    drop(window, folder)
    page = window.current
    qtbot.waitUntil(lambda: page.failed_view.isVisible())
    assert page.failed_view.reason.text().endswith(".")
