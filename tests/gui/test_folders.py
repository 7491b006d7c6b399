"""Folders in the window: one checkpoint is a document, several are a run, and the disk is asked elsewhere."""

import os
import shutil
import threading

from PySide6.QtCore import Qt

from ckptgui.gui.compare.page import SeriesPage
from ckptgui.gui.document import DocumentPage
from ckptgui.gui.export.dialog import ExportDialog
from tests.formats.folder_files import write_shards, write_trainer

from .conftest import dialog_of, drop, opened


def test_a_dropped_folder_of_one_checkpoint_is_a_document(qtbot, window, tmp_path):
    write_trainer(tmp_path / "checkpoint-8")
    drop(window, tmp_path / "checkpoint-8")
    qtbot.waitUntil(lambda: window.current.document() is not None)
    page = window.current
    assert isinstance(page, DocumentPage)
    assert (page.title(), page.icon) == ("checkpoint-8", "checkpoint")
    assert page.document().select(("optimizer.pt", "state", "0", "exp_avg"))
    assert (
        page.document().opened.checkpoint.nbytes > (tmp_path / "checkpoint-8" / "model.safetensors").stat().st_size
    )


def test_a_folder_of_folders_is_a_run_in_the_order_of_their_steps(qtbot, window, tmp_path):
    for step in (8, 16, 128):
        write_trainer(tmp_path / "out" / f"checkpoint-{step}", step, step / 8)
    page = opened(qtbot, window, tmp_path / "out")
    assert isinstance(page, SeriesPage)
    assert [member.name for member in page.run.members] == ["checkpoint-8", "checkpoint-16", "checkpoint-128"]
    page.halves.show_epoch()
    qtbot.waitUntil(lambda: page.document() is not None)
    assert page.document().opened.checkpoint.path == str(tmp_path / "out" / "checkpoint-128")
    page.document().select(("model.safetensors", "0.weight"))
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    qtbot.waitUntil(lambda: page.document().opened.checkpoint.path.endswith("checkpoint-16"))
    assert page.document().selection().path == ("model.safetensors", "0.weight")


def test_the_tab_of_a_shard_is_called_as_the_whole(qtbot, window, tmp_path):
    files = write_shards(tmp_path / "llama")
    page = opened(qtbot, window, tmp_path / "llama" / files[1])
    assert page.title() == "llama"
    assert len(page.document().opened.checkpoint) == 5


def test_shards_dropped_together_are_one_tab(qtbot, window, tmp_path):
    files = write_shards(tmp_path / "llama")
    drop(window, *(tmp_path / "llama" / file for file in files))
    qtbot.waitUntil(lambda: window.current.document() is not None)
    page = window.open_path(str(tmp_path / "llama" / "model.safetensors.index.json"))
    assert window.documents == (page,)


def test_a_run_stands_where_its_tab_was_and_one_tab_is_enough(qtbot, window, run_folder, tmp_path):
    write_trainer(tmp_path / "checkpoint-8")
    first = opened(qtbot, window, tmp_path / "checkpoint-8")
    run = opened(qtbot, window, run_folder)
    assert window.documents == (first, run)
    assert window.open_path(str(run_folder)) is run
    assert window.top.tabs.count() == 2


def test_the_thread_of_the_window_asks_nothing_of_the_disk(qtbot, window, run_folder, tmp_path, monkeypatch):
    write_shards(tmp_path / "llama")
    asked = []
    gui = threading.current_thread()

    def watched(plain):
        def call(path, *rest, **options):
            if threading.current_thread() is gui and str(path).startswith(
                (str(run_folder), str(tmp_path / "llama"))
            ):
                asked.append(path)
            return plain(path, *rest, **options)

        return call

    for name in ("stat", "open", "scandir", "listdir", "lstat"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    for path in (run_folder, tmp_path / "llama"):
        opened(qtbot, window, path)
    assert asked == []


def test_a_folder_that_vanishes_while_open_is_said_to_be_gone(qtbot, window, tmp_path):
    write_trainer(tmp_path / "checkpoint-8")
    page = opened(qtbot, window, tmp_path / "checkpoint-8")
    shutil.rmtree(tmp_path / "checkpoint-8")
    page.look_for_changes()
    qtbot.waitUntil(lambda: any(notice.key == "changed" for notice in page.view.notices.notices()))
    title = next(notice.title for notice in page.view.notices.notices() if notice.key == "changed")
    assert title == "model.safetensors in checkpoint-8 is gone from the disk."
    page.reload()
    qtbot.waitUntil(lambda: page.failed_view.isVisible())
    assert "no such file or folder" in page.failed_view.reason.text()


def test_a_shard_that_comes_later_is_noticed_and_a_reload_shows_it(qtbot, window, tmp_path):
    files = write_shards(tmp_path / "llama")
    late = (tmp_path / "llama" / files[2]).rename(tmp_path / "late")
    page = opened(qtbot, window, tmp_path / "llama")
    page.look_for_changes()
    qtbot.waitUntil(lambda: not page._watch_lane.busy)
    assert not any(notice.key == "changed" for notice in page.view.notices.notices())
    late.rename(tmp_path / "llama" / files[2])
    page.look_for_changes()
    qtbot.waitUntil(lambda: any(notice.key == "changed" for notice in page.view.notices.notices()))
    banner = page.view.notices.banner("changed")
    assert banner.title.text() == f"{files[2]} in llama is new."
    qtbot.mouseClick(banner.link, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.view.opened.checkpoint.tensors.errors)


def test_a_missing_shard_is_told_above_the_tree(qtbot, window, tmp_path):
    files = write_shards(tmp_path / "llama")
    (tmp_path / "llama" / files[2]).unlink()
    page = opened(qtbot, window, tmp_path / "llama")
    notice = next(notice for notice in page.view.notices.notices() if notice.key == "damage")
    assert files[2] in f"{notice.title} {notice.text}"
    opened_now = page.document().opened
    row = next(iter(opened_now.checkpoint.tensors.errors))
    rows = page.document().tree.view.model().rows
    node = opened_now.tree.node_of_row(row)
    assert rows.shape(node) == "" and [badge.text for badge in rows.badges(node, False)] == ["missing"]
    page.document().select(opened_now.checkpoint.tensors.path(row))
    inspector = page.document().inspector
    qtbot.waitUntil(lambda: inspector.tensor is not None and inspector.tensor.isVisible(), timeout=10_000)
    assert inspector.tensor.facts.widgets == []


def test_an_export_is_proposed_beside_the_folder_and_named_after_it(qtbot, window, tmp_path):
    files = write_shards(tmp_path / "Llama-3.1-8B")
    opened(qtbot, window, tmp_path / "Llama-3.1-8B" / files[0])
    qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = dialog_of(qtbot, ExportDialog)
    qtbot.waitUntil(lambda: dialog.up_to_date)
    assert dialog.foot.path() == str(tmp_path / "Llama-3.1-8B-state-dict.pt")
    dialog.reject()
