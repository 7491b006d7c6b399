"""Export by Ctrl+E: a proposed name, a file that torch opens, a sentence about what was done."""

import errno
import pathlib

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from safetensors.torch import load_file

from ckptgui.export.system import System
from ckptgui.gui import export_flow
from ckptgui.gui.controls import Button
from ckptgui.gui.dialogs import Dialog

from .conftest import answer, dialog_of, opened, save_epoch, small_state_dict

CTRL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton


def notice(qtbot, page, key="export"):
    notices = page.view.notices
    qtbot.waitUntil(lambda: any(n.key == key for n in notices.notices()), timeout=10_000)
    return notices.banner(key)


def test_ctrl_e_proposes_a_name_that_says_what_it_holds(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    dialog = dialog_of(qtbot, QFileDialog)
    proposed = dialog.findChild(QLineEdit, "fileNameEdit").text()
    assert proposed.endswith("state-dict.pt")
    assert "epoch3" in proposed
    dialog.reject()


def test_the_export_is_a_state_dict_that_torch_opens(qtbot, window, checkpoint, tmp_path):
    page = opened(qtbot, window, checkpoint)
    shown = []
    page.export.show_folder = shown.append
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    answer(qtbot, tmp_path / "weights.pt")
    banner = notice(qtbot, page)
    assert banner.title.text().startswith("Exported ")
    loaded = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert list(loaded) == list(small_state_dict())
    assert all(torch.equal(loaded[name], value) for name, value in small_state_dict(3).items())
    qtbot.mouseClick(banner.link, LEFT)
    assert shown == [str(tmp_path)]


def test_the_suffix_decides_the_format(qtbot, window, checkpoint, tmp_path):
    page = opened(qtbot, window, checkpoint)
    qtbot.mouseClick(window.top.export, LEFT)
    answer(qtbot, tmp_path / "weights.safetensors")
    notice(qtbot, page)
    assert torch.equal(load_file(tmp_path / "weights.safetensors")["fc.weight"], small_state_dict(3)["fc.weight"])


def test_choosing_a_format_in_the_dialogue_changes_the_suffix(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    dialog = dialog_of(qtbot, QFileDialog)
    dialog.filterSelected.emit(export_flow.FORMATS[1][1])
    assert dialog.findChild(QLineEdit, "fileNameEdit").text().endswith(".safetensors")
    dialog.reject()


def test_the_file_that_is_shown_is_replaced_only_after_a_second_question(qtbot, window, checkpoint):
    page = opened(qtbot, window, checkpoint)
    before = pathlib.Path(checkpoint).read_bytes()
    page.export.begin(page.view.opened.checkpoint, checkpoint)
    dialog_of(qtbot, QFileDialog).fileSelected.emit(checkpoint)
    dialog_of(qtbot, QFileDialog).reject()
    question = dialog_of(qtbot, Dialog)
    assert "epoch_3.pt" in question.heading.text()
    question.reject()
    assert not page.export.busy
    assert pathlib.Path(checkpoint).read_bytes() == before


def test_an_export_that_fails_says_why_and_offers_another_place(qtbot, window, checkpoint, tmp_path):
    page = opened(qtbot, window, checkpoint)
    page.export.write(page.view.opened.checkpoint, str(tmp_path / "nowhere" / "weights.pt"))
    page.export._checkpoint = page.view.opened.checkpoint
    banner = notice(qtbot, page)
    assert banner.title.text() == "The export stopped: there is no such folder."
    assert banner.notice.text
    qtbot.mouseClick(banner.link, LEFT)
    dialog_of(qtbot, QFileDialog).reject()


def test_a_full_disk_is_named_in_the_title_and_nothing_is_left_behind(
    qtbot, window, checkpoint, tmp_path, monkeypatch
):
    def full(self, handle, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    page = opened(qtbot, window, checkpoint)
    monkeypatch.setattr(System, "write", full)
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    answer(qtbot, tmp_path / "weights.pt")
    banner = notice(qtbot, page)
    assert banner.title.text() == "The export stopped: the disk is full."
    assert banner.notice.text == "Nothing is left behind."
    assert not list(tmp_path.glob("*weights*"))


@pytest.fixture
def two_models(tmp_path):
    path = tmp_path / "gan.pt"
    torch.save({"generator": small_state_dict(1), "discriminator": small_state_dict(2), "epoch": 1}, path)
    return str(path)


def test_of_several_state_dicts_the_person_chooses_one(qtbot, window, two_models, tmp_path):
    page = opened(qtbot, window, two_models)
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    question = dialog_of(qtbot, Dialog)
    offered = {button.text().partition(",")[0]: button for button in question.findChildren(Button)}
    assert {"generator", "discriminator"} <= set(offered)
    qtbot.mouseClick(offered["discriminator"], LEFT)
    assert "discriminator" in dialog_of(qtbot, QFileDialog).findChild(QLineEdit, "fileNameEdit").text()
    answer(qtbot, tmp_path / "weights.pt")
    notice(qtbot, page)
    loaded = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert torch.equal(loaded["fc.weight"], small_state_dict(2)["fc.weight"])


def test_of_several_state_dicts_the_selected_one_is_meant(qtbot, window, two_models):
    page = opened(qtbot, window, two_models)
    page.document().select(("generator", "fc.weight"))
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    dialog = dialog_of(qtbot, QFileDialog)
    assert "generator" in dialog.findChild(QLineEdit, "fileNameEdit").text()
    dialog.reject()


def test_a_file_that_is_there_is_asked_about_by_the_dialogue(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    qtbot.keyClick(window, Qt.Key.Key_E, CTRL)
    dialog = dialog_of(qtbot, QFileDialog)
    assert not dialog.testOption(QFileDialog.Option.DontConfirmOverwrite)
    dialog.reject()


@pytest.fixture
def slow_export(monkeypatch):
    """An export that goes on until somebody cancels it."""

    def export(plan, pool, cancel, report):
        while True:
            cancel.check()
            cancel._event.wait(0.01)

    monkeypatch.setattr("ckptgui.export.run.export", export)


def test_a_running_export_shows_in_the_foot_and_is_cancelled_there(
    qtbot, window, checkpoint, tmp_path, slow_export
):
    page = opened(qtbot, window, checkpoint)
    page.export.write(page.view.opened.checkpoint, str(tmp_path / "weights.pt"))
    qtbot.waitUntil(lambda: window.status.text.text() == "Exporting")
    assert not window.actions_by_key["export_state_dict"].isEnabled()
    qtbot.mouseClick(window.status.cross, LEFT)
    assert notice(qtbot, page).title.text() == "Export cancelled."
    assert not (tmp_path / "weights.pt").exists()
    assert window.actions_by_key["export_state_dict"].isEnabled()


def test_closing_while_an_export_runs_asks_first(qtbot, window, checkpoint, tmp_path, slow_export):
    page = opened(qtbot, window, checkpoint)
    page.export.write(page.view.opened.checkpoint, str(tmp_path / "weights.pt"))
    window.close()
    question = dialog_of(qtbot, Dialog)
    assert window.isVisible()
    question.reject()
    window.actions_by_key["close_tab"].trigger()
    dialog_of(qtbot, Dialog).reject()
    assert page.export.busy
    window.close()
    qtbot.mouseClick(dialog_of(qtbot, Dialog).primary, LEFT)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_return_and_escape_answer_the_question_about_closing(qtbot, window, checkpoint, tmp_path, slow_export):
    page = opened(qtbot, window, checkpoint)
    page.export.write(page.view.opened.checkpoint, str(tmp_path / "weights.pt"))
    window.close()
    qtbot.keyClick(dialog_of(qtbot, Dialog), Qt.Key.Key_Escape)
    assert page.export.busy
    window.close()
    qtbot.keyClick(dialog_of(qtbot, Dialog).primary, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_an_export_never_disturbs_the_tab_beside_it(qtbot, window, checkpoint, tmp_path, slow_export):
    page = opened(qtbot, window, checkpoint)
    page.export.write(page.view.opened.checkpoint, str(tmp_path / "weights.pt"))
    save_epoch(tmp_path / "epoch_4.pt", 4)
    other = opened(qtbot, window, tmp_path / "epoch_4.pt")
    assert other.activity() is None
    assert window.status.text.text().startswith("3 tensors")


def test_a_result_far_larger_than_its_file_is_written_only_when_that_is_wanted(
    qtbot, window, tmp_path, monkeypatch
):
    monkeypatch.setattr("ckptgui.export.planning._ALWAYS_ALLOWED", 0)
    torch.save({"w": torch.ones(1).expand(64, 1024)}, tmp_path / "expanded.pt")
    page = opened(qtbot, window, tmp_path / "expanded.pt")
    target = tmp_path / "out.safetensors"
    page.export.write(page.view.opened.checkpoint, str(target))
    question = dialog_of(qtbot, Dialog)
    assert not target.exists()
    button = next(b for b in question.findChildren(Button) if b.text() == "Write it")
    qtbot.mouseClick(button, LEFT)
    notice(qtbot, page)
    assert torch.equal(load_file(target)["w"], torch.ones(64, 1024))
