"""The columns of values: chosen, sorted by while they come in, summed up for modules, with badges."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from ckptgui.core.checkpoint import Role
from ckptgui.gui.numbers import integer
from ckptgui.gui.tree import shown as shown_module
from ckptgui.gui.tree import sorter as sorter_module
from ckptgui.gui.tree.badges import RowFinding, Tone
from ckptgui.gui.tree.columns import Column
from ckptgui.workspace.settings import SettingsFile
from tests.core.trees import CheckpointMaker, flat, gpt
from tests.gui.conftest import opened, save_epoch
from tests.gui.tree.conftest import summary_of


def some(count=5):
    make = CheckpointMaker()
    make.section((), Role.MODEL, list("abcdefgh"[:count]), shape=(4,))
    return make.make()


def click_caption(qtbot, shown, column):
    header = shown.view.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(column) + 12, 8)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def cell(shown, name, column):
    return shown.model.index(shown.names().index(name), column).data()


def test_the_menu_of_columns_shows_and_hides_them_and_says_so(shown, qtbot):
    shown.show(some())
    told = []
    shown.panel.columns_changed.connect(told.append)
    assert shown.view.isColumnHidden(Column.RANGE) and not shown.view.isColumnHidden(Column.MEAN)
    qtbot.mouseClick(shown.panel.tools.columns_button, Qt.MouseButton.LeftButton)
    menu = QApplication.activePopupWidget()
    assert [action.text() for action in menu.actions() if action.isChecked()] == [
        "Type", "Share", "Mean ± std", "Distribution",
    ]  # fmt: skip
    for key in (*(Qt.Key.Key_Down,) * 5, Qt.Key.Key_Return):
        qtbot.keyClick(menu, key)
    assert not shown.view.isColumnHidden(Column.RANGE)
    assert told == [("type", "share", "mean", "range", "distribution")]
    shown.panel.show_columns(("zeros", "of another version"))
    hidden = {column for column in Column if shown.view.isColumnHidden(column)}
    assert hidden == {
        Column.TYPE, Column.DEVICE, Column.SHARE, Column.MEAN, Column.RANGE, Column.DISTRIBUTION,
    }  # fmt: skip


def test_a_right_click_on_the_header_offers_the_columns_and_says_where_there_is_no_room(shown, qtbot):
    shown.show(some())
    shown.panel.show_columns(("type", "share", "mean", "range", "zeros", "distribution"))
    shown.panel.resize(500, 400)
    qtbot.waitUntil(lambda: shown.view.isColumnHidden(Column.MEAN))
    viewport = shown.view.header.viewport()
    place = QPoint(20, 8)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, viewport.mapToGlobal(place))
    QApplication.sendEvent(viewport, event)
    menu = next(each for each in shown.panel.findChildren(QMenu) if each.isVisible())
    assert "Mean ± std\tno room now" in [action.text() for action in menu.actions()]
    menu.close()


def test_extremes_and_zeros_are_shown_of_tensors_and_of_modules(shown, qtbot):
    shown.show(gpt())
    rows = shown.model.rows
    node = rows.tree.node_of_path(("model", "blocks.1.ln"))
    first, second = (int(rows.tree.row[child]) for child in rows.tree.children(node))
    values = np.linspace(-3, 5, 2048)
    shown.summaries.deliver(first, summary_of(values, min=-3.0, max=5.0, argmin=(0, 0), argmax=(63, 31)))
    zeros = summary_of(np.zeros(2048), min=0.0, max=0.0, argmin=(0, 0), argmax=(0, 0))
    shown.summaries.deliver(second, zeros)
    assert rows.extremes(int(rows.tree.nodes[first])) == ("−3.000", "5.000")
    assert rows.zeros(int(rows.tree.nodes[second])) == "100 %"
    qtbot.waitUntil(lambda: rows.extremes(node) == ("−3.000", "5.000"))
    assert rows.zeros(node) == "50.0 %"
    shown.panel.select_node(node)
    qtbot.waitUntil(lambda: len(rows.sparkline(node)) == 32)
    shown.panel.show_columns(("range", "zeros", "mean", "distribution"))
    shown.panel.grab()
    shown.panel.select_row(first)
    assert cell(shown, "weight", Column.RANGE) == "−3.000 to 5.000"
    actions = {action.text(): action for action in shown.panel.menu(node).actions()}
    actions["Copy figures"].trigger()
    mean, std, *_ = (getattr(np.append(values, np.zeros(2048)), name)() for name in ("mean", "std"))
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [float(word) for word in lines[0].replace(",", "").split()[1::2]] == pytest.approx([mean, std])
    assert lines[1:] == ["min -3.0, max 5.0", f"{integer(2048)} of {integer(4096)} are zero"]
    assert f"{integer(2048)} of {integer(4096)} are zero" in rows.tooltip(node)


@pytest.mark.parametrize("large", [False, True])
def test_a_click_on_a_late_caption_sorts_by_it_and_unknown_ones_come_last(shown, qtbot, monkeypatch, large):
    if large:
        monkeypatch.setattr(shown_module, "AT_ONCE", 3)
    shown.show(some())
    shown.summaries.deliver_all({row: summary_of([float(mean)] * 4) for row, mean in enumerate((3, 9, -2, 5))})
    qtbot.waitUntil(lambda: shown.panel._shown.figures is not None)
    click_caption(qtbot, shown, Column.MEAN)
    qtbot.waitUntil(lambda: shown.names()[1:] == ["b", "d", "a", "c", "e"])
    click_caption(qtbot, shown, Column.MEAN)
    qtbot.waitUntil(lambda: shown.names()[1:] == ["c", "a", "d", "b", "e"])
    click_caption(qtbot, shown, Column.MEAN)
    qtbot.waitUntil(lambda: shown.names()[1:] == list("abcde"))


def test_an_order_waits_while_the_mouse_is_over_the_rows_and_is_taken_anew_at_the_end(shown, qtbot, monkeypatch):
    monkeypatch.setattr(sorter_module, "CALM", 0.0)
    shown.show(some())
    shown.panel.select_path(("e",))
    actions = {action.text(): action for action in shown.panel.tools.menu.actions()}
    actions["Mean, highest first"].trigger()
    shown.summaries.deliver_all({row: summary_of([float(row)] * 4) for row in range(3)})
    qtbot.waitUntil(lambda: shown.names()[1:] == ["c", "b", "a", "d", "e"])
    qtbot.mouseMove(shown.view.viewport(), shown.rect(2).center())
    qtbot.waitUntil(lambda: shown.view.delegate.hovered == 2)
    shown.summaries.deliver(3, summary_of([9.0] * 4))
    rows = shown.model.rows
    qtbot.waitUntil(lambda: rows.figures.merged.left[0] == 1)
    assert shown.names()[1:] == ["c", "b", "a", "d", "e"]
    shown.summaries.deliver(4, summary_of([1.5] * 4))
    shown.summaries.finished.emit()
    assert shown.names()[1:] == ["d", "c", "e", "b", "a"]
    assert shown.panel.selection().path == ("e",) and shown.view.current() == shown.panel.selection().node


def test_the_selected_row_stays_where_it_is_while_others_change_places(shown, qtbot, monkeypatch):
    monkeypatch.setattr(sorter_module, "CALM", 0.0)
    make = CheckpointMaker()
    make.section((), Role.MODEL, [f"t{number:03}" for number in range(200)], shape=(4,))
    shown.show(make.make())
    shown.panel.sort_by(sorter_module.SortKey.MEAN, True)
    shown.panel.select_path(("t100",))
    row = shown.view.currentIndex().row()
    before = shown.view.rowViewportPosition(row)
    values = np.random.default_rng(0).permutation(200)
    values[100] = 100
    shown.summaries.deliver_all({row: summary_of([float(values[row])] * 4) for row in range(200)})
    shown.summaries.finished.emit()
    after = shown.view.currentIndex().row()
    assert after != row and shown.names()[after] == "t100"
    assert abs(shown.view.rowViewportPosition(after) - before) <= 1


def test_findings_are_badges_and_a_closed_module_shows_the_worst(shown, qtbot):
    shown.show(gpt())
    rows = shown.model.rows
    tree = rows.tree
    first = tree.node_of_path(("model", "blocks.1.attn.qkv.weight"))
    second = tree.node_of_path(("model", "blocks.2.attn.qkv.weight"))
    dead, constant = RowFinding("dead", 17, rank=4), RowFinding("constant", rank=7)
    marks = {int(tree.row[first]): [constant, dead], int(tree.row[second]): [dead]}
    shown.panel.set_findings(lambda: marks)
    qtbot.waitUntil(lambda: bool(rows.badges(first)))
    assert [(badge.text, badge.tone) for badge in rows.badges(first)] == [
        ("17 dead", Tone.WARN),
        ("constant", Tone.WARN),
    ]
    model = tree.node_of_path(("model",))
    assert [badge.text for badge in rows.badges(model)] == ["34 dead"]
    assert rows.badges(model, open_branch=True) == []
    shown.summaries.deliver(int(tree.row[first]), summary_of([1.0], nan=3))
    qtbot.waitUntil(lambda: [badge.text for badge in rows.badges(model)] == ["3 NaN"])
    assert [badge.text for badge in rows.badges(first)] == ["3 NaN", "17 dead", "constant"]


def test_many_arrivals_are_one_repaint_a_tick(shown, qtbot):
    shown.show(flat(1000))
    notices = []
    shown.model.dataChanged.connect(lambda *span: notices.append(span))
    for row in range(1000):
        shown.summaries.deliver(row, summary_of([1.0] * 6))
    qtbot.waitUntil(lambda: shown.model.rows.mean_std(0) == ("1.000", "0"))
    assert len(notices) <= 3


def test_chosen_columns_are_remembered_and_all_tabs_do_alike(window, qtbot, checkpoint, tmp_path, settings):
    first = opened(qtbot, window, checkpoint)
    save_epoch(tmp_path / "epoch_4.pt", 4)
    second = opened(qtbot, window, tmp_path / "epoch_4.pt")
    tree = second.document().tree
    actions = {action.text(): action for action in tree.columns.menu().actions()}
    actions["Min to max"].trigger()
    actions["Share"].trigger()
    assert settings.now.columns == ("type", "mean", "range", "distribution")
    assert SettingsFile(settings.path).now.columns == settings.now.columns
    assert first.document().tree.view.chosen_columns == tree.view.chosen_columns
    assert Column.RANGE in tree.view.chosen_columns
