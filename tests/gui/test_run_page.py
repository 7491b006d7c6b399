"""The tab of a run: compared in epoch order, stepped by keys and clicks, one selection in both halves."""

import pytest
import torch
from PySide6.QtCore import Qt
from shiboken6 import isValid

from ckptgui.gui.compare.halves import EPOCH, MAP, TABLE
from ckptgui.gui.compare.members.dialog import MembersDialog
from ckptgui.gui.compare.members.table import box_in
from ckptgui.gui.compare.view import Arrangement

from .conftest import dialog_of, drop, opened, save_epoch, small_state_dict

LEFT = Qt.MouseButton.LeftButton
WEIGHT = ("model_state_dict", "fc.weight")


@pytest.fixture
def page(qtbot, window, run_folder):
    return opened(qtbot, window, run_folder)


def ends(page):
    """The epochs A and B."""
    return tuple(page.comparison.series.members[m].epoch for m in (page.comparison.a, page.comparison.b))


def turn_to_epoch(qtbot, page):
    qtbot.mouseClick(page.halves.tabs.tab(EPOCH), LEFT)
    qtbot.waitUntil(lambda: page.document() is not None, timeout=10_000)
    return page.document()


def epoch_shown(page):
    return page.document().opened.checkpoint.metadata["epoch"]


def test_a_folder_compares_its_last_epoch_with_the_one_before(qtbot, page, window):
    assert [member.epoch for member in page.run.members] == [1, 2, 10]
    assert ends(page) == (2, 10)
    assert window.windowTitle() == "epoch_1 to epoch_10 – ckptgui"
    assert page.halves.tabs.current() == TABLE
    assert page.facts()[0] == "3 tensors in all 3"
    qtbot.waitUntil(lambda: window.status.text.text().startswith("3 checkpoints compared in "), timeout=30_000)


def test_keys_step_through_the_epochs_and_the_selected_tensor_stays(qtbot, page, window):
    page.select_joined("fc.weight")
    selected = page.comparison.selected_tensor
    assert selected >= 0
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert ends(page) == (1, 2)
    assert page.comparison.selected_tensor == selected
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert ends(page)[1] == 1
    assert "first epoch" in window.actions_by_key["previous_epoch"].toolTip()


def test_the_epoch_is_shown_in_full_when_it_is_turned_to_and_follows_b(qtbot, page, window):
    assert page.halves.document is None
    turn_to_epoch(qtbot, page)
    assert epoch_shown(page) == 10
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    qtbot.waitUntil(lambda: epoch_shown(page) == 2)
    assert page.halves.tabs.tab(EPOCH).text() == "Epoch 2"


def test_one_selection_holds_in_both_halves(qtbot, page, window):
    page.select_joined("fc.weight")
    view = turn_to_epoch(qtbot, page)
    assert view.selection().path == WEIGHT
    view.select(("model_state_dict", "conv1"))
    assert page.comparison.outline.path(page.comparison.selection) == "conv1"
    page.halves.show_compare()
    page.select_joined("conv1.bias")
    assert view.selection().path == ("model_state_dict", "conv1.bias")


def test_an_empty_folder_says_so(qtbot, window, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    drop(window, folder)
    page = window.current
    qtbot.waitUntil(lambda: page.failed_view.isVisible())
    assert page.failed_view.reason.text().endswith(".")


def bytes_of_epoch(tmp_path, epoch):
    save_epoch(tmp_path / "new.pt", epoch)
    return (tmp_path / "new.pt").read_bytes()


def test_a_new_epoch_joins_by_itself_and_b_goes_on_to_it_if_it_was_the_newest(qtbot, page, run_folder):
    save_epoch(run_folder / "epoch_11.pt", 11)
    page.roster.look()
    qtbot.waitUntil(lambda: len(page.comparison.series.members) == 4)
    assert ends(page) == (10, 11)
    page.comparison.set_ends(0, 1)
    save_epoch(run_folder / "epoch_12.pt", 12)
    page.roster.look()
    qtbot.waitUntil(lambda: len(page.comparison.series.members) == 5)
    assert ends(page) == (1, 2)


def test_a_half_written_epoch_is_waited_for(qtbot, page, window, run_folder, tmp_path):
    whole = bytes_of_epoch(tmp_path, 11)
    (run_folder / "epoch_11.pt").write_bytes(whole[: len(whole) // 2])
    page.roster.look()
    qtbot.waitUntil(lambda: "epoch_11.pt is still being written" in page.facts())
    assert len(page.comparison.series.members) == 3
    (run_folder / "epoch_11.pt").write_bytes(whole)
    page.roster.look()
    qtbot.waitUntil(lambda: ends(page) == (10, 11))


def test_a_broken_epoch_keeps_its_place_and_the_rest_goes_on(qtbot, window, run_folder):
    (run_folder / "epoch_2.pt").write_bytes(b"no checkpoint")
    page = opened(qtbot, window, run_folder)
    assert [member.checkpoint is None for member in page.comparison.series.members] == [False, True, False]
    assert ends(page) == (1, 10)
    notice = next(notice for notice in page.halves.compare.notices.notices() if notice.key == "unreadable")
    assert notice.title == "epoch_2.pt cannot be read."
    assert notice.text.endswith("The 2 others are compared.")


def test_what_is_left_out_in_the_list_of_members_is_compared_no_more(qtbot, page, window, run_folder):
    window.actions_by_key["arrange_members"].trigger()
    dialog = dialog_of(qtbot, MembersDialog)
    assert dialog.compare.text() == "Compare 3 checkpoints"
    table = dialog.table
    box = box_in(table.visualRect(table.model().index(1, 0))).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=box)
    assert dialog.compare.text() == "Compare 2 checkpoints"
    qtbot.mouseClick(dialog.compare, LEFT)
    qtbot.waitUntil(lambda: [member.epoch for member in page.comparison.series.members] == [1, 10])
    assert page.run.others[-1].path == str(run_folder / "epoch_2.pt")


def test_the_order_is_changed_by_keys_and_put_back(qtbot, page, window):
    for keys, expected in (((Qt.Key.Key_Down,), [2, 1, 10]), ((), [1, 2, 10])):
        window.actions_by_key["arrange_members"].trigger()
        dialog = dialog_of(qtbot, MembersDialog)
        for key in keys:
            qtbot.keyClick(dialog.table, key, Qt.KeyboardModifier.AltModifier)
        if not keys:
            qtbot.mouseClick(dialog.by_epoch, LEFT)
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
        qtbot.waitUntil(
            lambda expected=expected: [member.epoch for member in page.comparison.series.members] == expected
        )
        qtbot.waitUntil(lambda dialog=dialog: not isValid(dialog))


def test_files_dropped_on_a_run_join_it(qtbot, page, window, tmp_path):
    save_epoch(tmp_path / "epoch_4.pt", 4)
    drop(window, tmp_path / "epoch_4.pt")
    qtbot.waitUntil(lambda: [member.epoch for member in page.comparison.series.members] == [1, 2, 4, 10])
    assert len(window.documents) == 1


def test_a_file_is_compared_with_its_siblings(qtbot, window, run_folder):
    opened(qtbot, window, run_folder / "epoch_2.pt")
    qtbot.mouseClick(window.top.compare, LEFT)
    qtbot.waitUntil(lambda: window.current.series() is not None, timeout=10_000)
    page = window.current
    assert ends(page) == (1, 2)
    assert len(window.documents) == 2


def test_files_dropped_together_that_look_like_one_run_are_one_tab(qtbot, window, run_folder):
    drop(window, run_folder / "epoch_10.pt", run_folder / "epoch_2.pt")
    qtbot.waitUntil(lambda: window.current.series() is not None, timeout=10_000)
    assert ends(window.current) == (2, 10)
    assert window.current.title() == "epoch_2, epoch_10"


def test_space_plays_and_stops_but_presses_a_button_that_has_the_keyboard(qtbot, page, window):
    page.comparison.set_ends(0, 1)
    page.focus_rows()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    assert page.timeline.player.playing
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    assert not page.timeline.player.playing
    page.halves.tabs.tab(EPOCH).setFocus()
    qtbot.keyClick(page.halves.tabs.tab(EPOCH), Qt.Key.Key_Space)
    assert page.halves.tabs.current() == EPOCH
    assert not page.timeline.player.playing


def test_what_was_selected_is_walked_through_and_found_by_name(qtbot, page, window):
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(window.top.box, "fc.w")
    qtbot.waitUntil(lambda: window.top.box.found() == ["fc.weight"])
    qtbot.keyClick(window.top.box, Qt.Key.Key_Return)
    assert page.comparison.outline.path(page.comparison.selection) == "fc.weight"
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert page.comparison.selection == 0
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert page.comparison.outline.path(page.comparison.selection) == "fc.weight"


def test_the_parts_are_arranged_as_the_room_allows(qtbot, page, window):
    compare = page.halves.compare.view
    for width, height, arrangement in (
        (1440, 900, Arrangement.COLUMNS),
        (1100, 900, Arrangement.BELOW),
        (940, 900, Arrangement.TABS_BELOW),
        (900, 600, Arrangement.TABS_BESIDE),
    ):
        window.resize(width, height)
        qtbot.waitUntil(lambda wanted=arrangement: compare.arrangement is wanted)
        assert page.halves.tabs.tab(MAP).isVisible() == arrangement.tabbed
    qtbot.mouseClick(page.halves.tabs.tab(MAP), LEFT)
    assert compare.layers.isVisible()
    assert not compare.changes.isVisible()


def test_a_renamed_tensor_is_proposed_and_taken_for_one_when_that_is_accepted(qtbot, window, tmp_path):
    for epoch in (1, 2):
        state = small_state_dict(1)
        if epoch == 2:
            state["head.weight"] = state.pop("fc.weight")
        torch.save({"epoch": epoch, "model_state_dict": state}, tmp_path / f"epoch_{epoch}.pt")
    page = opened(qtbot, window, tmp_path)
    notices = page.halves.compare.notices
    qtbot.waitUntil(lambda: any(notice.key == "renames" for notice in notices.notices()), timeout=20_000)
    assert page.facts()[0] == "2 of 4 tensors in all 2"
    banner = notices.banner("renames")
    assert banner.title.text() == "1 tensor was renamed, as it seems."
    assert banner.notice.text == "fc.weight → head.weight: all values are equal."
    qtbot.mouseClick(banner.link, LEFT)
    qtbot.waitUntil(lambda: page.facts()[0] == "3 tensors in all 2")


def test_another_run_that_is_dropped_on_one_has_a_tab_of_its_own(qtbot, page, window, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for epoch in (1, 2):
        save_epoch(other / f"epoch_{epoch}.pt", epoch)
    drop(window, other)
    qtbot.waitUntil(lambda: len(window.documents) == 2 and window.current.ready, timeout=10_000)
    assert window.current.path == str(other)
    assert len(page.comparison.series.members) == 3


def test_a_model_is_compared_with_its_average_in_the_same_file(qtbot, window, tmp_path):
    path = tmp_path / "both.pt"
    torch.save({"model": small_state_dict(1), "ema": small_state_dict(2)}, path)
    opened(qtbot, window, path)
    window.actions_by_key["compare_average"].trigger()
    qtbot.waitUntil(lambda: window.current.series() is not None, timeout=10_000)
    page = window.current
    assert [member.section for member in page.comparison.series.members] == ["model", "ema"]
    qtbot.waitUntil(lambda: bool(page.comparison.difference.known.all()), timeout=20_000)
    assert (page.comparison.difference.records["changed"] > 0).all()
