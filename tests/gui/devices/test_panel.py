"""The devices panel: what there is and what is free, why there is none; nothing starts before it is asked."""

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from shiboken6 import delete

from ckptgui.device.messages import DeviceError, DeviceInfo, DeviceKind

from ..conftest import opened
from .conftest import move
from .fake import GIB, NO_GPU, SIMULATED, FakeService

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
SECOND = DeviceInfo("cuda:1", DeviceKind.CUDA, "Another graphics card", 40 * GIB, 4 * GIB)


def panel_of(qtbot, window):
    """The panel, opened by its key, once the devices are known."""
    qtbot.keyClick(window, Qt.Key.Key_D, CTRL)
    panel = window.sheets.panel
    qtbot.waitUntil(lambda: panel.isVisible() and bool(panel.rows))
    return panel


def test_opening_a_file_starts_nothing(window, page, service):
    assert service.asked == 0
    assert window.top.devices.text() == "CPU"
    assert window.actions_by_key["move_to_device"].text() == "Move to a device…"


def test_the_panel_says_that_torch_starts_then_what_is_free(qtbot, window, page, service):
    service.go.clear()
    qtbot.mouseClick(window.top.devices, LEFT)
    panel = window.sheets.panel
    assert panel.waiting.isVisible()
    assert panel.waiting.text() == "Starting PyTorch…"
    service.go.set()
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    assert not panel.waiting.isVisible()
    assert [row.accessibleName() for row in panel.rows] == [
        "CPU, A processor, 20.0 of 32.0 GiB free",
        "cuda:0, A graphics card, 78.0 of 80.0 GiB free",
    ]
    assert panel.rows[1].isChecked()
    assert window.top.devices.text() == "cuda:0"
    assert panel.buttons["move_to_device"].text() == "Move to cuda:0…"


def test_it_goes_though_what_had_the_keyboard_before_is_gone(qtbot, window, page):
    before = QLineEdit(window)
    before.show()
    before.setFocus()
    panel = panel_of(qtbot, window)
    delete(before)
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.isHidden()


def test_it_goes_with_escape_a_click_beside_it_or_its_key_and_gives_the_keyboard_back(qtbot, window, page):
    page.focus_rows()
    panel = panel_of(qtbot, window)
    assert panel.isAncestorOf(window.focusWidget()) or window.focusWidget() is panel
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.isHidden()
    assert window.focusWidget() is page.view.tree.view
    qtbot.keyClick(window, Qt.Key.Key_D, CTRL)
    qtbot.mouseClick(window.childAt(40, 400), LEFT)
    assert panel.isHidden()
    qtbot.keyClick(window, Qt.Key.Key_D, CTRL)
    qtbot.keyClick(window, Qt.Key.Key_D, CTRL)
    assert panel.isHidden()


def test_tab_stays_inside(qtbot, window, page):
    panel = panel_of(qtbot, window)
    for _ in range(12):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        assert panel.isAncestorOf(window.focusWidget())


def test_memory_is_looked_at_again_only_while_the_panel_is_open(qtbot, window, page, service):
    window.devices._look.setInterval(10)
    panel = panel_of(qtbot, window)
    qtbot.waitUntil(lambda: service.asked > 3)
    service.devices[0] = DeviceInfo("cpu", DeviceKind.CPU, "A processor", 32 * GIB, 3 * GIB)
    qtbot.waitUntil(lambda: panel.rows[0].memory() == "3.0 of 32.0 GiB free")
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert not window.devices._look.isActive()


class TestWithoutAnAccelerator:
    @pytest.fixture
    def service(self):
        return FakeService(why_none=NO_GPU)

    def test_the_reason_is_said_and_what_works_works(self, qtbot, window, page):
        panel = panel_of(qtbot, window)
        qtbot.waitUntil(panel.reason.isVisible)
        assert [row.memory() for row in panel.rows] == ["20.0 of 32.0 GiB free", "not available"]
        assert panel.reason.text() == NO_GPU
        button = panel.buttons["move_to_device"]
        assert button.text() == "Move to cuda:0…"
        assert not button.isEnabled()
        assert "built for CPU only" in button.toolTip()
        assert not window.actions_by_key["move_to_device"].isEnabled()
        assert window.actions_by_key["move_to_device"].toolTip() == NO_GPU
        qtbot.mouseClick(panel.buttons["resave_for_device"], LEFT)
        qtbot.waitUntil(lambda: page.export.dialog is not None)
        page.export.dialog.reject()

    def test_what_was_saved_on_a_gpu_is_said_to_be_read_without_one(self, qtbot, window, tmp_path, monkeypatch):
        monkeypatch.setattr(torch.serialization, "location_tag", lambda storage: "cuda:0")
        torch.save({"a": torch.zeros(3), "b": torch.ones(3)}, tmp_path / "gpu.pt")
        opened(qtbot, window, tmp_path / "gpu.pt")
        panel = panel_of(qtbot, window)
        assert panel.about_file.text() == "The 2 tensors saved on cuda:0 are read here without one."

    def test_the_menu_of_tensors_finds_out_by_itself(self, qtbot, window, page, service):
        menu = next(a.menu() for a in window.menuBar().actions() if a.text() == "Tensor")
        menu.aboutToShow.emit()
        qtbot.waitUntil(lambda: not window.actions_by_key["move_to_device"].isEnabled())
        assert window.actions_by_key["move_to_cpu"].isEnabled()


class TestWithTwo:
    @pytest.fixture
    def service(self):
        return FakeService(SIMULATED, SECOND)

    def test_a_click_chooses_where_things_go_and_a_simulated_one_always_says_so(self, qtbot, window, page):
        panel = panel_of(qtbot, window)
        assert window.top.devices.text() == "sim:0 (simulated)"
        assert window.actions_by_key["resave_for_device"].text() == "Re-save for CPU…"
        assert "simulated" in panel.rows[1].accessibleName()
        qtbot.mouseClick(panel.rows[2], LEFT)
        assert [row.isChecked() for row in panel.rows] == [False, False, True]
        assert window.top.devices.text() == "cuda:1"
        assert window.actions_by_key["move_to_device"].text() == "Move to cuda:1…"
        assert window.actions_by_key["resave_for_device"].text() == "Re-save for cuda:1…"
        qtbot.mouseClick(panel.rows[0], LEFT)  # the CPU is no accelerator
        assert window.top.devices.text() == "cuda:1"


def test_a_process_that_cannot_start_says_why_and_is_tried_again(qtbot, window, page, service):
    service.trouble = DeviceError("PyTorch is not installed.")
    qtbot.keyClick(window, Qt.Key.Key_D, CTRL)
    panel = window.sheets.panel
    qtbot.waitUntil(panel.again.isVisible)
    assert panel.reason.text() == "PyTorch is not installed."
    assert not panel.buttons["move_to_device"].isEnabled()
    service.trouble = None
    qtbot.mouseClick(panel.again, LEFT)
    qtbot.waitUntil(lambda: len(panel.rows) == 2)
    assert not panel.reason.isVisible()
    assert panel.buttons["move_to_device"].isEnabled()


def test_what_is_held_is_listed_and_let_go_by_a_click(qtbot, window, page, service):
    move(qtbot, window, page, ("model",))
    move(qtbot, window, page, ("ema",), "move_to_cpu")
    panel = panel_of(qtbot, window)
    qtbot.waitUntil(lambda: len(panel.held.lines()) == 3)
    assert panel.held.lines() == [
        "epoch_3.pt: 5 tensors, 4.6 KiB on cuda:0",
        "epoch_3.pt: 6 tensors, 7.1 KiB in CPU memory",
        "Together 11 tensors, 11.8 KiB",
    ]
    qtbot.mouseClick(panel.held.links()[0], LEFT)
    qtbot.waitUntil(lambda: len(panel.held.lines()) == 1)
    qtbot.waitUntil(lambda: len(service.residents()) == 6)
    qtbot.mouseClick(panel.held.links()[0], LEFT)
    qtbot.waitUntil(lambda: not service.residents())
    assert panel.held.isHidden()
