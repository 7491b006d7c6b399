"""The window with the real process behind it, and its simulated device."""

import os
import signal

import pytest
import torch

from ckptgui.device.process import DeviceProcess

from .conftest import LONG, confirmed, move, settle
from .test_moving import cell, facts, notices

SETTINGS = {"quiet": "memory=64MB,latency=1ms", "forgetful": "memory=64MB,fault=oom@0.5"}


@pytest.fixture
def service(request):
    """The process; it is gone when the window is."""
    process = DeviceProcess(SETTINGS[getattr(request, "param", "quiet")])
    process.asked, process.closed = 1, True  # what the window's fixture asks of a fake
    yield process
    pid = process.pid
    assert pid is None or not os.path.exists(f"/proc/{pid}")


def test_what_lies_on_a_device_is_shown_and_exported_without_its_file(
    qtbot, window, page, service, source, tmp_path
):
    loaded = torch.load(source, weights_only=True)
    page.view.summaries.stop_pass()
    assert page.view.select(("model",))
    window.actions_by_key["move_to_device"].trigger()
    qtbot.waitUntil(lambda: window.sheets.confirm.primary.isVisible(), timeout=LONG)
    confirmed(qtbot, window).primary.click()
    settle(qtbot, page)
    assert notices(page) == ["5 tensors, 4.6 KiB, are on sim:0 (simulated). Read back and equal."]
    os.remove(source)
    row = page.view.opened.checkpoint.row(("model", "layers.1.weight"))
    page.view.summaries._looked_at.clear()
    page.view.tree.select_row(row)
    qtbot.waitUntil(lambda: page.view.inspector.tensor is not None and "now on sim:0 (simulated)" in facts(page))
    page.view.summaries.want_first(row, exact=True)
    tensor = page.view.inspector.tensor
    qtbot.waitUntil(tensor.origin.isVisible, timeout=LONG)
    assert tensor.origin.text() == "Figures worked out on sim:0 (simulated)."
    subject, out = page.subject(), str(tmp_path / "out.pt")
    page.export.write(subject, subject.request(page.export.memory().preset("state-dict").request), out)
    qtbot.waitUntil(lambda: not page.export.busy, timeout=LONG)
    written = torch.load(out, weights_only=True)
    assert list(written) == list(loaded["model"])
    assert all(torch.equal(written[name], tensor) for name, tensor in loaded["model"].items())

    os.kill(service.pid, signal.SIGKILL)  # and what was held is told to be gone
    qtbot.waitUntil(lambda: cell(page, ()) == "file")
    qtbot.waitUntil(lambda: any("read from the file again" in words for words in notices(page)))


@pytest.mark.parametrize("service", ["forgetful"], indirect=True)
def test_a_device_that_runs_out_of_memory_leaves_all_in_the_file(qtbot, window, page, service):
    assert page.view.select(("model",))
    window.actions_by_key["move_to_device"].trigger()
    qtbot.waitUntil(lambda: window.sheets.confirm.primary.isVisible(), timeout=LONG)
    window.sheets.confirm.primary.click()
    qtbot.waitUntil(lambda: bool(notices(page)), timeout=LONG)
    assert notices(page)[0].startswith("Nothing was moved to sim:0 (simulated). sim:0 ran out of memory")
    assert cell(page, ()) == "file"
    move(qtbot, window, page, ("ema",), "move_to_cpu")
    assert cell(page, ("ema",)) == "CPU memory"
