"""A run that is exported: a row of progress each, cancelling one or all, and what is said at the end."""

import threading
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt

from ckptgui.export.batch import State
from ckptgui.export.run import export
from ckptgui.gui.export_batch.model import STATE
from ckptgui.gui.export_batch.table import cross_in
from tests.gui.conftest import opened


@pytest.fixture
def page(qtbot, window, run_folder):
    page = opened(qtbot, window, run_folder)
    page.batch.show_folder = lambda folder: setattr(page.batch, "shown", folder)
    return page


def begin(qtbot, page, prepare=lambda dialog: None):
    page.export_series()
    qtbot.waitUntil(lambda: page.batch.choosing is not None)
    dialog = page.batch.choosing
    prepare(dialog)
    qtbot.waitUntil(dialog.export.isEnabled)
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)


@pytest.fixture
def held(monkeypatch):
    """The second export waits until it is let go."""
    gate = threading.Event()

    def slowly(plan, pool, cancel, report):
        if plan.checkpoint.metadata["epoch"] == 2:
            while not gate.wait(0.01):
                cancel.check()
        return export(plan, pool, cancel, report)

    monkeypatch.setattr("ckptgui.export.run.export", slowly)
    yield gate
    gate.set()


def states(page):
    return [standing.state for standing in page.batch.going.standings]


def notice(page):
    return page.halves.compare.notices.banner("export the run").notice


def test_a_run_is_exported_and_the_way_to_it_is_shown(qtbot, page, window, run_folder):
    begin(qtbot, page, lambda dialog: dialog.naming.field.setText("{stem}-{section}"))
    qtbot.waitUntil(lambda: not page.batch.busy and page.batch.going is not None)
    folder = Path(f"{run_folder}-export")
    assert sorted(each.name for each in folder.iterdir()) == [f"epoch_{n}-model_state_dict.pt" for n in (1, 10, 2)]
    assert len(torch.load(folder / "epoch_2-model_state_dict.pt", weights_only=True)) == 3
    told = notice(page)
    assert told.title.startswith("3 checkpoints exported, ") and " to " in told.title
    told.act()
    assert page.batch.shown == str(folder)
    dialog = page.batch.watching
    assert dialog.said.text() == "3 of 3 checkpoints exported" and dialog.shut.text() == "Close"
    assert window.settings.now.export_template == "{stem}-{section}"
    qtbot.mouseClick(dialog.shut, Qt.MouseButton.LeftButton)
    page.export_series()
    qtbot.waitUntil(lambda: page.batch.choosing is not None)
    assert page.batch.choosing.naming.text() == "{stem}-{section}"


def test_closing_the_dialogue_lets_it_go_on(qtbot, page, window, held):
    begin(qtbot, page)
    qtbot.waitUntil(lambda: states(page)[:2] == [State.DONE, State.PLANNING])
    assert page.activity().text.startswith("Exporting 2 of 3: epoch_2.pt")
    assert "A run is being exported." in page.unfinished()
    dialog = page.batch.watching
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert page.batch.busy and page.batch.watching is None
    page.export_series()
    assert page.batch.watching.isVisible() and page.batch.choosing is None
    held.set()
    qtbot.waitUntil(lambda: not page.batch.busy)
    assert states(page) == [State.DONE] * 3 and page.unfinished() == ""


def test_a_click_on_the_cross_cancels_one(qtbot, page, held, run_folder):
    begin(qtbot, page)
    qtbot.waitUntil(lambda: states(page)[1] is State.PLANNING)
    table = page.batch.watching.table
    cell = table.visualRect(page.batch.going.model.index(1, STATE))
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=cross_in(cell).center())
    qtbot.waitUntil(lambda: not page.batch.busy)
    assert states(page) == [State.DONE, State.CANCELLED, State.DONE]
    assert notice(page).title.startswith("2 of 3 checkpoints exported, ") and "1 cancelled" in notice(page).title
    assert len(list(Path(f"{run_folder}-export").iterdir())) == 2


def test_all_are_cancelled_and_what_is_done_stays(qtbot, page, held, run_folder):
    begin(qtbot, page)
    qtbot.waitUntil(lambda: states(page)[1] is State.PLANNING)
    qtbot.mouseClick(page.batch.watching.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page.batch.busy)
    assert states(page) == [State.DONE, State.CANCELLED, State.CANCELLED]
    assert len(list(Path(f"{run_folder}-export").iterdir())) == 1


def test_one_that_fails_is_named_and_the_others_are_there(qtbot, page, run_folder):
    def spoil(dialog):
        qtbot.waitUntil(dialog.export.isEnabled)
        (run_folder / "epoch_2.pt").unlink()

    begin(qtbot, page, spoil)
    qtbot.waitUntil(lambda: not page.batch.busy and page.batch.going is not None)
    assert states(page) == [State.DONE, State.FAILED, State.DONE]
    told = notice(page)
    assert "1 failed" in told.title and told.text.startswith("epoch_2.pt: ") and told.link == "Details"
    page.batch.watching.accept()
    told.act()
    assert page.batch.watching.isVisible()


def test_closing_the_tab_stops_it(qtbot, page, held, window):
    begin(qtbot, page)
    qtbot.waitUntil(lambda: states(page)[1] is State.PLANNING)
    page.close_page()
    assert not page.batch.busy


def test_a_folder_that_cannot_be_made_is_told(qtbot, page, tmp_path):
    def appear(dialog):
        qtbot.waitUntil(dialog.export.isEnabled)
        dialog.folder.setText(str(tmp_path / "file"))
        qtbot.waitUntil(lambda: dialog.model.lines[0].item and "file" in dialog.model.lines[0].item.out)
        (tmp_path / "file").write_bytes(b"")

    begin(qtbot, page, appear)
    qtbot.waitUntil(lambda: any(each.key == "export the run" for each in page.halves.compare.notices.notices()))
    assert notice(page).text == "It is a file; several exports need a folder."


def test_what_was_typed_last_counts_however_soon_one_goes_on(qtbot, page, tmp_path):
    def type_at_once(dialog):
        qtbot.waitUntil(dialog.export.isEnabled)
        dialog.naming.field.setText("{stem}")
        dialog.folder.setText(str(tmp_path / "elsewhere"))
        dialog.model.tick([0], False)

    begin(qtbot, page, type_at_once)
    qtbot.waitUntil(lambda: page.batch.going is not None and not page.batch.busy)
    assert sorted(each.name for each in (tmp_path / "elsewhere").iterdir()) == ["epoch_10.pt", "epoch_2.pt"]


def test_a_checkpoint_alone_leads_to_its_run(qtbot, window, run_folder, tmp_path):
    page = opened(qtbot, window, run_folder / "epoch_2.pt")
    assert window.actions_by_key["export_series"].isEnabled()
    page.export_series()
    qtbot.waitUntil(lambda: page.batch.choosing is not None)
    assert len(page.batch.choosing.model.lines) == 3
    page.batch.choosing.reject()


def test_a_checkpoint_without_siblings_says_so(qtbot, window, checkpoint):
    page = opened(qtbot, window, checkpoint)
    page.export_series()
    qtbot.waitUntil(lambda: any(each.key == "export the run" for each in page.view.notices.notices()))
    assert page.view.notices.banner("export the run").notice.title == "There is no run here."


def test_what_is_whole_of_a_damaged_one_is_written_on_request(qtbot, window, run_folder):
    path = run_folder / "epoch_2.pt"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"data/2") + 40])
    page = opened(qtbot, window, run_folder)

    def rescue(dialog):
        qtbot.waitUntil(lambda: dialog.rescue.isVisible() and dialog.export.isEnabled())
        assert dialog.export.text().startswith("Export 2 ")
        qtbot.mouseClick(dialog.rescue, Qt.MouseButton.LeftButton, pos=dialog.rescue.rect().center())
        qtbot.waitUntil(lambda: dialog.export.text().startswith("Export 3 ") and dialog.export.isEnabled())

    begin(qtbot, page, rescue)
    qtbot.waitUntil(lambda: page.batch.going is not None and not page.batch.busy)
    assert states(page) == [State.DONE] * 3
    told = notice(page)
    assert told.title.startswith("3 checkpoints exported, ")
    assert "lost; what is whole is written." in told.text and told.link == "Details"


def test_one_that_failed_hides_no_other_that_lost_something(qtbot, window, run_folder):
    path = run_folder / "epoch_2.pt"
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"data/2") + 40])
    (run_folder / "epoch_3.pt").write_bytes(b"hello")
    page = opened(qtbot, window, run_folder)

    def rescue(dialog):
        qtbot.waitUntil(lambda: dialog.rescue.isVisible() and dialog.export.isEnabled())
        dialog.rescue.setChecked(True)
        qtbot.waitUntil(lambda: dialog.export.text().startswith("Export 3 ") and dialog.export.isEnabled())

    begin(qtbot, page, rescue)
    qtbot.waitUntil(lambda: page.batch.going is not None and not page.batch.busy)
    told = notice(page)
    assert told.title.startswith("3 of 4 checkpoints exported, ") and told.title.endswith(", 1 failed.")
    assert "epoch_3.pt: It is only 5 bytes long" in told.text
    assert "epoch_2.pt: " in told.text and "lost; what is whole is written." in told.text
