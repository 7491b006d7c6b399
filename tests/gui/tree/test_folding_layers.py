"""Equal layers as one row: by button, key and menu; a path inside unfolds them."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ckptgui.core.checkpoint import Role
from ckptgui.core.tree.build import NodeKind
from ckptgui.gui.tree import shown as shown_module
from ckptgui.gui.tree.columns import Column
from tests.core.trees import CheckpointMaker, gpt
from tests.gui.tree.conftest import summary_of

INSIDE = ("model", "module._orig_mod.blocks.7.attn.qkv.weight")


def fold(qtbot, shown):
    qtbot.mouseClick(shown.panel.tools.fold_button, Qt.MouseButton.LeftButton)


def cell(shown, name, column):
    return shown.model.index(shown.names().index(name), column).data()


def test_the_button_folds_equal_layers_to_one_row_and_back(shown, qtbot):
    shown.show(gpt(12))
    before = shown.names()
    fold(qtbot, shown)
    names = shown.names()
    assert "0 … 11" in names and not {"1", "5", "11"} & set(names)
    rows, node = shown.model.rows, shown.model.node(names.index("0 … 11"))
    assert rows.note(node) == "12 × equal"
    assert cell(shown, "0 … 11", Column.SHAPE) == "72 tensors"
    assert cell(shown, "0 … 11", Column.SIZE) == cell(shown, "blocks", Column.SIZE) == "576.0 KiB"
    assert shown.panel.tools.fold_button.isChecked()
    fold(qtbot, shown)
    assert shown.names() == before


def test_below_a_folded_row_stands_one_layer_with_the_bytes_of_all(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    row = shown.names().index("0 … 11")
    shown.view.go_to(shown.model.node(row))
    qtbot.keyClick(shown.view, Qt.Key.Key_Right)
    assert cell(shown, "attn.qkv.weight", Column.SIZE) == "96.0 KiB"
    node = shown.model.node(shown.names().index("attn.qkv.weight"))
    assert shown.model.rows.note(node) == "× 12"
    tip = shown.model.index(shown.names().index("attn.qkv.weight"), 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "12 equal ones" in tip
    spoken = shown.model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "0 … 11, 12 × equal, expanded, level 4"


def test_an_equal_sign_shows_each_layer_of_one_row_and_folds_them_again(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    shown.view.go_to(shown.model.node(shown.names().index("0 … 11")))
    qtbot.keyClick(shown.view, Qt.Key.Key_Equal)
    assert {"0", "5", "11"} <= set(shown.names())
    shown.panel.select_path(INSIDE)
    qtbot.keyClick(shown.view, Qt.Key.Key_Equal)
    assert shown.names()[shown.view.currentIndex().row()] == "0 … 11"


def test_a_layer_that_differs_leaves_two_runs(shown, qtbot):
    make = CheckpointMaker()
    make.section((), Role.MODEL, [])
    for layer in range(9):
        for name in ("a", "b"):
            make.tensor((f"l.{layer}.{name}",), (2, 2) if layer == 4 else (3, 3))
    shown.show(make.make())
    fold(qtbot, shown)
    assert [name for name in shown.names() if name[0].isdigit()] == ["0 … 3", "4", "5 … 8"]


def test_a_path_inside_a_folded_row_unfolds_it(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    assert shown.panel.select_path(INSIDE)
    assert shown.panel.selection().path == INSIDE
    assert shown.view.current() in shown.view.visible_nodes()


def test_folding_moves_the_selection_to_its_like_in_the_first_layer_or_to_the_row(shown, qtbot):
    shown.show(gpt(12))
    shown.panel.select_path(INSIDE)
    fold(qtbot, shown)
    assert shown.names()[shown.view.currentIndex().row()] == "0 … 11"
    fold(qtbot, shown)
    shown.panel.expand_below(0)
    shown.panel.select_path(INSIDE)
    fold(qtbot, shown)
    assert shown.panel.selection().path == ("model", "module._orig_mod.blocks.0.attn.qkv.weight")


def test_a_filter_shows_each_layer_and_folds_again_when_it_is_cleared(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    shown.panel.filter_box.setText("blocks.7.attn")
    shown.panel.filter_box.ask_now()
    assert "7" in shown.names() and "0 … 11" not in shown.names()
    shown.panel.clear_filter()
    assert "0 … 11" in shown.names()


def test_the_menu_offers_to_unfold_and_to_fold(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    node = shown.model.node(shown.names().index("0 … 11"))
    actions = {action.text().partition("\t")[0]: action for action in shown.panel.menu(node).actions()}
    actions["Show each of 12 equal layers"].trigger()
    assert "7" in shown.names()
    node = shown.model.node(shown.names().index("7"))
    actions = {action.text().partition("\t")[0]: action for action in shown.panel.menu(node).actions()}
    actions["Fold 12 equal layers"].trigger()
    assert "7" not in shown.names()


def test_another_epoch_stays_folded_as_it_was(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    before = shown.names()[1:]
    shown.show(gpt(12, path="/runs/epoch_8.pt"), keep_view=True)
    assert shown.names()[1:] == before
    shown.show(gpt(5, path="/runs/epoch_9.pt"), keep_view=True)
    assert "0 … 4" in shown.names()


def test_a_file_without_equal_layers_has_nothing_to_fold(shown):
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["a.w", "b.v"])
    shown.show(make.make())
    button = shown.panel.tools.fold_button
    assert not button.isEnabled() and "No layers are equal" in button.toolTip()


def test_of_folded_layers_alarms_are_shown_at_once_and_figures_when_all_are_read(shown, qtbot):
    shown.show(gpt(12))
    fold(qtbot, shown)
    shown.view.go_to(shown.model.node(shown.names().index("0 … 11")))
    qtbot.keyClick(shown.view, Qt.Key.Key_Right)
    rows = shown.model.rows
    node = shown.model.node(shown.names().index("attn.qkv.weight"))
    row = int(rows.tree.row[rows.members(node)[3]])
    shown.summaries.deliver(row, summary_of([0.25, 0.75], nan=2))
    assert rows.mean_std(node) is None and not rows.may_have_values(node)
    qtbot.waitUntil(lambda: [badge.text for badge in rows.badges(node)] == ["2 NaN"])
    members = rows.tree.row[rows.members(node)].tolist()
    shown.summaries.deliver_all({row: summary_of(np.full(2048, number)) for number, row in enumerate(members)})
    layers = np.arange(12.0)
    qtbot.waitUntil(lambda: rows.mean_std(node) is not None)
    assert rows.mean_std(node) == (f"{layers.mean():.3f}", f"{layers.std():.3f}")
    qtbot.waitUntil(lambda: bool(rows.sparkline(node)))


def test_a_large_tree_is_folded_in_the_background(shown, qtbot, monkeypatch):
    monkeypatch.setattr(shown_module, "AT_ONCE", 10)
    shown.show(gpt(12))
    fold(qtbot, shown)
    qtbot.waitUntil(lambda: "0 … 11" in shown.names())


@pytest.mark.parametrize("large", [False, True])
def test_a_click_on_a_caption_sorts_turns_round_and_goes_back(shown, qtbot, monkeypatch, large):
    if large:
        monkeypatch.setattr(shown_module, "AT_ONCE", 10)
    make = CheckpointMaker()
    make.section((), Role.MODEL, [])
    for name, size in (("b", 5), ("a", 9), ("c", 7)):
        make.tensor((name,), (size,))
    shown.show(make.make())
    shown.panel.select_path(("a",))
    header = shown.view.horizontalHeader()

    def click(column):
        place = QPoint(header.sectionViewportPosition(column) + 12, 8)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)

    for column, wanted in (
        (Column.SIZE, ["a", "c", "b"]),
        (Column.SIZE, ["b", "c", "a"]),
        (Column.SIZE, ["b", "a", "c"]),
        (Column.NAME, ["a", "b", "c"]),
        (Column.NAME, ["c", "b", "a"]),
    ):
        click(column)
        qtbot.waitUntil(lambda wanted=wanted: shown.names()[1:] == wanted)
        assert shown.panel.selection().path == ("a",)
        assert shown.model.row_of(shown.view.current()) == shown.names().index("a")


def test_the_menu_of_orders_sorts_and_ticks_what_holds(shown, qtbot):
    shown.show(gpt(3))
    actions = {action.text(): action for action in shown.panel.tools.menu.actions()}
    actions["Size, largest first"].trigger()
    assert actions["Size, largest first"].isChecked() and not actions["As saved"].isChecked()
    tree = shown.model.rows.tree
    model = tree.node_of_path(("model",))
    sizes = [int(tree.nbytes[node]) for node in shown.model.visible.tolist() if tree.parent[node] == model]
    assert sizes == sorted(sizes, reverse=True)
    actions["As saved"].trigger()
    assert np.array_equal(shown.model.visible, np.sort(shown.model.visible))


def test_opening_and_closing_rows_of_a_sorted_tree_keeps_it_sorted(shown, qtbot):
    shown.show(gpt(12))
    actions = {action.text(): action for action in shown.panel.tools.menu.actions()}
    actions["Name, A to Z"].trigger()
    shown.panel.expand_below(0)
    names = shown.names()
    shown.panel.collapse_below(0)
    shown.panel.expand_below(0)
    assert shown.names() == names
    assert shown.panel.select_path(INSIDE)
    assert shown.panel.selection().kind is NodeKind.TENSOR
    qtbot.keyClick(shown.view, Qt.Key.Key_Left)
    assert shown.panel.selection().path == ("model", "module._orig_mod.blocks.7")


def test_a_broken_expression_is_told_in_the_field_and_the_rows_stay(shown, qtbot):
    shown.show(gpt(3))
    before = shown.names()
    shown.panel.focus_filter()
    qtbot.keyClicks(shown.panel.filter_box, "/(qkv")
    qtbot.waitUntil(lambda: bool(shown.panel.filter_box.problem()))
    assert "without its )" in shown.panel.filter_box.toolTip()
    assert shown.names() == before
    qtbot.keyClicks(shown.panel.filter_box, "|proj).bias/")
    qtbot.waitUntil(lambda: shown.panel.filter_box._count == "6 of 39")
    assert not shown.panel.filter_box.problem()


def test_a_broken_expression_for_a_large_tree_is_told_too(shown, qtbot, monkeypatch):
    monkeypatch.setattr(shown_module, "AT_ONCE", 10)
    shown.show(gpt(3))
    shown.panel.filter_box.setText("/[a/")
    shown.panel.filter_box.ask_now()
    qtbot.waitUntil(lambda: "the ] of a [" in shown.panel.filter_box.problem())
