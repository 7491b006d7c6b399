"""Moving from the window: asked first, told while it lasts, shown where it is, and read from there."""

import os

import pytest
import torch
from PySide6.QtCore import Qt

from ckptgui.device.messages import DeviceInfo, DeviceKind, DeviceLostError
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.labels import PlainLabel
from ckptgui.gui.tree.columns import Column

from ..conftest import dialog_of, opened
from .conftest import confirmed, move, save, settle
from .fake import GIB, FakeService, out_of_memory

LEFT = Qt.MouseButton.LeftButton


def cell(page, path, column=Column.DEVICE):
    """What the tree says of a path."""
    model = page.view.tree.view.model()
    return model.text(page.view.opened.tree.node_of_path(path), column)


def notices(page):
    return [f"{notice.title} {notice.text}" for notice in page.view.notices.notices()]


def facts(page):
    words = (widget.fact for widget in page.view.inspector.tensor.facts.widgets)
    return [f"{fact.lead} {fact.text}".strip() for fact in words]


def test_a_section_is_moved_after_it_was_said_what_it_needs(qtbot, window, page, service):
    page.view.select(("model",))
    window.actions_by_key["move_to_device"].trigger()
    confirm = confirmed(qtbot, window)
    assert confirm.title.text() == "Move model to cuda:0?"
    assert confirm.text.text() == "5 tensors. Needs 4.6 KiB; 78.0 of 80.0 GiB are free on cuda:0."
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    settle(qtbot, page)
    assert len(service.residents()) == 5  # the tied head is no other tensor
    assert notices(page) == ["5 tensors, 4.6 KiB, are on cuda:0. Read back and equal."]
    assert not page.view.tree.view.isColumnHidden(Column.DEVICE)
    assert cell(page, ("model",)) == "cuda:0"
    assert cell(page, ("model", "head.weight")) == "cuda:0 (cpu)"
    assert cell(page, ("ema",)) == "file"
    assert cell(page, ()) == "6 of 12"


def test_the_inspector_says_where_a_tensor_is_and_where_its_figures_came_from(qtbot, window, page, service):
    page.view.summaries.stop_pass()
    move(qtbot, window, page, ("model",))
    page.view.select(("model", "layers.0.weight"))
    qtbot.waitUntil(lambda: page.view.inspector.tensor is not None)
    qtbot.waitUntil(lambda: "now on cuda:0" in facts(page))
    assert "saved on cpu" in facts(page)
    row = page.view.opened.checkpoint.row(("model", "layers.0.weight"))
    page.view.summaries.want_first(row, exact=True)
    page.view.summaries._looked_at.clear()
    page.view.summaries.want_first(row, exact=True)
    qtbot.waitUntil(lambda: service.figured > 0)
    panel = page.view.inspector.tensor
    qtbot.waitUntil(panel.origin.isVisible)
    assert panel.origin.text() == "Figures worked out on cuda:0."
    service.fell_back = "cuda:0 has 1.0 MiB free."
    page.view.summaries._looked_at.clear()
    page.view.summaries.want_first(row, exact=True)
    qtbot.waitUntil(lambda: panel.origin.text() == "Figures worked out on the CPU: cuda:0 has 1.0 MiB free.")


def test_the_question_waits_for_torch_and_can_be_refused(qtbot, window, page, service):
    service.go.clear()
    window.actions_by_key["move_to_device"].trigger()
    assert window.sheets.confirm.text.text() == "Starting PyTorch…"
    assert not window.sheets.confirm.primary.isVisible()
    service.go.set()
    confirm = confirmed(qtbot, window)
    assert confirm.title.text() == "Move epoch_3.pt to cuda:0?"
    qtbot.mouseClick(confirm.cancel, LEFT)
    assert confirm.isHidden()
    window.devices.ask()
    qtbot.waitUntil(lambda: not window.devices.asking)
    assert confirm.isHidden()
    assert not service.residents()


def test_a_move_is_told_of_in_the_foot_and_cancelled_there(qtbot, window, page, service):
    page.view.select(("model",))
    window.actions_by_key["move_to_device"].trigger()
    confirm = confirmed(qtbot, window)
    service.go.clear()
    confirm.primary.click()
    qtbot.waitUntil(lambda: "Moving 5 tensors to cuda:0" in window.status.text.text())
    qtbot.waitUntil(lambda: window.status.detail.text() == "2.3 of 4.6 KiB")
    assert not window.actions_by_key["move_to_device"].isEnabled()
    qtbot.mouseClick(window.status.cross, LEFT)
    service.go.set()
    assert notices(page) == ["The move was cancelled. Nothing of it was moved."]
    qtbot.waitUntil(lambda: window.actions_by_key["move_to_device"].isEnabled())
    assert not service.residents()


@pytest.mark.parametrize("fault", [out_of_memory(), DeviceLostError("The process that has torch was killed.")])
def test_a_move_that_fails_says_so_where_one_looks(qtbot, window, page, service, fault):
    service.fault = fault
    page.view.select(("model",))
    window.actions_by_key["move_to_device"].trigger()
    confirmed(qtbot, window).primary.click()
    qtbot.waitUntil(lambda: bool(notices(page)))
    assert notices(page) == [f"Nothing was moved to cuda:0. {fault} Everything is still read from the file."]
    assert cell(page, ()) == "file"
    move(qtbot, window, page, ("model",))
    assert cell(page, ("model",)) == "cuda:0"


class TestShortOfMemory:
    @pytest.fixture
    def service(self):
        return FakeService(DeviceInfo("cuda:0", DeviceKind.CUDA, "Small", GIB, 5000))

    def test_what_does_not_fit_is_not_begun_and_what_would_is_offered(self, qtbot, window, page, service):
        page.view.select(())
        window.actions_by_key["move_to_device"].trigger()
        confirm = confirmed(qtbot, window)
        assert confirm.text.text() == "It needs 11.8 KiB; 4.9 KiB are free on cuda:0."
        assert confirm.note.text() == "model (4.6 KiB) would fit."
        qtbot.mouseClick(confirm.primary, LEFT)
        settle(qtbot, page)
        qtbot.waitUntil(lambda: len(service.residents()) == 5)


def test_what_is_there_already_is_not_moved_again(qtbot, window, page):
    move(qtbot, window, page, ("model",))
    window.actions_by_key["move_to_device"].trigger()
    qtbot.waitUntil(lambda: window.sheets.asking and "already" in window.sheets.confirm.text.text())
    assert window.sheets.confirm.text.text() == "It is on cuda:0 already."
    assert not window.sheets.confirm.primary.isVisible()


def test_moving_to_the_cpu_brings_what_lies_on_the_gpu_and_reads_the_rest(qtbot, window, page, service):
    move(qtbot, window, page, ("model", "layers.0.bias"))
    tokens = set(service.residents())
    move(qtbot, window, page, ("model",), "move_to_cpu")
    assert tokens < set(service.residents())
    assert {resident.device for resident in service.residents().values()} == {"cpu"}
    assert cell(page, ("model",)) == "CPU memory"
    assert cell(page, ("model", "layers.0.bias")) == "CPU memory"
    assert "in CPU memory" in notices(page)[-1]


def test_the_tree_s_menu_moves_a_row_and_lets_go_of_it(qtbot, window, page, service):
    node = page.view.opened.tree.node_of_path(("ema", "layers.1.bias"))
    entries = {action.text(): action for action in page.view.tree.menu(node).actions()}
    assert not entries["Free"].isEnabled()
    entries["Move to a device…"].trigger()
    confirmed(qtbot, window).primary.click()
    settle(qtbot, page)
    assert cell(page, ("ema", "layers.1.bias")) == "cuda:0 (cpu)"
    assert cell(page, ("ema",)) == "1 of 6"
    entries = {action.text(): action for action in page.view.tree.menu(node).actions()}
    assert "Move to cuda:0…" in entries
    entries["Free"].trigger()
    settle(qtbot, page)
    qtbot.waitUntil(lambda: not service.residents())
    assert cell(page, ("ema", "layers.1.bias")) == "file"
    assert page.view.tree.view.isColumnHidden(Column.DEVICE)


def test_what_is_held_outlives_its_file(qtbot, window, page, source, tmp_path):
    loaded = torch.load(source, weights_only=True)
    move(qtbot, window, page, ("model",))
    page.view.summaries.stop_pass()
    os.remove(source)
    page.look_for_changes()
    qtbot.waitUntil(lambda: any("is gone from the disk" in words for words in notices(page)))
    assert any("What is held can be shown: 5 tensors on cuda:0." in words for words in notices(page))
    page.view.select(("model", "layers.1.weight"))
    qtbot.waitUntil(lambda: page.view.inspector.tensor is not None)
    tab = page.view.inspector.tensor
    tab.half.open("values")
    qtbot.waitUntil(lambda: not tab.settling, timeout=10_000)
    subject = page.subject()
    assert subject.checkpoint is not page.view.opened.checkpoint
    out = str(tmp_path / "out.pt")
    page.export.write(subject, subject.request(page.export.memory().preset("state-dict").request), out)
    qtbot.waitUntil(lambda: not page.export.busy, timeout=10_000)
    written = torch.load(out, weights_only=True)
    assert list(written) == list(loaded["model"])
    assert all(torch.equal(written[name], loaded["model"][name]) for name in written)
    assert written["head.weight"].data_ptr() == written["embed.weight"].data_ptr()


def test_what_is_said_of_a_move_and_of_a_lost_file_follows_what_is_held(qtbot, window, page, source):
    move(qtbot, window, page, ("model",))
    os.remove(source)
    page.look_for_changes()
    qtbot.waitUntil(lambda: any("5 tensors on cuda:0." in words for words in notices(page)))
    window.actions_by_key["free_memory"].trigger()
    question = dialog_of(qtbot, Dialog)
    assert "this is the only copy: 5 tensors on cuda:0." in question.findChildren(PlainLabel)[1].text()
    assert "the only copy" in page.unfinished()
    qtbot.mouseClick(question.primary, LEFT)
    settle(qtbot, page)
    page.look_for_changes()
    qtbot.waitUntil(lambda: not any("What is held" in words for words in notices(page)))
    (gone,) = notices(page)
    assert gone.startswith("epoch_3.pt is gone from the disk.")
    qtbot.mouseClick(page.view.notices.banner("changed").put_away, LEFT)
    page.look_for_changes()
    qtbot.waitUntil(lambda: not page._watch_lane.busy)
    assert notices(page) == []  # it was put away, and there is no more to say


def test_when_the_process_dies_every_row_is_in_the_file_again(qtbot, window, page, service):
    move(qtbot, window, page, ("model",))
    page.view.notices.clear()
    service.die()
    qtbot.waitUntil(lambda: cell(page, ()) == "file")
    assert len(notices(page)) == 1
    assert notices(page)[0].startswith("5 tensors are read from the file again. The process that has torch was")
    assert page.view.tree.view.isColumnHidden(Column.DEVICE)
    move(qtbot, window, page, ("model",))
    assert cell(page, ("model",)) == "cuda:0"


def test_closing_the_tab_lets_go(qtbot, window, page, service, tmp_path):
    move(qtbot, window, page, ("model",))
    other = opened(qtbot, window, save(tmp_path / "epoch_4.pt"))
    move(qtbot, window, other, ("ema",))
    assert len(service.residents()) == 11
    window.close_page(0)
    qtbot.waitUntil(lambda: len(service.residents()) == 6)
    assert [holding.name for holding in window.devices.held.values()] == ["epoch_4.pt"]


def test_a_file_that_is_written_again_is_read_anew(qtbot, window, page, service, source):
    move(qtbot, window, page, ("model",))
    save(source)
    os.utime(source, ns=(1, 1))
    with qtbot.waitSignal(page.opened):
        page.reload()
    qtbot.waitUntil(lambda: not service.residents())
    assert cell(page, ()) == "file"


def test_in_a_run_moving_belongs_to_the_epoch_that_is_looked_at(qtbot, window, service, run_folder):
    window.open_path(str(run_folder))
    qtbot.waitUntil(lambda: window.current.ready and window.current.series() is not None, timeout=10_000)
    assert window.current.able("move") == "Turn to one epoch to move its tensors."
    done = []
    window.current.show_checkpoint(lambda: done.append(True))
    qtbot.waitUntil(lambda: window.current.document() is not None, timeout=10_000)
    assert window.current.able("move") == ""
    window.current.move_to_device()
    confirmed(qtbot, window).primary.click()
    qtbot.waitUntil(lambda: len(service.residents()) == 3)
