"""The window: opening, tabs, drops, recent files, themes, keys."""

import os
import sys

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLabel

from ckptgui.gui.about import versions
from ckptgui.gui.actions import ACTIONS
from ckptgui.gui.dialogs import Dialog
from ckptgui.gui.opening import Opening
from ckptgui.gui.theme import DARK, LIGHT, theme

from .conftest import answer, dialog_of, drop, opened, save_epoch

LEFT, CTRL, ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier


def test_an_empty_window_offers_a_place_to_drop_and_a_button(qtbot, window):
    assert window.pages.currentWidget() is window.welcome
    assert not window.top.export.isEnabled()
    assert "Open a checkpoint first" in window.top.export.toolTip()
    qtbot.mouseClick(window.welcome.button, LEFT)
    dialog = dialog_of(qtbot, QFileDialog)
    dialog.reject()


def test_a_file_is_opened_through_the_dialogue_by_keys(qtbot, window, checkpoint):
    qtbot.keyClick(window, Qt.Key.Key_O, CTRL)
    answer(qtbot, checkpoint)
    qtbot.waitUntil(lambda: window.current is not None and window.current.document() is not None)
    assert window.current.title() == "epoch_3.pt"
    assert window.windowTitle() == "epoch_3.pt – ckptgui"


def test_the_foot_says_format_parameters_and_that_nothing_was_run(qtbot, window, checkpoint):
    page = opened(qtbot, window, checkpoint)
    assert page.facts()[0] == "PyTorch zip"
    assert "nothing was run" in page.facts()[-1]
    assert window.status.text.text().startswith("3 tensors listed in")


def test_a_bad_file_says_why_in_its_tab_and_the_next_one_opens(qtbot, window, checkpoint, tmp_path):
    bad = tmp_path / "notes.pt"
    bad.write_text("hello")
    page = window.open_path(str(bad))
    qtbot.waitUntil(lambda: page.failed_view.isVisible())
    assert "notes.pt" in page.failed_view.title.text()
    assert "5 bytes" in page.failed_view.reason.text()
    assert opened(qtbot, window, checkpoint).title() == "epoch_3.pt"


def test_a_bad_file_offers_to_open_another(qtbot, window, tmp_path):
    page = window.open_path(str(tmp_path / "missing.pt"))
    qtbot.waitUntil(lambda: page.failed_view.isVisible())
    qtbot.mouseClick(page.failed_view.another, LEFT)
    dialog_of(qtbot, QFileDialog).reject()


def test_files_dropped_on_the_window_open_in_tabs_of_their_own(qtbot, window, checkpoint, tmp_path):
    other = tmp_path / "pretrained.pt"
    save_epoch(other, 4)
    drop(window, checkpoint, other)
    assert [page.title() for page in window.documents] == ["epoch_3.pt", "pretrained.pt"]


def test_a_file_that_is_open_already_is_brought_to_the_front(qtbot, window, checkpoint, tmp_path):
    first = opened(qtbot, window, checkpoint)
    save_epoch(tmp_path / "epoch_4.pt", 4)
    opened(qtbot, window, tmp_path / "epoch_4.pt")
    assert window.open_path(checkpoint) is first
    assert window.current is first
    assert len(window.documents) == 2


def test_opened_files_are_listed_as_recent_and_open_by_a_click(qtbot, window, settings, checkpoint):
    opened(qtbot, window, checkpoint)
    assert settings.now.recent == (checkpoint,)
    qtbot.keyClick(window, Qt.Key.Key_W, CTRL)
    assert window.pages.currentWidget() is window.welcome
    (line,) = window.welcome.lines()
    qtbot.mouseClick(line, LEFT)
    qtbot.waitUntil(lambda: window.current is not None and window.current.document() is not None)
    window.recent_menu.aboutToShow.emit()
    assert [action.text() for action in window.recent_menu.actions()] == [checkpoint]


def test_buttons_and_recent_files_answer_to_return(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    qtbot.keyClick(window, Qt.Key.Key_W, CTRL)
    assert window.focusWidget() is window.welcome.button
    line = window.welcome.lines()[0]
    qtbot.keyClick(window.welcome.button, Qt.Key.Key_Return)
    dialog_of(qtbot, QFileDialog).reject()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.current is not None and window.current.document() is not None)
    assert window.current.path == checkpoint


def test_tabs_follow_clicks_keys_and_drags_and_close_by_their_cross(qtbot, window, tmp_path):
    for epoch in range(3):
        save_epoch(tmp_path / f"epoch_{epoch}.pt", epoch)
        opened(qtbot, window, tmp_path / f"epoch_{epoch}.pt")
    tabs = window.top.tabs
    qtbot.mouseClick(tabs, LEFT, pos=tabs.tabRect(0).center())
    assert window.current.title() == "epoch_0.pt"
    qtbot.keyClick(window, Qt.Key.Key_Tab, CTRL)
    assert window.current.title() == "epoch_1.pt"
    start, end = tabs.tabRect(1).center(), tabs.tabRect(2).center()
    qtbot.mousePress(tabs, LEFT, pos=start)
    qtbot.mouseMove(tabs, end)
    drag(tabs, end)
    qtbot.mouseRelease(tabs, LEFT, pos=end)
    assert [page.title() for page in window.documents] == ["epoch_0.pt", "epoch_2.pt", "epoch_1.pt"]
    assert window.current.title() == "epoch_1.pt"
    cross = tabs.tabButton(0, tabs.ButtonPosition.RightSide)
    qtbot.mouseClick(cross, LEFT)
    assert [page.title() for page in window.documents] == ["epoch_2.pt", "epoch_1.pt"]
    qtbot.mouseClick(tabs, Qt.MouseButton.MiddleButton, pos=tabs.tabRect(0).center())
    assert [page.title() for page in window.documents] == ["epoch_1.pt"]


def drag(widget, place):
    """A mouse move with the left button held; ``QTest`` sends moves without buttons."""
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QApplication

    where = QPointF(place)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        where,
        QPointF(widget.mapToGlobal(place)),
        LEFT,
        LEFT,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def test_the_box_above_jumps_to_a_tensor_by_part_of_its_name(qtbot, window, checkpoint):
    page = opened(qtbot, window, checkpoint)
    qtbot.keyClick(window, Qt.Key.Key_P, CTRL)
    box = window.top.box
    qtbot.keyClicks(box, "fc.w")
    qtbot.waitUntil(lambda: box.found() == ["model_state_dict.fc.weight"])
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert page.document().selection().path == ("model_state_dict", "fc.weight")


def test_the_box_above_says_so_when_nothing_matches_and_forgets_it(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    box = window.top.box
    qtbot.keyClick(window, Qt.Key.Key_P, CTRL)
    qtbot.keyClicks(box, "zzz")
    qtbot.waitUntil(lambda: box.answer() == "No match")
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert box.answer() == ""


def test_a_click_on_a_row_shows_the_tensor_beside_it(qtbot, window, checkpoint):
    view = opened(qtbot, window, checkpoint).document()
    qtbot.waitUntil(lambda: view.complete)
    view.select(("model_state_dict", "fc.weight"))
    row = view.tree.view.currentIndex().row()
    view.select(())
    place = view.tree.view.visualRect(view.tree.view.model().index(row, 1)).center()
    with qtbot.waitSignal(view.histogram_painted, timeout=10_000):
        qtbot.mouseClick(view.tree.view.viewport(), LEFT, pos=place)
    assert view.selection().path == ("model_state_dict", "fc.weight")


def test_back_and_forward_walk_through_what_was_selected(qtbot, window, checkpoint):
    view = opened(qtbot, window, checkpoint).document()
    assert view.select(("model_state_dict", "fc.weight"))
    assert view.select(("model_state_dict", "conv1.bias"))
    qtbot.keyClick(window, Qt.Key.Key_Left, ALT)
    assert view.selection().path == ("model_state_dict", "fc.weight")
    qtbot.keyClick(window, Qt.Key.Key_Right, ALT)
    assert view.selection().path == ("model_state_dict", "conv1.bias")
    qtbot.keyClick(window, Qt.Key.Key_Home, ALT)
    assert view.selection().path == ()


def test_the_theme_changes_live_and_is_remembered(qtbot, window, settings, checkpoint):
    opened(qtbot, window, checkpoint)
    before = window.grab().toImage().pixelColor(5, 5)
    window.actions_by_key["theme_dark"].trigger()
    assert theme() is DARK
    assert window.grab().toImage().pixelColor(5, 5) != before
    assert settings.now.theme == "dark"
    window.actions_by_key["theme_light"].trigger()
    assert theme() is LIGHT


def test_a_narrow_window_puts_the_inspector_below_and_leaves_the_icon_of_export(qtbot, window, checkpoint):
    view = opened(qtbot, window, checkpoint).document()
    assert view.splitter.orientation() == Qt.Orientation.Horizontal
    assert not window.top.export.compact
    window.resize(920, 800)
    assert view.splitter.orientation() == Qt.Orientation.Vertical
    assert window.top.export.compact


def test_the_foot_gives_up_its_last_fact_first(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    foot = window.status.facts
    whole = foot.shown()
    assert len(whole) == 3
    assert foot.toolTip() == ""
    foot.resize(foot.sizeHint().width() - 20, foot.height())
    assert foot.shown()[:2] == whole[:2]
    assert foot.shown()[2].endswith("…")
    assert whole[2] in foot.toolTip()
    foot.resize(100, foot.height())
    assert foot.shown() == whole[:1]


def test_a_smaller_window_keeps_the_selected_row_in_sight(qtbot, window, tmp_path):
    path = tmp_path / "many.pt"
    torch.save({f"w{n}": torch.zeros(2) for n in range(60)}, path)
    view = opened(qtbot, window, path).document()
    tree = view.tree.view
    last = tree.visible_nodes()[-2]
    tree.go_to(last)
    window.resize(920, 600)
    qtbot.waitUntil(lambda: last in tree.visible_nodes())


def test_many_tabs_keep_readable_titles_and_scroll(qtbot, window, tmp_path):
    for number in range(12):
        save_epoch(tmp_path / f"epoch_{number}.pt", number)
        window.open_path(str(tmp_path / f"epoch_{number}.pt"))
    tabs = window.top.tabs
    qtbot.waitUntil(lambda: all(page.document() is not None for page in window.documents))
    wide = tabs.fontMetrics().horizontalAdvance("epoch_11.pt")
    assert all(tabs.tabRect(index).width() > wide for index in range(12))
    assert tabs.geometry().right() < window.top.open.geometry().left() < window.top.box.geometry().left()


def test_the_window_closes_while_files_are_being_opened(qtbot, window, checkpoint, monkeypatch):
    def endless(self, cancel, report):
        while True:
            cancel.check()
            cancel._event.wait(0.01)

    monkeypatch.setattr(Opening, "_read", endless)
    window.open_path(checkpoint)
    assert window.current.activity() is not None
    window.close()
    assert not window.isVisible()  # the fixture sees to it that no thread is left


def test_the_list_of_shortcuts_has_every_key_of_the_menus_once(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_F1)
    dialog = dialog_of(qtbot, Dialog)
    words = [label.text() for label in dialog.findChildren(QLabel)]
    for spec in ACTIONS:
        if spec.keys:
            assert words.count(" or ".join(spec.keys)) == 1
    dialog.accept()


def test_every_disabled_action_says_why(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    for spec in ACTIONS:
        action = window.actions_by_key[spec.key]
        assert action.isEnabled() or action.toolTip().endswith(".")
    assert "folder of epochs" in window.actions_by_key["next_epoch"].toolTip()


def test_the_selected_path_is_copied_by_keys(qtbot, window, checkpoint):
    view = opened(qtbot, window, checkpoint).document()
    view.select(("model_state_dict", "fc.weight"))
    qtbot.keyClick(window, Qt.Key.Key_C, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == "model_state_dict/fc.weight"


def test_the_about_box_gives_its_versions_to_copy(qtbot, window):
    window.actions_by_key["show_about"].trigger()
    dialog = dialog_of(qtbot, Dialog)
    assert versions().startswith("ckptgui ")
    dialog.reject()
    qtbot.keyClick(window, Qt.Key.Key_F1)
    dialog_of(qtbot, Dialog).reject()


@pytest.mark.skipif(os.name == "nt", reason="no such names there")
@pytest.mark.parametrize("name", ["<b>bold</b>.pt", "new\nline.pt", "\u202egnp.tp.pt", "-stylesheet.pt"])
def test_hostile_file_names_are_shown_literally(qtbot, window, tmp_path, name):
    folder = tmp_path / name.replace("</b>", "b")
    save_epoch(folder, 1)
    page = opened(qtbot, window, folder)
    assert page.title().isprintable()
    assert "<p" in window.top.tabs.tabToolTip(0)
    assert "<b>" not in window.top.tabs.tabToolTip(0)


def test_the_window_remembers_its_size(qtbot, window, settings):
    window.resize(1010, 710)
    window.close()
    assert (settings.now.width, settings.now.height) == (1010, 710)


def test_a_thousand_repaints_leave_none_where_it_was(qtbot, window, checkpoint):
    opened(qtbot, window, checkpoint)
    window.grab()
    before = sys.getrefcount(None)
    for _ in range(1000):
        window.top.tabs.repaint()
        window.status.repaint()
        window.top.export.repaint()
        window.top.box.repaint()
    assert abs(sys.getrefcount(None) - before) < 500


def test_folded_layers_are_remembered_and_all_tabs_do_alike(qtbot, window, settings, tmp_path):
    paths = [tmp_path / f"epoch_{number}.pt" for number in range(3)]
    for path in paths:
        torch.save({f"layers.{i}.{part}": torch.ones(2) for i in range(5) for part in ("a", "b")}, path)
    first, second = (opened(qtbot, window, path).document().tree for path in paths[:2])
    qtbot.keyClick(window, Qt.Key.Key_L, CTRL)
    for tree in (first, second, opened(qtbot, window, paths[2]).document().tree):
        rows = tree.view.model().rows
        assert "0 … 4" in [rows.name(node) for node in tree.view.model().visible.tolist()]
    assert settings.now.fold_layers and window.actions_by_key["fold_layers"].isChecked()
    qtbot.mouseClick(second.tools.fold_button, LEFT)
    assert not settings.now.fold_layers and not first.folds_layers
    assert not window.actions_by_key["fold_layers"].isChecked()
