"""The dialogue "Export the whole run": what is ticked, what it comes to, and what stands in the way."""

import pytest
from PySide6.QtCore import Qt

from ckptgui.gui.export_batch.choose_dialog import ChooseDialog
from ckptgui.gui.export_batch.model import NAME, TARGET, THEN
from ckptgui.gui.export_batch.table import box_in
from tests.gui.conftest import opened, save_epoch


@pytest.fixture
def dialog(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    window.actions_by_key["export_series"].trigger()
    qtbot.waitUntil(lambda: page.batch.choosing is not None)
    dialog = page.batch.choosing
    qtbot.waitUntil(dialog.export.isEnabled)
    return dialog


def column(dialog, which):
    return [dialog.model.text(line, which) for line in dialog.model.lines]


def test_every_member_is_listed_with_its_size_then_and_its_name(dialog, run_folder):
    assert column(dialog, NAME) == ["epoch_1.pt", "epoch_2.pt", "epoch_10.pt"]
    assert column(dialog, TARGET)[0] == "model-epoch1-loss0.750-state-dict.pt"
    assert all(column(dialog, THEN)) and "→" in dialog.total.text() and dialog.free.text().endswith("free")
    assert dialog.export.text().startswith("Export 3 checkpoints, ")
    assert dialog.folder.text() == f"{run_folder}-export"


def test_a_click_on_a_box_and_space_leave_lines_out(qtbot, dialog):
    cell = dialog.table.visualRect(dialog.model.index(0, NAME))
    qtbot.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=box_in(cell).center())
    assert [line.taken for line in dialog.model.lines] == [False, True, True]
    assert dialog.export.text().startswith("Export 2 checkpoints")
    qtbot.waitUntil(lambda: column(dialog, TARGET)[0] == "")
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: column(dialog, TARGET)[0] != "")
    qtbot.mouseClick(dialog.quick["none"], Qt.MouseButton.LeftButton)
    assert not dialog.export.isEnabled() and "No checkpoint is ticked." in dialog.export.toolTip()


def test_the_best_by_loss_is_one_click_away(qtbot, dialog):
    qtbot.mouseClick(dialog.quick["best"], Qt.MouseButton.LeftButton)
    assert [line.taken for line in dialog.model.lines] == [False, False, True]
    qtbot.mouseClick(dialog.quick["all"], Qt.MouseButton.LeftButton)
    assert all(line.taken for line in dialog.model.lines)
    assert dialog.quick["latest"].isHidden()  # there are no more than three


def test_what_was_taken_at_once_is_in_sight(qtbot, window, tmp_path):
    for epoch in range(40):
        save_epoch(tmp_path / f"epoch_{epoch}.pt", epoch)  # the later, the lower its loss
    page = opened(qtbot, window, tmp_path)
    window.actions_by_key["export_series"].trigger()
    qtbot.waitUntil(lambda: page.batch.choosing is not None)
    dialog = page.batch.choosing
    qtbot.mouseClick(dialog.quick["best few"], Qt.MouseButton.LeftButton)
    assert [row for row, line in enumerate(dialog.model.lines) if line.taken] == [37, 38, 39]
    assert dialog.table.viewport().rect().contains(dialog.table.visualRect(dialog.model.index(37, NAME)))
    qtbot.mouseClick(dialog.quick["all"], Qt.MouseButton.LeftButton)
    assert dialog.table.viewport().rect().contains(dialog.table.visualRect(dialog.model.index(0, NAME)))


def test_names_follow_the_template_as_it_is_typed(qtbot, dialog):
    field = dialog.naming.field
    qtbot.keyClicks(field, "{stem}-v{epoch:03d}")
    qtbot.waitUntil(lambda: column(dialog, TARGET) == [f"epoch_{n}-v{n:03d}.pt" for n in (1, 2, 10)])
    assert dialog.naming.said.text().startswith("epoch_1.pt becomes epoch_1-v001.pt.")
    qtbot.keyClicks(field, "{")
    assert dialog.naming.said.text() == "The { at character 20 of the template has no partner."
    assert not dialog.export.isEnabled()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    qtbot.waitUntil(dialog.export.isEnabled)
    qtbot.mouseClick(dialog.naming.links["dtype"], Qt.MouseButton.LeftButton)
    assert field.text() == "{stem}-v{epoch:03d}-{dtype}"
    qtbot.waitUntil(lambda: column(dialog, TARGET)[2] == "epoch_10-v010-float32.pt")


def test_a_preset_gives_other_sizes_and_names(qtbot, dialog):
    before = column(dialog, THEN)
    dialog.preset.setFocus()
    for _ in range(2):
        qtbot.keyClick(dialog.preset, Qt.Key.Key_Down)
    assert dialog.words.text() == "safetensors, bfloat16"
    qtbot.waitUntil(lambda: column(dialog, TARGET)[0].endswith(".safetensors") and dialog.export.isEnabled())
    assert column(dialog, THEN) != before


def test_what_is_there_already_is_told_and_replaced_on_demand(qtbot, dialog, run_folder):
    target = run_folder.parent / "run-export"
    target.mkdir()
    (target / "model-epoch1-loss0.750-state-dict.pt").write_bytes(b"old")
    dialog.folder.setText(str(target) + "/")
    qtbot.waitUntil(lambda: dialog.model.lines[0].trouble == "There is such a file already.")
    assert dialog.said.text() == "3 of 3 taken, 1 of them cannot be exported"
    assert dialog.export.text().startswith("Export 2 checkpoints")
    qtbot.mouseClick(dialog.replaces, Qt.MouseButton.LeftButton, pos=dialog.replaces.rect().center())
    qtbot.waitUntil(lambda: dialog.model.lines[0].trouble == "")
    assert dialog.export.text().startswith("Export 3 checkpoints")


def test_sources_are_never_replaced(qtbot, dialog, run_folder):
    dialog.replaces.setChecked(True)
    dialog.naming.field.setText("{stem}")
    dialog.folder.setText(str(run_folder))
    qtbot.waitUntil(lambda: {line.trouble for line in dialog.model.lines} == {"It is the source itself."})
    assert not dialog.export.isEnabled() and "None of them can be exported." in dialog.export.toolTip()


def test_a_damaged_one_says_why_and_the_others_go(qtbot, window, run_folder):
    (run_folder / "epoch_2.pt").write_bytes((run_folder / "epoch_2.pt").read_bytes()[:900])
    page = opened(qtbot, window, run_folder)
    page.export_series()
    qtbot.waitUntil(lambda: page.batch.choosing is not None and page.batch.choosing.export.isEnabled())
    dialog = page.batch.choosing
    assert isinstance(dialog, ChooseDialog)
    assert dialog.export.text().startswith("Export 2 checkpoints")
    assert [bool(line.trouble) for line in dialog.model.lines] == [False, True, False]
    qtbot.keyClick(dialog.table, Qt.Key.Key_Down)
    assert dialog.about.text() == f"epoch_2.pt: {dialog.model.lines[1].trouble}" and dialog.about.isVisible()
    assert dialog.rescue.isHidden()  # nothing of it is whole
