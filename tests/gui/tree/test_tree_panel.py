"""The tree on the screen: clicked, typed at, filtered, and filled by late statistics."""

import sys

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester

from ckptgui.core.tree.build import NodeKind
from ckptgui.gui.theme import apply_theme
from ckptgui.gui.tree import shown as shown_module
from ckptgui.gui.tree.columns import GIVES_WAY, Column
from tests.core.trees import CheckpointMaker, flat, gpt
from tests.gui.tree.conftest import summary_of

TENSOR = ("model", "module._orig_mod.blocks.1.attn.qkv.weight")


def press(qtbot, shown, *keys):
    for key in keys:
        qtbot.keyClick(shown.view, key)


def test_the_first_screen_shows_sections_and_as_many_levels_as_fit(shown):
    shown.show(gpt())
    assert shown.names()[:5] == ["epoch_7.pt", "epoch", "model", "tok.weight", "blocks"]
    assert {"loss", "optimizer", "head.weight"} <= set(shown.names())


def test_the_model_keeps_qts_rules_while_rows_come_and_go(shown):
    tester = QAbstractItemModelTester(shown.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    shown.show(gpt())
    shown.panel.collapse_below(0)
    shown.panel.expand_below(0)
    shown.panel.filter_box.setText("bias")
    shown.panel.filter_box.ask_now()
    shown.panel.clear_filter()
    shown.summaries.deliver(0, summary_of([1, 2, 3]))
    shown.show(gpt(2), keep_view=True)
    tester.deleteLater()


def test_a_click_selects_a_tensor_and_says_so_once(shown, qtbot):
    shown.show(gpt())
    row = shown.names().index("tok.weight")
    qtbot.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=shown.rect(row, 2).center())
    assert [(s.kind, s.row, s.path) for s in shown.selected] == [
        (NodeKind.TENSOR, 0, ("model", "module._orig_mod.tok.weight"))
    ]
    assert shown.panel.selection() == shown.selected[0]


def test_a_click_on_the_chevron_folds_without_selecting(shown, qtbot):
    shown.show(gpt())
    row = shown.names().index("model")
    place = shown.rect(row).topLeft() + QPoint(16 + 4 + 8, 12)
    qtbot.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "tok.weight" not in shown.names()
    assert shown.selected == []
    qtbot.mouseClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "tok.weight" in shown.names()


def test_a_double_click_toggles_a_branch(shown, qtbot):
    shown.show(gpt())
    before = len(shown.names())
    row = shown.names().index("blocks")
    place = shown.rect(row).center()
    qtbot.mouseDClick(shown.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert len(shown.names()) < before


def test_keys_fold_unfold_and_walk_as_in_a_tree(shown, qtbot):
    shown.show(gpt())
    shown.panel.select_path(TENSOR)
    press(qtbot, shown, Qt.Key.Key_Left)
    assert shown.panel.selection().path == ("model", "module._orig_mod.blocks.1")
    press(qtbot, shown, Qt.Key.Key_Left)
    assert not shown.model.is_open(shown.view.current())
    press(qtbot, shown, Qt.Key.Key_Right, Qt.Key.Key_Right)
    assert shown.panel.selection().path == ("model", "module._orig_mod.blocks.1.ln")
    press(qtbot, shown, Qt.Key.Key_Return)
    assert shown.model.is_open(shown.view.current())
    press(qtbot, shown, Qt.Key.Key_End)
    assert shown.panel.selection().path == ("loss",)
    press(qtbot, shown, Qt.Key.Key_Home)
    assert shown.panel.selection().kind is NodeKind.ROOT


def test_a_star_opens_everything_below(shown, qtbot):
    shown.show(gpt())
    shown.view.go_to(0)
    press(qtbot, shown, Qt.Key.Key_Asterisk)
    assert len(shown.names()) == len(shown.model.rows.tree)


def test_typing_jumps_to_the_next_name_that_begins_so(shown, qtbot):
    shown.show(gpt())
    shown.view.go_to(0)
    qtbot.keyClicks(shown.view, "lo")
    assert shown.panel.selection().path == ("loss",)


def test_folding_away_the_selection_selects_the_branch(shown):
    shown.show(gpt())
    shown.panel.select_path(TENSOR)
    shown.panel.collapse_below(shown.model.rows.tree.node_of_path(("model",)))
    assert shown.panel.selection().path == ("model",)


def test_select_path_opens_what_leads_there_and_refuses_what_is_not_there(shown):
    shown.show(gpt(40))
    path = ("model", "module._orig_mod.blocks.33.attn.proj.bias")
    assert shown.panel.select_path(path)
    assert shown.panel.selection().path == path
    assert shown.view.current() in shown.view.visible_nodes()
    assert not shown.panel.select_path(("no", "such"))


def test_another_epoch_keeps_selection_folding_and_scroll(shown):
    shown.show(gpt(40))
    shown.panel.select_path(TENSOR)
    shown.panel.collapse_below(shown.model.rows.tree.node_of_path(("optimizer",)))
    shown.view.verticalScrollBar().setValue(120)
    names = shown.names()[1:]
    shown.show(gpt(40, path="/runs/epoch_8.pt"), keep_view=True)
    assert shown.names()[0] == "epoch_8.pt"
    assert shown.names()[1:] == names
    assert shown.panel.selection().path == TENSOR
    assert shown.view.verticalScrollBar().value() == 120


def test_an_epoch_with_other_names_keeps_what_it_has(shown):
    shown.show(gpt(40))
    shown.panel.select_path(TENSOR)
    shown.show(gpt(4, prefix=""), keep_view=True)
    assert shown.panel.selection().path == ("model", "blocks.1.attn.qkv.weight")


def test_the_filter_keeps_what_fits_and_counts_it(shown, qtbot):
    shown.show(gpt())
    shown.panel.focus_filter()
    qtbot.keyClicks(shown.panel.filter_box, "*.qkv.bias")
    qtbot.waitUntil(lambda: "attn.qkv.bias" in shown.names() and "attn.proj.bias" not in shown.names())
    assert shown.panel.filter_box._count == "3 of 39"
    qtbot.keyClick(shown.panel.filter_box, Qt.Key.Key_Escape)
    assert shown.panel.filter_box.text() == ""
    assert "head.weight" in shown.names()


def test_nothing_found_says_so_and_leads_back(shown, qtbot):
    shown.show(gpt())
    shown.panel.filter_box.setText("nonsense")
    shown.panel.filter_box.ask_now()
    nothing = shown.panel._filter.nothing
    assert nothing.isVisible() and not shown.view.isVisible()
    qtbot.mouseClick(nothing, Qt.MouseButton.LeftButton, pos=nothing._link().center())
    assert shown.view.isVisible() and shown.panel.filter_box.text() == ""


def test_a_selection_survives_a_filter_that_keeps_it(shown):
    shown.show(gpt())
    shown.panel.select_path(TENSOR)
    for text in ("qkv", ""):
        shown.panel.filter_box.setText(text)
        shown.panel.filter_box.ask_now()
        assert shown.view.current() == shown.panel.selection().node
    assert len(shown.selected) == 1


def test_a_selection_that_a_filter_hides_comes_back_when_it_is_cleared(shown, qtbot):
    shown.show(gpt())
    shown.panel.select_path(TENSOR)
    shown.panel.focus_filter()
    qtbot.keyClicks(shown.panel.filter_box, "head.weight")
    qtbot.waitUntil(lambda: shown.view.current() < 0)
    qtbot.keyClick(shown.panel.filter_box, Qt.Key.Key_Escape)
    assert shown.view.current() == shown.panel.selection().node
    qtbot.keyClick(shown.panel.filter_box, Qt.Key.Key_Escape)
    assert shown.view.hasFocus() and len(shown.selected) == 1


def test_a_step_down_from_the_filter_goes_to_the_first_match(shown, qtbot):
    shown.show(gpt())
    shown.panel.select_path(TENSOR)
    shown.panel.focus_filter()
    qtbot.keyClicks(shown.panel.filter_box, "head.weight")
    qtbot.waitUntil(lambda: shown.view.current() < 0)
    qtbot.keyClick(shown.panel.filter_box, Qt.Key.Key_Down)
    assert shown.panel.selection().path[-1].endswith("head.weight")


def test_a_large_tree_is_filtered_in_the_background(shown, qtbot, monkeypatch):
    monkeypatch.setattr(shown_module, "AT_ONCE", 10)
    shown.show(gpt())
    shown.panel.filter_box.setText("qkv.bias")
    shown.panel.filter_box.ask_now()
    assert "head.weight" in shown.names()
    qtbot.waitUntil(lambda: "head.weight" not in shown.names())


def test_statistics_are_wanted_for_rows_on_the_screen_and_arrive_in_one_notice(shown, qtbot):
    shown.show(gpt())
    qtbot.waitUntil(lambda: bool(shown.summaries.wanted))
    assert 0 in shown.summaries.wanted[-1]
    notices = []
    shown.model.dataChanged.connect(lambda *span: notices.append(span))
    for row in (0, 1, 2):
        shown.summaries.deliver(row, summary_of([0.25, 0.75]))
    qtbot.waitUntil(lambda: bool(notices))
    assert len(notices) == 1
    row = shown.names().index("tok.weight")
    assert shown.model.index(row, Column.MEAN).data() == "0.5000 ± 0.2500"


def test_a_closed_module_sums_up_its_tensors_and_shows_their_alarm(shown, qtbot):
    shown.show(gpt())
    rows = shown.model.rows
    node = rows.tree.node_of_path(("model", "blocks.1.ln"))
    first, second = (int(rows.tree.row[child]) for child in rows.tree.children(node))
    assert rows.mean_std(node) is None
    ones, fives = np.ones(2046), np.full(2048, 5.0)
    shown.summaries.deliver(first, summary_of(ones, nan=2))
    qtbot.waitUntil(lambda: rows.read_share(node) == 0.5)
    shown.summaries.deliver(second, summary_of(fives))
    qtbot.waitUntil(lambda: rows.mean_std(node) is not None)
    every = np.concatenate([ones, fives])
    assert rows.mean_std(node) == (f"{every.mean():.3f}", f"{every.std():.3f}")
    assert rows.read_share(node) is None
    assert [badge.text for badge in rows.badges(node)] == ["2 NaN"]
    assert rows.badges(node, open_branch=True) == []
    assert rows.tooltip(node).count("NaN") == 1  # the figures say it, and the badge is not repeated


def test_a_closed_module_of_which_little_is_read_shows_the_alarm_that_is_known(shown, qtbot):
    shown.show(gpt())
    rows = shown.model.rows
    tree = rows.tree
    whole = tree.node_of_path(("model",))
    row = tree.row[tree.node_of_path(TENSOR)]
    shown.summaries.deliver(int(row), summary_of([1.0, 1.0], nan=2))
    qtbot.waitUntil(lambda: [badge.text for badge in rows.badges(whole)] == ["2 NaN"])
    assert rows.badges(whole, open_branch=True) == []


def test_badges_tell_what_is_cut_missing_tied_or_a_view(shown):
    make = CheckpointMaker()
    make.tensor(("cut",), (100,), storage=make.storage(400, here=256))
    make.tensor(("gone",), (100,), storage=make.storage(400, here=0))
    make.tensor(("part",), (10,), storage=make.storage(4096))
    make.tensor(("meta",), (10,), storage=-1, device="meta")
    make.tensor(("buffer",), (10,), persistent=False)
    shown.show(make.make())
    rows = shown.model.rows
    texts = [[badge.text for badge in rows.badges(rows.tree.node_of_row(row))] for row in range(5)]
    assert texts == [["cut at 64 %"], ["missing"], ["view of 4.0 KiB"], ["on meta, no values"], ["not persistent"]]
    assert [badge.text for badge in rows.badges(0)] == ["2 broken"]


def test_hostile_names_are_shown_literally(shown):
    make = CheckpointMaker()
    make.tensor(("<b>bold</b>\n\u202ename",))
    shown.show(make.make({"note": "<img src=x>\x00"}))
    assert "<b>bold</b>\\n\\u202ename" in shown.names()
    row = shown.names().index("<b>bold</b>\\n\\u202ename")
    tooltip = shown.model.index(row, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tooltip


def test_a_screen_reader_hears_name_state_and_level(shown):
    shown.show(gpt())
    row = shown.names().index("model")
    spoken = shown.model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "model, expanded, level 2"


def test_copying_gives_path_name_and_value(shown, qtbot):
    shown.show(gpt())
    shown.panel.select_path(("loss",))
    qtbot.keyClick(shown.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    clipboard = QGuiApplication.clipboard()
    assert clipboard.text() == "loss"
    actions = {action.text(): action for action in shown.panel.menu(shown.view.current()).actions()}
    actions["Copy value"].trigger()
    assert clipboard.text() == "2.985"
    assert not actions["Expand all"].isEnabled()


def test_columns_give_way_in_order(shown, qtbot):
    shown.show(gpt())
    widths = shown.view.delegate.widths
    gone = set()
    for column in (None, *GIVES_WAY):
        gone |= {column} - {None}
        needed = sum(widths.of(each) for each in Column if each not in gone)
        assert widths.hidden(needed) == gone
    shown.panel.resize(340, 400)
    qtbot.waitUntil(lambda: {c for c in Column if shown.view.isColumnHidden(c)} == set(GIVES_WAY))


def test_columns_are_as_wide_as_the_files_own_shapes_and_types(shown):
    shown.show(gpt())
    widths, wide = shown.view.delegate.widths, shown.view.fontMetrics().horizontalAdvance
    shapes, types = shown.model.rows.shapes(), shown.model.rows.types()
    assert widths.shape >= max(map(wide, shapes))
    assert widths.type >= max(map(wide, types))
    widths.fit({"9 × 9"}, {"int8"})
    narrow = widths.of(Column.SHAPE), widths.of(Column.TYPE)
    widths.fit({"512 × 512 × 3 × 3"}, {"bfloat16 +2"})
    assert widths.of(Column.SHAPE) > narrow[0]
    assert widths.of(Column.TYPE) > narrow[1]
    widths.fit({" × ".join(["1,024"] * 64)}, {"float32"})
    assert widths.of(Column.SHAPE) < 200


def test_the_header_says_what_a_share_is_of(shown):
    shown.show(gpt())
    tip = Qt.ItemDataRole.ToolTipRole
    assert "of its module" in shown.model.headerData(Column.SHARE, Qt.Orientation.Horizontal, tip)
    row = shown.names().index("model")
    assert "% of the file" in shown.model.data(shown.model.index(row, 0), tip)
    row = shown.names().index("tok.weight")
    assert "% of model" in shown.model.data(shown.model.index(row, 0), tip)


def test_a_thousand_repaints_keep_the_count_of_references_to_none_level(shown, qtbot):
    shown.show(gpt())
    shown.summaries.deliver(0, summary_of([0.25, 0.75], nan=1))
    target = shown.view.viewport().grab()
    before = sys.getrefcount(None)
    for _ in range(30):
        shown.view.viewport().render(target)  # some 40 cells each
    assert abs(sys.getrefcount(None) - before) < 300


def test_both_themes_paint(shown, qapp):
    shown.show(gpt())
    pictures = []
    for dark in (False, True):
        apply_theme(qapp, dark)
        pictures.append(shown.panel.grab().toImage())
    apply_theme(qapp, False)
    assert pictures[0] != pictures[1]


def test_a_hundred_thousand_rows_open_at_once(shown):
    shown.show(flat(20_000))
    shown.panel.expand_below(0)
    assert shown.model.rowCount() == len(shown.model.rows.tree)
    shown.panel.grab()


def test_of_several_filters_asked_in_a_row_the_last_one_is_answered(shown, qtbot, monkeypatch):
    monkeypatch.setattr(shown_module, "AT_ONCE", 10)
    shown.show(gpt())
    counts = []
    shown.model.modelReset.connect(lambda: counts.append(shown.panel.filter_box.text()))
    for text in ("q", "qk", "qkv", "qkv.b"):
        shown.panel.filter_box.setText(text)
        shown.panel.filter_box.ask_now()
    qtbot.waitUntil(lambda: shown.panel.filter_box._count == "3 of 39")
    assert counts == ["qkv.b"]
