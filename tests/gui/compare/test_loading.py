import json

import pytest
import torch
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from torch import nn

from ckptgui.formats.registry import open_checkpoint
from ckptgui.gui.compare.loading.dialog import LoadCheckDialog
from ckptgui.gui.compare.loading.problems import Side
from ckptgui.gui.jobs import Background
from ckptgui.gui.theme import apply_theme
from tests.gui.conftest import answer


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4), nn.Linear(4, 2))


@pytest.fixture
def side(tmp_path):
    """A state dict that went through a file, as a side of the dialogue."""

    def call(state, label):
        torch.save(state, tmp_path / f"{label}.pt")
        return Side(label, open_checkpoint(str(tmp_path / f"{label}.pt")))

    return call


@pytest.fixture
def check(qtbot, qapp):
    """Opens the dialogue and waits for its answer."""
    apply_theme(qapp, dark=False)
    background = Background()
    made = []

    def call(of, into=None):
        dialog = LoadCheckDialog(background, of, into)
        made.append(dialog)
        dialog.open()
        qtbot.waitUntil(lambda: not dialog._lane.busy, timeout=5000)
        return dialog

    yield call
    for dialog in made:
        dialog.close()
    assert background.shutdown(5)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_what_fits_is_said_in_one_sentence(check, side):
    dialog = check(side(net().state_dict(), "a"), side(net().state_dict(), "b"))
    assert dialog.verdict.text() == "It would load: all 6 names fit."
    assert dialog.list.isHidden() and dialog.remedy.isHidden()


def test_a_wrapped_state_dict_is_told_with_its_names_and_what_helps(check, side, qtbot):
    wrapped = side({f"module.{k}": v for k, v in net().state_dict().items()}, "wrapped")
    dialog = check(wrapped, side(net().state_dict(), "model"))
    assert dialog.verdict.text().startswith("It would not load: ")
    assert dialog.problems.rowCount() == 12
    assert dialog.problems.problems[0].cells == ("missing", "0.weight", "4 × 6", "")
    assert dialog.remedy.what.text() == "Take “module.” off the names. With these names it loads."
    qtbot.mouseClick(dialog.remedy.code.copy, Qt.MouseButton.LeftButton)
    line = 'model.load_state_dict({k.removeprefix("module."): v for k, v in state_dict.items()})'
    assert QGuiApplication.clipboard().text() == line


def test_names_are_copied_by_row_and_all_at_once(check, side, qtbot):
    dialog = check(side({**net().state_dict(), "0.bias": torch.ones(9)}, "a"), side(net().state_dict(), "b"))
    dialog.table.selectRow(0)
    qtbot.keyClick(dialog.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "other shape\t0.bias\t4\t9"
    QGuiApplication.clipboard().clear()
    qtbot.mouseClick(dialog.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "other shape\t0.bias\t4\t9"


def test_exchanging_the_two_asks_the_other_way_round(check, side, qtbot):
    dialog = check(side({**net().state_dict(), "more": torch.ones(1)}, "a"), side(net().state_dict(), "b"))
    assert [p.kind.name for p in dialog.problems.problems] == ["UNEXPECTED"]
    qtbot.mouseClick(dialog.swap_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: [p.kind.name for p in dialog.problems.problems] == ["MISSING"], timeout=5000)
    assert (dialog.of.text(), dialog.into.text()) == ("b", "a")


def test_a_model_is_chosen_as_a_file_of_names_and_shapes(check, side, qtbot, tmp_path):
    dialog = check(side(net().state_dict(), "a"))
    assert dialog.verdict.text().startswith("Choose a checkpoint")
    shapes = tmp_path / "shapes.json"
    shapes.write_text(json.dumps({name: list(t.shape) for name, t in net().state_dict().items()}))
    qtbot.mouseClick(dialog.choose_button, Qt.MouseButton.LeftButton)
    answer(qtbot, shapes)
    qtbot.waitUntil(lambda: dialog.verdict.text().startswith("It would load"), timeout=5000)
    assert dialog.into.text() == "shapes.json"


def test_a_model_that_cannot_be_read_says_why_in_its_place(check, side, qtbot, tmp_path):
    dialog = check(side(net().state_dict(), "a"))
    (tmp_path / "bad.json").write_text('{"a": 3}')
    dialog.hold_against(str(tmp_path / "bad.json"))
    qtbot.waitUntil(lambda: "not a shape" in dialog.verdict.text(), timeout=5000)
    assert dialog.list.isHidden() and dialog.remedy.isHidden()
