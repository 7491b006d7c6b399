"""One file's tab: what is wrong with it stands above it, and a rewrite is announced."""

import json
import os

import torch
from PySide6.QtCore import Qt

from ckptgui.engine.job import Cancel
from ckptgui.errors import CheckpointError, UnreadableFileError
from ckptgui.gui import opening as opening_module
from ckptgui.gui.opening import Opening

from .conftest import opened, save_epoch

LEFT = Qt.MouseButton.LeftButton


def keys(page):
    return [notice.key for notice in page.view.notices.notices()]


def test_a_cut_file_shows_what_is_left_and_how_much_that_is(qtbot, window, tmp_path):
    path = tmp_path / "cut.pt"
    torch.save({f"layer{i}": torch.randn(4096) for i in range(4)}, path)
    path.write_bytes(path.read_bytes()[:40_000])
    page = opened(qtbot, window, path)
    assert "damage" in keys(page)
    banner = page.view.notices.banner("damage")
    assert "of 4 tensors are whole" in banner.notice.text
    assert len(page.document().opened.checkpoint) == 4


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)


def test_a_whole_model_names_its_class_and_offers_the_export(qtbot, window, tmp_path):
    path = tmp_path / "model.pt"
    torch.save(Net(), path)
    page = opened(qtbot, window, path)
    banner = page.view.notices.banner("module")
    assert banner.title.text().endswith("Net.")
    assert "2 tensors" in banner.notice.text
    assert banner.link.text() == "Export state dict"


def test_a_rewritten_file_is_announced_and_reloaded_on_demand(qtbot, window, checkpoint):
    page = opened(qtbot, window, checkpoint)
    save_epoch(checkpoint, 7)
    os.utime(checkpoint, (1, 1))
    page.look_for_changes()
    qtbot.waitUntil(lambda: "changed" in keys(page))
    qtbot.mouseClick(page.view.notices.banner("changed").link, LEFT)
    qtbot.waitUntil(lambda: page.document().opened.checkpoint.metadata["epoch"] == 7)
    assert "changed" not in keys(page)


def test_a_file_that_is_gone_is_announced(qtbot, window, checkpoint):
    page = opened(qtbot, window, checkpoint)
    os.unlink(checkpoint)
    page.look_for_changes()
    qtbot.waitUntil(lambda: "changed" in keys(page))
    assert "is gone" in page.view.notices.banner("changed").title.text()


def test_a_slow_opening_shows_itself_and_can_be_cancelled(qtbot, window, checkpoint, monkeypatch):
    def slow(self, cancel, report):
        while True:
            cancel.check()
            cancel._event.wait(0.01)

    monkeypatch.setattr(opening_module.Opening, "_read", slow)
    page = window.open_path(checkpoint)
    assert not page.opening_view.cancel.isVisible()
    qtbot.waitUntil(lambda: page.opening_view.cancel.isVisible())
    qtbot.mouseClick(page.opening_view.cancel, LEFT)
    assert page.failed_view.isVisible()
    assert "cancelled" in page.failed_view.title.text()
    monkeypatch.undo()
    qtbot.mouseClick(page.failed_view.again, LEFT)
    qtbot.waitUntil(lambda: page.document() is not None)


def test_an_opening_that_began_before_the_window_is_not_done_twice(monkeypatch, checkpoint):
    calls = []
    read = Opening._read

    def counted(self, cancel, report):
        calls.append(self.path)
        return read(self, cancel, report)

    monkeypatch.setattr(Opening, "_read", counted)
    opening = Opening(checkpoint)
    opening.begin_early()
    assert len(opening(Cancel(), lambda _: None).checkpoint) == 3
    assert calls == [checkpoint]


def test_an_early_opening_hands_its_failure_on(tmp_path):
    opening = Opening(str(tmp_path / "missing.pt"))
    opening.begin_early()
    try:
        opening(Cancel(), lambda _: None)
    except CheckpointError as error:
        assert isinstance(error, UnreadableFileError)
    else:
        raise AssertionError("it was opened")


def test_a_tensor_that_takes_long_to_read_shows_how_far_it_is_and_can_be_stopped(qtbot, window, tmp_path):
    nbytes = 64 * 2**30
    header = json.dumps({"huge": {"dtype": "F32", "shape": [nbytes // 4], "data_offsets": [0, nbytes]}}).encode()
    path = tmp_path / "sparse.safetensors"
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + nbytes)
    page = opened(qtbot, window, path)
    qtbot.waitUntil(lambda: page.activity() is not None and page.activity().done > 0, timeout=10_000)
    assert window.status.text.text() == "Reading values"
    assert "of 64.00 GiB, " in window.status.detail.text()
    qtbot.mouseClick(window.status.cross, LEFT)
    assert page.activity() is None
    assert window.status.text.text().startswith("Reading stopped at ")
    qtbot.mouseClick(window.status.link, LEFT)
    qtbot.waitUntil(lambda: page.activity() is not None)


def test_a_file_that_changes_while_it_is_read_is_announced_at_once(qtbot, window, checkpoint, monkeypatch):
    from ckptgui.gui import figures

    real = figures.profile

    def meanwhile(opened, rows, *rest):
        save_epoch(checkpoint, 7)
        os.utime(checkpoint, (1, 1))
        real(opened, rows, *rest)

    monkeypatch.setattr(figures, "profile", meanwhile)
    page = opened(qtbot, window, checkpoint)
    qtbot.waitUntil(lambda: "changed" in keys(page), timeout=10_000)
    qtbot.waitUntil(lambda: page.outcome().startswith("The file changed after "), timeout=10_000)
    assert page.link() is None


def test_a_tensor_with_nan_gets_its_mark_in_the_ribbon(qtbot, window, tmp_path):
    torch.save({"good": torch.ones(400), "bad": torch.full((400,), float("nan"))}, tmp_path / "nan.pt")
    page = opened(qtbot, window, tmp_path / "nan.pt")
    view = page.document()
    qtbot.waitUntil(lambda: view.summaries.profile.known.all(), timeout=10_000)
    assert view.ribbon._map.error.sum() == 1
