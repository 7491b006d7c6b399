"""The dialogue: what is chosen is seen at once, exact and by name, and the button says how much it is."""

import os
import pathlib

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from safetensors import safe_open
from safetensors.torch import load_file

from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.export.dialog import ExportDialog
from ckptgui.gui.export.metadata_dialog import MetadataDialog
from ckptgui.gui.export.names_model import NEW, OLD, TYPE
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.numbers import size_text

from ..conftest import dialog_of, opened, small_state_dict
from .conftest import LEFT, notice, planned, write


def rows(dialog):
    """The table as text."""
    model = dialog.preview.names
    return [tuple(model.index(row, c).data() for c in (OLD, NEW, TYPE)) for row in range(model.rowCount())]


def typed(qtbot, dialog, field, text):
    """Type into a field and wait for the preview."""
    field.clear()
    qtbot.keyClicks(field, text)
    return planned(qtbot, dialog)


def clicked(qtbot, dialog, button):
    qtbot.mouseClick(button, LEFT)
    return planned(qtbot, dialog)


def exported(qtbot, window, dialog, path):
    """Press the button and wait for the file."""
    write(qtbot, dialog, path)
    qtbot.mouseClick(dialog.foot.export, LEFT)
    return notice(qtbot, window.current)


@pytest.fixture
def wrapped(tmp_path):
    """A training checkpoint of a wrapped model with a tied layer and an average."""
    weights = {f"module._orig_mod.{name}": value for name, value in small_state_dict(1).items()}
    weights["module._orig_mod.head.weight"] = weights["module._orig_mod.fc.weight"]
    average = {name: value + 1 for name, value in small_state_dict(1).items()}
    path = tmp_path / "epoch_7.pt"
    moments = {number: {"exp_avg": torch.ones(10, 32)} for number in range(4)}
    state = {"state": moments, "param_groups": [{"lr": 0.1, "params": list(range(4))}]}
    torch.save(
        {"model_state_dict": weights, "ema": average, "optimizer_state_dict": state, "epoch": 7, "loss": 0.5}, path
    )
    return str(path)


def test_ctrl_e_proposes_a_name_that_says_what_it_holds(dialogue, checkpoint):
    dialog = dialogue(checkpoint)
    name = os.path.basename(dialog.foot.path())
    assert name.endswith("state-dict.pt")
    assert "epoch3" in name
    assert os.path.dirname(dialog.foot.path()) == os.path.dirname(checkpoint)


def test_the_button_says_the_exact_size_of_what_will_be_written(qtbot, dialogue, window, wrapped, tmp_path):
    dialog = dialogue(wrapped)
    for key in dialog.presets.buttons:
        clicked(qtbot, dialog, dialog.presets.buttons[key])
        assert dialog.foot.export.text() == f"Export {size_text(dialog._planned.outlook.plan.nbytes)}"
    nbytes = dialog._planned.outlook.plan.nbytes
    exported(qtbot, window, dialog, tmp_path / "out.pt")
    assert (tmp_path / "out.pt").stat().st_size == nbytes


def test_every_preset_tells_its_size_before_it_is_chosen(qtbot, dialogue, wrapped):
    dialog = dialogue(wrapped)
    qtbot.waitUntil(lambda: all(button.size_words() for button in dialog.presets.buttons.values()))
    whole, half = (dialog.presets.buttons[key]._size for key in ("safetensors", "half"))
    assert half < 0.8 * whole


def test_names_show_what_goes_under_which_name_and_what_is_tied(qtbot, dialogue, wrapped):
    dialog = dialogue(wrapped)
    clicked(qtbot, dialog, dialog.presets.buttons["half"])
    assert rows(dialog)[0] == ("module._orig_mod.conv1.weight", "conv1.weight", "bfloat16")
    assert rows(dialog)[-1] == ("module._orig_mod.head.weight", "same as fc.weight", "0 B")
    assert dialog.options.page.strip_note.text() == "module._orig_mod. from 4 names"
    left = dialog.preview.left.text()
    assert "optimizer_state_dict" in left
    assert "ema" in left


def test_including_and_excluding_counts_as_one_types(qtbot, dialogue, window, wrapped, tmp_path):
    dialog = dialogue(wrapped)
    clicked(qtbot, dialog, dialog.presets.buttons["safetensors"])
    typed(qtbot, dialog, dialog.options.page.include, "*.weight")
    assert dialog.options.page.include._count == "3 of 4"
    typed(qtbot, dialog, dialog.options.page.exclude, "*conv1*")
    assert dialog.options.page.include._count == "2 of 4"
    clicked(qtbot, dialog, dialog.preview.kept.buttons["out"])
    assert [row[1] for row in rows(dialog)] == ["left out", "left out"]
    exported(qtbot, window, dialog, tmp_path / "out.safetensors")
    assert list(load_file(tmp_path / "out.safetensors")) == ["fc.weight"]


@pytest.mark.parametrize("field", ["include", "exclude"])
def test_a_pattern_that_selects_nothing_is_told_at_its_field(qtbot, dialogue, wrapped, field):
    dialog = dialogue(wrapped)
    box = getattr(dialog.options.page, field)
    typed(qtbot, dialog, box, "nothing.*")
    assert "nothing.*" in box.trouble
    assert dialog.foot.export.isEnabled() is (field == "exclude")


def test_names_that_become_one_stop_the_export_and_the_button_says_why(qtbot, dialogue, wrapped):
    dialog = dialogue(wrapped)
    qtbot.mouseClick(dialog.options.page.renames.add, LEFT)
    pattern, replacement, _ = dialog.options.page.renames.rows[0]
    typed(qtbot, dialog, pattern, r"conv1\.weight")
    typed(qtbot, dialog, replacement, "conv1.bias")
    assert dialog.preview.findings.shown[0].badge == "Collision"
    assert not dialog.foot.export.isEnabled()
    assert "conv1.bias" in dialog.foot.export.toolTip()


def test_an_exception_keeps_its_type(qtbot, dialogue, window, wrapped, tmp_path):
    dialog = dialogue(wrapped)
    clicked(qtbot, dialog, dialog.presets.buttons["half"])
    qtbot.mouseClick(dialog.options.page.exceptions.add, LEFT)
    typed(qtbot, dialog, dialog.options.page.exceptions.rows[0][0], "*bias")
    exported(qtbot, window, dialog, tmp_path / "out.safetensors")
    kinds = {name: value.dtype for name, value in load_file(tmp_path / "out.safetensors").items()}
    assert kinds["conv1.bias"] is torch.float32
    assert kinds["fc.weight"] is torch.bfloat16


def test_values_go_along_only_when_ticked_and_as_they_are_edited(qtbot, dialogue, window, wrapped, tmp_path):
    dialog = dialogue(wrapped)
    clicked(qtbot, dialog, dialog.presets.buttons["safetensors"])
    clicked(qtbot, dialog, dialog.options.page.keep)
    assert dialog.options.page.keep_note.text() == "epoch, loss"
    qtbot.mouseClick(dialog.options.page.edit, LEFT)
    editor = dialog_of(qtbot, MetadataDialog)
    (epoch, _), (_, field) = editor.rows
    qtbot.mouseClick(epoch, LEFT)
    field.selectAll()
    qtbot.keyClicks(field, "secret")
    qtbot.mouseClick(editor.primary, LEFT)
    planned(qtbot, dialog)
    exported(qtbot, window, dialog, tmp_path / "out.safetensors")
    with safe_open(tmp_path / "out.safetensors", "pt") as file:
        told = file.metadata()
    assert told["loss"] == "secret"
    assert "epoch" not in told


def test_the_suffix_and_the_format_follow_each_other(qtbot, dialogue, tmp_path, checkpoint):
    dialog = dialogue(checkpoint)
    clicked(qtbot, dialog, dialog.options.page.format.buttons["safetensors"])
    assert dialog.foot.path().endswith(".safetensors")
    write(qtbot, dialog, tmp_path / "mine.pt")
    assert dialog.options.page.format.current() == "pt"
    dialog.options.page.format.buttons["safetensors"].setFocus()
    clicked(qtbot, dialog, dialog.options.page.format.buttons["safetensors"])
    assert dialog.foot.path() == str(tmp_path / "mine.safetensors")


def test_the_folder_button_asks_for_a_place(qtbot, dialogue, tmp_path, checkpoint):
    dialog = dialogue(checkpoint)
    qtbot.mouseClick(dialog.foot.browse, LEFT)
    chooser = dialog_of(qtbot, QFileDialog)
    chooser.findChild(QLineEdit, "fileNameEdit").setText(str(tmp_path / "there.pt"))
    qtbot.keyClick(chooser.findChild(QLineEdit, "fileNameEdit"), Qt.Key.Key_Return)
    assert planned(qtbot, dialog).target() == str(tmp_path / "there.pt")


@pytest.mark.parametrize("place", ["nowhere/out.pt", ".", ""])
def test_a_place_where_nothing_can_be_written_is_told_before(qtbot, dialogue, tmp_path, checkpoint, place):
    dialog = dialogue(checkpoint)
    write(qtbot, dialog, tmp_path / place if place else " ")
    assert not dialog.foot.export.isEnabled()
    assert dialog.foot.field.trouble
    assert dialog.preview.findings.shown[0].badge == "Place"


def test_too_little_room_is_told_before(qtbot, dialogue, tmp_path, checkpoint, monkeypatch):
    monkeypatch.setattr("ckptgui.gui.export.place.free_space", lambda folder: 1000)
    dialog = dialogue(checkpoint)
    assert "There is not enough space" in dialog.foot.export.toolTip()


def test_the_file_that_is_shown_is_replaced_only_after_a_second_question(qtbot, dialogue, window, checkpoint):
    before = pathlib.Path(checkpoint).read_bytes()
    dialog = dialogue(checkpoint)
    write(qtbot, dialog, checkpoint)
    qtbot.mouseClick(dialog.foot.export, LEFT)
    question = next(w for w in dialog.findChildren(Dialog) if w.isVisible())
    assert "epoch_3.pt, the file you are looking at" in question.heading.text()
    question.reject()
    assert dialog.isVisible()
    assert not window.current.export.busy
    assert pathlib.Path(checkpoint).read_bytes() == before


def test_a_file_that_is_there_is_replaced_when_that_is_agreed_to(qtbot, dialogue, window, checkpoint, tmp_path):
    (tmp_path / "old.pt").write_bytes(b"old")
    dialog = dialogue(checkpoint)
    write(qtbot, dialog, tmp_path / "old.pt")
    qtbot.mouseClick(dialog.foot.export, LEFT)
    question = next(w for w in dialog.findChildren(Dialog) if w.isVisible())
    qtbot.mouseClick(question.primary, LEFT)
    notice(qtbot, window.current)
    assert list(torch.load(tmp_path / "old.pt", weights_only=True)) == list(small_state_dict())


def test_what_is_chosen_in_the_tree_goes_out_alone(qtbot, window, wrapped, tmp_path):
    page = opened(qtbot, window, wrapped)
    page.document().select(("model_state_dict", "module._orig_mod.conv1"))
    tree = page.document().tree
    menu = tree.menu(tree.view.current())
    next(action for action in menu.actions() if action.text() == "Export this…").trigger()
    dialog = planned(qtbot, dialog_of(qtbot, ExportDialog))
    assert dialog.options.page.chosen.text() == "2 chosen in the tree"
    exported(qtbot, window, dialog, tmp_path / "conv.pt")
    assert [name.rpartition(".")[2] for name in torch.load(tmp_path / "conv.pt", weights_only=True)] == [
        "weight",
        "bias",
    ]


def test_another_section_is_exported_when_it_is_chosen(qtbot, dialogue, window, wrapped, tmp_path):
    dialog = dialogue(wrapped)
    qtbot.keyClick(dialog.options.page.section, Qt.Key.Key_Down)
    planned(qtbot, dialog)
    assert dialog.options.page.section.text() == "ema"
    exported(qtbot, window, dialog, tmp_path / "ema.pt")
    loaded = torch.load(tmp_path / "ema.pt", weights_only=True)
    assert torch.equal(loaded["fc.weight"], small_state_dict(1)["fc.weight"] + 1)


def test_everything_goes_out_as_pt_alone(qtbot, dialogue, window, wrapped, tmp_path):
    dialog = dialogue(wrapped)
    qtbot.keyClick(dialog.options.page.section, Qt.Key.Key_Up)
    dialog.options.page.section._take("all")
    planned(qtbot, dialog)
    assert not dialog.options.page.format.buttons["safetensors"].isEnabled()
    exported(qtbot, window, dialog, tmp_path / "all.pt")
    assert set(torch.load(tmp_path / "all.pt", weights_only=True)) == set(torch.load(wrapped, weights_only=True))


def test_escape_writes_nothing(qtbot, dialogue, window, checkpoint, tmp_path):
    qtbot.keyClick(dialogue(checkpoint), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.current.export.dialog is None)
    assert not list(tmp_path.glob("*state-dict*"))


def test_return_exports_from_any_field(qtbot, dialogue, window, checkpoint, tmp_path):
    dialog = dialogue(checkpoint)
    qtbot.keyClick(dialog.options.page.include, Qt.Key.Key_Return)
    notice(qtbot, window.current)
    assert list(tmp_path.glob("*state-dict*"))


def test_tab_goes_through_the_dialogue_as_one_reads_it(qtbot, dialogue, tmp_path):
    path = tmp_path / "sick.pt"
    torch.save({"model": {"fc.weight": torch.tensor([[1.0, float("nan")]]), "fc.bias": torch.zeros(2)}}, path)
    dialog = dialogue(path)
    clicked(qtbot, dialog, dialog.presets.buttons["half"])
    qtbot.waitUntil(lambda: any(finding.row >= 0 for finding in dialog.preview.findings.shown))
    dialog.options.page.section.setFocus()
    met = []
    while not met or met[-1] is not dialog.foot.field:
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        met.append(dialog.focusWidget())
    assert met[0] is dialog.options.page.format.buttons["safetensors"]  # the one that holds
    kept, table, link = dialog.preview.kept.buttons["all"], dialog.preview.table, met[-2]
    assert met[-4:-1] == [kept, table, link]
    assert link.text() == "fc.weight"


def test_a_folder_that_is_not_there_is_told_whatever_else_is_found_out(qtbot, dialogue, wrapped):
    dialog = dialogue(wrapped)
    clicked(qtbot, dialog, dialog.presets.buttons["half"])
    write(qtbot, dialog, "/nowhere/at/all.safetensors")
    findings = dialog.preview.findings
    qtbot.waitUntil(lambda: not any(finding.open for finding in findings.shown), timeout=10_000)
    assert (findings.shown[0].badge, findings.shown[0].text) == ("Place", "There is no folder /nowhere/at.")


def test_a_single_sentence_is_seen_whole(qtbot, dialogue, checkpoint):
    dialog = dialogue(checkpoint)
    clicked(qtbot, dialog, dialog.presets.buttons["half"])
    findings = dialog.preview.findings
    assert [finding.badge for finding in findings.shown] == ["Cast"]
    (sentence,) = findings.findChildren(PlainLabel)
    qtbot.waitUntil(lambda: sentence.visibleRegion().boundingRect() == sentence.rect())


def test_what_was_shown_before_is_pale_while_nothing_can_be_written(qtbot, dialogue, wrapped):
    dialog = dialogue(wrapped)
    preview = dialog.preview
    typed(qtbot, dialog, dialog.options.page.include, "nothing.*")
    assert preview.after.text() == "–"
    assert not preview.bars.isEnabled() and not preview.table.isEnabled()
    typed(qtbot, dialog, dialog.options.page.include, "*")
    assert preview.bars.isEnabled() and preview.table.isEnabled()
