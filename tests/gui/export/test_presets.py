"""Presets: remembered with their last settings, one's own saved, renamed and deleted."""

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.export.words import parsed_size, preset_words, shard_words
from ckptgui.gui.inspector.flat import Field
from ckptgui.workspace.export_presets import BUILT_IN

from .conftest import LEFT, notice, planned, write


def answered(qtbot, dialog, name):
    """Give a preset its name in the dialogue that asks for it."""
    question = next(w for w in dialog.findChildren(Dialog) if w.isVisible())
    field = question.findChild(Field)
    field.selectAll()
    qtbot.keyClicks(field, name)
    qtbot.mouseClick(question.primary, LEFT)
    return planned(qtbot, dialog)


def test_settings_are_saved_renamed_and_deleted_under_a_name(qtbot, dialogue, window, settings, checkpoint):
    dialog = dialogue(checkpoint)
    qtbot.keyClicks(dialog.options.page.exclude, "*bias")
    planned(qtbot, dialog)
    qtbot.mouseClick(dialog.presets.save, LEFT)
    answered(qtbot, dialog, "To the laptop")
    assert dialog.presets.current() == "To the laptop"
    (saved,) = (preset for preset in window.current.export.memory().presets if preset.own)
    assert saved.request.exclude == ("*bias",)
    assert settings.now.exports["last"] == "To the laptop"
    button = dialog.presets.buttons["To the laptop"]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_F2)
    answered(qtbot, dialog, "Mine")
    assert "Mine" in dialog.presets.buttons
    dialog.presets.buttons["Mine"].setFocus()
    qtbot.keyClick(dialog.presets.buttons["Mine"], Qt.Key.Key_Delete)
    assert list(dialog.presets.buttons) == [preset.key for preset in BUILT_IN]


def test_ones_own_preset_is_one_click_in_the_menu(qtbot, dialogue, window, checkpoint, tmp_path):
    dialog = dialogue(checkpoint)
    qtbot.keyClicks(dialog.options.page.exclude, "*bias")
    planned(qtbot, dialog)
    qtbot.mouseClick(dialog.presets.save, LEFT)
    answered(qtbot, dialog, "To the laptop")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    plain = window.actions_by_key["export_for_cpu"]
    (menu,) = (menu for menu in window.menuBar().findChildren(QMenu) if plain in menu.actions())
    for _ in range(2):  # it is filled anew each time
        menu.aboutToShow.emit()
    texts = [action.text() for action in menu.actions()]
    assert texts.count("To the laptop") == 1
    assert texts.index("To the laptop") == texts.index("For CPU") + 1
    assert ".pt, as saved, without *bias" in menu.actions()[texts.index("To the laptop")].toolTip()
    assert "safetensors, bfloat16" in window.actions_by_key["export_half"].toolTip()
    menu.actions()[texts.index("To the laptop")].trigger()
    notice(qtbot, window.current)
    (written,) = (path for path in tmp_path.glob("*.pt") if path.name != "epoch_3.pt")
    assert list(torch.load(written, weights_only=True)) == ["conv1.weight", "fc.weight"]


def test_a_preset_is_the_next_time_as_it_was_used_last(qtbot, dialogue, window, checkpoint, tmp_path):
    dialog = dialogue(checkpoint)
    qtbot.mouseClick(dialog.presets.buttons["safetensors"], LEFT)
    dialog.options.page.tied._take("copy")
    planned(qtbot, dialog)
    write(qtbot, dialog, tmp_path / "out.safetensors")
    qtbot.mouseClick(dialog.foot.export, LEFT)
    notice(qtbot, window.current)
    memory = window.current.export.memory()
    assert memory.last == "safetensors"
    assert memory.preset("safetensors").request.tied == "copy"


def test_arrows_walk_through_the_presets(qtbot, dialogue, checkpoint):
    dialog = dialogue(checkpoint)
    dialog.presets.buttons["state-dict"].setFocus()
    qtbot.keyClick(dialog.presets.buttons["state-dict"], Qt.Key.Key_Down)
    assert dialog.presets.current() == "safetensors"
    assert dialog.options.page.format.current() == "safetensors"


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [("5GB", 5 * 10**9), ("750 MB", 750 * 10**6), ("2.5 gb", 2_500_000_000), ("2", 2 * 10**9), ("1 GiB", 2**30)],
)
def test_sizes_of_shards_are_read_as_people_write_them(text, nbytes):
    assert parsed_size(text) == nbytes


@pytest.mark.parametrize("text", ["", "x", "0", "5 apples", "-1 GB", "1e9"])
def test_what_is_no_size_is_none(text):
    assert parsed_size(text) is None


def test_a_preset_says_in_words_what_it_does():
    words = {preset.key: preset_words(preset.request) for preset in BUILT_IN}
    assert words == {
        "state-dict": ".pt, as saved",
        "safetensors": "safetensors, as saved",
        "half": "safetensors, bfloat16",
        "cpu": ".pt, as saved, opens without a GPU",
    }
    assert [shard_words(size) for size in (5 * 10**9, 750 * 10**6, 2_500_000_000)] == ["5 GB", "750 MB", "2.5 GB"]
