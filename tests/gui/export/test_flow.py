"""Writing: at one click or by the dialogue, in the background, with a sentence about what was done."""

import errno

import pytest
import torch
from PySide6.QtCore import Qt
from safetensors.torch import load_file

from ckptgui.export.system import System
from ckptgui.gui.controls import Button
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.export.dialog import ExportDialog

from ..conftest import dialog_of, opened, save_epoch, small_state_dict
from .conftest import LEFT, notice, planned, write


def test_the_export_is_a_state_dict_that_torch_opens(qtbot, dialogue, window, checkpoint, tmp_path):
    dialog = dialogue(checkpoint)
    page = window.current
    shown = []
    page.export.show_folder = shown.append
    write(qtbot, dialog, tmp_path / "weights.pt")
    qtbot.mouseClick(dialog.foot.export, LEFT)
    banner = notice(qtbot, page)
    assert banner.title.text().startswith("Exported ")
    assert "3 tensors, read back and equal" in banner.notice.text
    loaded = torch.load(tmp_path / "weights.pt", weights_only=True)
    assert list(loaded) == list(small_state_dict())
    assert all(torch.equal(loaded[name], value) for name, value in small_state_dict(3).items())
    qtbot.mouseClick(banner.link, LEFT)
    assert shown == [str(tmp_path)]


def test_one_click_writes_beside_the_checkpoint_and_replaces_nothing(qtbot, window, checkpoint, tmp_path):
    page = opened(qtbot, window, checkpoint)
    for _ in range(2):
        window.actions_by_key["export_safetensors"].trigger()
        assert "Exported" in notice(qtbot, page).title.text()
    first, second = sorted(tmp_path.glob("*.safetensors"))
    assert second.stem == first.stem + "-2" or first.stem == second.stem + "-2"
    for found in (first, second):
        assert torch.equal(load_file(found)["fc.weight"], small_state_dict(3)["fc.weight"])


@pytest.mark.parametrize("action", ["export_plain", "export_half", "export_for_cpu"])
def test_each_preset_of_the_menu_writes_what_it_says(qtbot, window, checkpoint, tmp_path, action):
    page = opened(qtbot, window, checkpoint)
    window.actions_by_key[action].trigger()
    notice(qtbot, page)
    (out,) = (path for path in tmp_path.iterdir() if "state-dict" in path.name)
    loaded = load_file(out) if action == "export_half" else torch.load(out, weights_only=True)
    kind = torch.bfloat16 if action == "export_half" else torch.float32
    assert torch.equal(loaded["fc.weight"], small_state_dict(3)["fc.weight"].to(kind))


def test_an_export_that_fails_says_why_and_offers_another_place(qtbot, window, checkpoint, tmp_path):
    page = opened(qtbot, window, checkpoint)
    subject = page.subject()
    page.export.write(
        subject, subject.request(page.export.memory().presets[0].request), str(tmp_path / "no" / "w.pt")
    )
    banner = notice(qtbot, page)
    assert banner.title.text() == "The export stopped: there is no such folder."
    assert banner.notice.text
    qtbot.mouseClick(banner.link, LEFT)
    dialog_of(qtbot, ExportDialog).reject()


def test_a_full_disk_is_named_in_the_title_and_nothing_is_left_behind(
    qtbot, window, checkpoint, tmp_path, monkeypatch
):
    def full(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device")

    page = opened(qtbot, window, checkpoint)
    monkeypatch.setattr(System, "write", full)
    window.actions_by_key["export_plain"].trigger()
    banner = notice(qtbot, page)
    assert banner.title.text() == "The export stopped: the disk is full."
    assert banner.notice.text == "Nothing is left behind."
    assert not list(tmp_path.glob("*state-dict*"))


@pytest.fixture
def two_models(tmp_path):
    path = tmp_path / "gan.pt"
    torch.save({"generator": small_state_dict(1), "discriminator": small_state_dict(2), "epoch": 1}, path)
    return str(path)


def test_one_click_asks_where_it_is_not_sure_which_state_dict_is_meant(qtbot, window, two_models, tmp_path):
    page = opened(qtbot, window, two_models)
    window.actions_by_key["export_safetensors"].trigger()
    dialog = planned(qtbot, dialog_of(qtbot, ExportDialog))
    assert dialog.presets.current() == "safetensors"
    dialog.options.page.section._take("1")
    planned(qtbot, dialog)
    assert "discriminator" in dialog.foot.path()
    write(qtbot, dialog, tmp_path / "weights.safetensors")
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    notice(qtbot, page)
    assert torch.equal(load_file(tmp_path / "weights.safetensors")["fc.weight"], small_state_dict(2)["fc.weight"])


def test_of_several_state_dicts_the_selected_one_is_meant(qtbot, window, two_models, tmp_path):
    page = opened(qtbot, window, two_models)
    page.document().select(("generator", "fc.weight"))
    window.actions_by_key["export_plain"].trigger()
    notice(qtbot, page)
    (out,) = tmp_path.glob("*generator*.pt")
    assert torch.equal(torch.load(out, weights_only=True)["fc.weight"], small_state_dict(1)["fc.weight"])


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
    window.actions_by_key["export_plain"].trigger()
    qtbot.waitUntil(lambda: window.status.text.text() == "Exporting")
    assert not window.actions_by_key["export_state_dict"].isEnabled()
    qtbot.mouseClick(window.status.cross, LEFT)
    assert notice(qtbot, page).title.text() == "Export cancelled."
    assert not list(tmp_path.glob("*state-dict*"))
    assert window.actions_by_key["export_state_dict"].isEnabled()


def test_closing_while_an_export_runs_asks_first(qtbot, window, checkpoint, slow_export):
    page = opened(qtbot, window, checkpoint)
    window.actions_by_key["export_plain"].trigger()
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


def test_return_and_escape_answer_the_question_about_closing(qtbot, window, checkpoint, slow_export):
    page = opened(qtbot, window, checkpoint)
    window.actions_by_key["export_plain"].trigger()
    window.close()
    qtbot.keyClick(dialog_of(qtbot, Dialog), Qt.Key.Key_Escape)
    assert page.export.busy
    window.close()
    qtbot.keyClick(dialog_of(qtbot, Dialog).primary, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.isVisible())


def test_an_export_never_disturbs_the_tab_beside_it(qtbot, window, checkpoint, tmp_path, slow_export):
    opened(qtbot, window, checkpoint)
    window.actions_by_key["export_plain"].trigger()
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
    window.actions_by_key["export_safetensors"].trigger()
    question = dialog_of(qtbot, Dialog)
    assert not list(tmp_path.glob("*.safetensors"))
    button = next(b for b in question.findChildren(Button) if b.text() == "Write it")
    qtbot.mouseClick(button, LEFT)
    notice(qtbot, page)
    (out,) = tmp_path.glob("*.safetensors")
    assert torch.equal(load_file(out)["w"], torch.ones(64, 1024))
