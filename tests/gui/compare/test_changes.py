"""The table of what changed, as a person clicks, types and copies."""

import math

import pytest
import torch
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu

from ckptgui.core.series.renames import Grounds, Rename
from ckptgui.core.series.series import series_of
from ckptgui.core.series.status import Status
from ckptgui.gui.compare.changes import value_rows
from ckptgui.gui.compare.changes.columns import Column
from ckptgui.gui.compare.changes.line_pictures import heights
from ckptgui.gui.compare.changes.panel import ChangesPanel
from ckptgui.gui.compare.changes.sentences import about
from ckptgui.gui.compare.changes.tooltips import tooltip
from ckptgui.gui.compare.comparison import Comparison
from ckptgui.gui.jobs import Background
from ckptgui.gui.theme import ROW
from tests.gui.compare.conftest import save_run, weights


@pytest.fixture
def shown(qtbot):
    """A function from a comparison to its panel, in order."""

    def show(comparison, width=480, height=640):
        panel = ChangesPanel(comparison)
        qtbot.addWidget(panel)
        panel.resize(width, height)
        panel.show()
        qtbot.waitExposed(panel)
        settle(qtbot, panel)
        return panel

    return show


def settle(qtbot, panel):
    """Wait until nothing is to come any more."""
    arranger = panel.arranger
    lanes = (arranger._names_lane, arranger._modules_lane, panel.values._lane, panel.acts.lane)
    timers = (arranger._timer, panel.box._timer)
    qtbot.waitUntil(
        lambda: not any(lane.busy for lane in lanes) and not any(t.isActive() for t in timers), timeout=20_000
    )


@pytest.fixture
def panel(comparison, shown):
    return shown(comparison)


def names(panel):
    model = panel.model
    return [model.data(model.index(row, Column.NAME)) for row in range(model.rowCount())]


def cells(panel, column):
    model = panel.model
    return [model.data(model.index(row, column)) for row in range(model.rowCount())]


def click_head(qtbot, panel, column):
    header = panel.view.header
    place = QPoint(header.sectionViewportPosition(column) + 12, 12)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def click_row(qtbot, panel, row, x=60, modifier=Qt.KeyboardModifier.NoModifier):
    place = QPoint(x, panel.view.rowViewportPosition(row) + ROW // 2)
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, modifier, place)


def type_filter(qtbot, panel, text):
    panel.open_filter()
    panel.box.clear()
    qtbot.keyClicks(panel.box, text)
    qtbot.waitUntil(lambda: not panel.box._timer.isActive())
    settle(qtbot, panel)


def odd_states():
    """Two state dicts between which everything happens that can happen to a tensor."""
    a = weights(0)
    a |= {"gone.weight": torch.ones(2, 2), "wide.weight": torch.ones(4, 2), "half.weight": torch.ones(3)}
    a |= {"still.bias": torch.ones(5), "zero.bias": torch.zeros(3)}
    b = weights(1)
    b |= {"new.weight": torch.ones(2, 2), "wide.weight": torch.ones(6, 2), "half.weight": torch.ones(3).half()}
    b |= {"still.bias": torch.ones(5), "zero.bias": torch.ones(3)}
    b["blocks.1.attn.bias"][:3] = math.nan
    return [a, b]


@pytest.fixture
def odd(compare_run, shown, tmp_path):
    return shown(compare_run(save_run(tmp_path / "odd", odd_states())))


def test_rows_stand_by_relative_change_and_say_torch_s_figures(panel, comparison):
    assert panel.ends.text() == "epoch 2 to 3"
    assert len(names(panel)) == 6
    assert names(panel) == sorted(names(panel), key=lambda name: -relative(name))
    first = names(panel)[0]
    assert cells(panel, Column.RELATIVE)[0] == f"{relative(first):.4f}"
    assert panel.counts.of[Status.CHANGED].accessibleName() == "6 changed"


def relative(name, a=2, b=3):
    a, b = weights(a)[name].double(), weights(b)[name].double()
    return float((b - a).norm() / a.norm())


def test_a_click_on_a_head_sorts_and_another_turns_round(qtbot, panel):
    worst_first = names(panel)
    click_head(qtbot, panel, Column.RELATIVE)
    assert names(panel) == worst_first[::-1]
    click_head(qtbot, panel, Column.NAME)
    assert names(panel) == list(panel.comparison.outline.names)
    click_head(qtbot, panel, Column.COSINE)
    said = cells(panel, Column.COSINE)
    assert said == sorted(said)


def test_every_kind_of_change_has_its_sign_and_the_worst_stands_first(odd):
    assert names(odd)[0] == "blocks.1.attn.bias"
    said = dict(zip(names(odd), zip(cells(odd, Column.STATUS), cells(odd, Column.RELATIVE))))
    assert said["blocks.1.attn.bias"] == ("changed", "NaN 3 of 12")
    assert said["gone.weight"] == ("removed", "not in epoch 1")
    assert said["new.weight"] == ("added", "not in epoch 0")
    assert said["wide.weight"] == ("reshaped", "4 × 2 → 6 × 2")
    assert said["half.weight"] == ("retyped", "0")
    assert said["still.bias"] == ("same", "0")
    assert said["zero.bias"] == ("changed", "from zero")
    told = {status: count.text() for status, count in odd.counts.of.items() if not count.isHidden()}
    assert told[Status.REMOVED] == told[Status.RESHAPED] == told[Status.RETYPED] == "1"


def test_a_row_s_tooltip_has_every_digit_and_both_types(odd):
    model = odd.model
    row = names(odd).index("half.weight")
    tip = model.data(model.index(row, Column.NAME), Qt.ItemDataRole.ToolTipRole)
    assert "float32 → float16" in tip and "relative change: 0.0" in tip
    row = names(odd).index("blocks.1.attn.bias")
    assert "3 of 12 are not finite" in model.data(model.index(row, 0), Qt.ItemDataRole.ToolTipRole)


def test_a_click_on_a_count_shows_these_alone_and_another_all(qtbot, odd):
    qtbot.mouseClick(odd.counts.of[Status.SAME], Qt.MouseButton.LeftButton)
    assert names(odd) == ["still.bias"]
    assert odd.box.isVisible() and odd.box.text() == "same"
    assert odd.counts.of[Status.SAME].isChecked()
    qtbot.mouseClick(odd.counts.of[Status.SAME], Qt.MouseButton.LeftButton)
    assert len(names(odd)) == 12 and not odd.box.isVisible()


def test_the_filter_is_typed_and_a_mistake_leaves_the_rows_alone(qtbot, odd):
    odd.view.setFocus()
    qtbot.keyClick(odd.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert odd.box.isVisible()
    type_filter(qtbot, odd, "blocks *.bias")
    assert names(odd) == ["blocks.1.attn.bias", "blocks.0.attn.bias"]
    assert odd.box.accessibleDescription() == "2 of 12"
    qtbot.keyClicks(odd.box, " cosin:<1")
    qtbot.waitUntil(lambda: odd.box.problem() != "")
    assert odd.box.problem() == "cosin:<1: cosin is no property; cosine is."
    assert len(names(odd)) == 2
    type_filter(qtbot, odd, "no such")
    assert odd.stack.currentWidget() is odd.nothing
    qtbot.keyClick(odd.nothing, Qt.Key.Key_Return)
    assert len(names(odd)) == 12 and odd.stack.currentWidget() is odd.view


def test_a_filter_unfolds_what_it_finds_and_folds_it_again_when_it_goes(qtbot, panel):
    qtbot.mouseClick(panel.modules, Qt.MouseButton.LeftButton)
    settle(qtbot, panel)
    panel.arranger.set_open(0, False)
    folded = names(panel)
    panel.open_filter()
    qtbot.keyClicks(panel.box, "weight")
    settle(qtbot, panel)
    assert panel.arranger.found > 0 and names(panel)[-1] == "weight"
    panel.close_filter()
    settle(qtbot, panel)
    assert names(panel) == folded


def test_values_that_differ_late_are_told_apart_with_few_digits():
    assert value_rows.shown((0.00099666666, 0.00099333333)) == ("0.000997", "0.000993")
    assert value_rows.shown((0.25, 0.2)) == ("0.25", "0.20")


def test_tab_goes_from_the_filter_into_the_table(qtbot, panel):
    panel.open_filter()
    qtbot.keyClick(panel.box, Qt.Key.Key_Tab)
    assert panel.view.hasFocus()


def test_modules_are_added_up_and_fold(qtbot, odd):
    qtbot.mouseClick(odd.modules, Qt.MouseButton.LeftButton)
    settle(qtbot, odd)
    assert names(odd)[:2] == ["All tensors", "blocks"]
    assert cells(odd, Column.RELATIVE)[0].startswith("NaN 3 of")
    row = names(odd).index("0")
    a, b = (torch.cat([v.double().flatten() for k, v in s.items() if "blocks.0" in k]) for s in odd_states())
    assert cells(odd, Column.RELATIVE)[row] == f"{float((b - a).norm() / a.norm()):.4f}"
    before = len(names(odd))
    click_row(qtbot, odd, 1, x=22)  # the chevron of blocks
    assert len(names(odd)) < before and "0" not in names(odd)
    odd.view.setFocus()
    odd.view.go_to(odd.model.node(1))
    qtbot.keyClick(odd.view, Qt.Key.Key_Right)
    assert len(names(odd)) == before
    qtbot.keyClick(odd.view, Qt.Key.Key_Right)
    assert odd.view.currentIndex().row() == 2
    qtbot.keyClick(odd.view, Qt.Key.Key_Left)
    qtbot.keyClick(odd.view, Qt.Key.Key_Left)
    assert odd.comparison.outline.path(odd.comparison.selection) == "blocks"


def test_what_is_selected_elsewhere_is_unfolded_and_seen(qtbot, odd):
    qtbot.mouseClick(odd.modules, Qt.MouseButton.LeftButton)
    settle(qtbot, odd)
    root = odd.model.node(0)
    odd.arranger.set_open(root, False)
    assert names(odd) == ["All tensors"]
    node = odd.comparison.outline.find("blocks.1.norm.weight")
    odd.comparison.select(node)
    assert odd.view.current() == node


def test_selection_and_hover_go_both_ways(qtbot, panel, comparison):
    click_row(qtbot, panel, 2)
    assert comparison.selection == panel.model.node(2)
    comparison.select(panel.model.node(4))
    assert panel.view.currentIndex().row() == 4
    comparison.select(0)
    assert not panel.view.currentIndex().isValid()
    qtbot.mouseMove(panel.view.viewport(), QPoint(60, panel.view.rowViewportPosition(1) + 5))
    qtbot.waitUntil(lambda: comparison.hovered == panel.model.node(1))
    QApplication.sendEvent(panel.view, QEvent(QEvent.Type.Leave))
    assert comparison.hovered == -1
    comparison.hover(panel.model.node(3))
    assert panel.view.delegate.linked == panel.model.node(3)


def test_focus_alone_selects_nothing(qtbot, panel, comparison):
    panel.view.setFocus()
    assert comparison.selection == 0 and not panel.view.selectionModel().hasSelection()


def test_keys_walk_jump_and_open(qtbot, panel, comparison):
    panel.view.setFocus()
    click_row(qtbot, panel, 0)
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert comparison.selection == panel.model.node(1)
    qtbot.keyClick(panel.view, Qt.Key.Key_End)
    assert comparison.selection == panel.model.node(5)
    qtbot.keyClick(panel.view, Qt.Key.Key_Home)
    assert comparison.selection == panel.model.node(0)
    click_head(qtbot, panel, Column.NAME)
    qtbot.keyClicks(panel.view, "blocks.1")
    assert names(panel)[panel.view.currentIndex().row()].startswith("blocks.1")
    with qtbot.waitSignal(panel.show_asked) as asked:
        qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert asked.args == [comparison.b, comparison.selection]


def test_rows_are_copied_with_every_digit(qtbot, panel):
    click_row(qtbot, panel, 0)
    click_row(qtbot, panel, 2, modifier=Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, panel)
    head, *lines = QGuiApplication.clipboard().text().splitlines()
    assert head.split("\t")[:3] == ["name", "status", "relative"]
    assert [line.split("\t")[0] for line in lines] == names(panel)[:3]
    name, status, told = lines[0].split("\t")[:3]
    assert status == "changed"
    assert float(told) == pytest.approx(relative(name), rel=1e-9)


def menu_of(qtbot, panel, row):
    place = QPoint(60, panel.view.rowViewportPosition(row) + 5)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, panel.view.viewport().mapToGlobal(place))
    QApplication.sendEvent(panel.view.viewport(), event)
    qtbot.waitUntil(lambda: bool(panel.view.findChildren(QMenu)))
    return panel.view.findChildren(QMenu)[0]


def trigger(menu, words):
    next(action for action in menu.actions() if action.text().startswith(words)).trigger()
    menu.close()


def test_the_menu_of_a_row_copies_and_leads_to_the_epoch(qtbot, odd):
    click_row(qtbot, odd, 0)
    trigger(menu_of(qtbot, odd, 0), "Copy name")
    assert QGuiApplication.clipboard().text() == "blocks.1.attn.bias"
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    trigger(menu_of(qtbot, odd, 0), "Copy table as CSV")
    settle(qtbot, odd)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 13 and lines[1].startswith("blocks.1.attn.bias,changed,NaN,")
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    row = names(odd).index("gone.weight")
    menu = menu_of(qtbot, odd, row)
    words = [action.text() for action in menu.actions()]
    assert "Show in epoch 0" in words and "Show in epoch 1" not in words  # it is not there
    with qtbot.waitSignal(odd.show_asked) as asked:
        trigger(menu, "Show in epoch 0")
    assert asked.args == [0, odd.model.node(row)]


def test_columns_are_chosen_and_go_where_there_is_no_room(qtbot, panel):
    view = panel.view
    assert not view.isColumnHidden(Column.COSINE) and view.isColumnHidden(Column.LARGEST)
    panel.resize(300, 600)
    assert view.isColumnHidden(Column.COSINE) and not view.isColumnHidden(Column.RELATIVE)
    panel.resize(900, 600)
    view.header.menu_asked.emit(QPoint(10, 10))
    qtbot.waitUntil(lambda: bool(view.findChildren(QMenu)))
    trigger(view.findChildren(QMenu)[0], "Largest change")
    assert not view.isColumnHidden(Column.LARGEST)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_the_line_over_the_epochs_needs_two_steps(odd, panel):
    assert odd.view.isColumnHidden(Column.EPOCHS)
    assert not panel.view.isColumnHidden(Column.EPOCHS)
    assert panel.model.epochs == "Epoch 1 to 3"
    line = panel.arranger.lines.of(panel.comparison.outline.find("blocks.0.attn.weight"))
    expected = [relative("blocks.0.attn.weight", epoch, epoch + 1) for epoch in range(3)]
    assert line.values.tolist() == pytest.approx(expected, rel=1e-9)
    assert panel.view.delegate.ends == (1, 2)  # epochs 2 and 3 of 1, 2, 3


def test_a_line_is_logarithmic_over_a_decade_at_least():
    import numpy as np

    assert heights(np.array([1e-4, 1e-2])).tolist() == [0, 1]
    assert heights(np.array([0.01, 0.01])).tolist() == [0.5, 0.5]
    assert heights(np.array([0.0, np.nan, 1.0])).tolist()[0] == 0
    assert heights(np.array([0.0, 0.0])).tolist() == [0, 0]


def test_the_table_follows_the_handles(qtbot, panel, comparison):
    comparison.set_ends(0, 3)
    qtbot.waitUntil(lambda: not comparison.progress.running, timeout=20_000)
    settle(qtbot, panel)
    assert panel.ends.text() == "epoch 0 to 3"
    assert cells(panel, Column.RELATIVE)[0] == f"{relative(names(panel)[0], 0, 3):.4f}"
    comparison.set_ends(3, 3)
    assert panel.said.text() == "A and B are the same checkpoint."


def test_the_values_that_differ_stand_below_and_all_of_them_on_demand(qtbot, panel):
    values = panel.values
    assert values.title.text() == "Other values, 2 of 2 differ"
    model = values.model
    said = [[model.data(model.index(row, column)) for column in range(3)] for row in range(model.rowCount())]
    assert said == [["epoch", "2", "3"], ["loss", "1.50", "1.25"]]
    values.table.selectAll()
    values.table.setFocus()
    qtbot.keyClick(values.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "epoch\t2\t3\nloss\t1.5\t1.25"


def test_equal_values_are_unfolded(qtbot, compare_run, shown, tmp_path):
    folder = save_run(tmp_path / "equal", [weights(0)] * 2, seed=[7, 7], lr=[0.1, 0.1000001])
    panel = shown(compare_run(folder))
    assert panel.said.text() == "Equal in every value."
    assert set(cells(panel, Column.STATUS)) == {"same"}
    values = panel.values
    assert values.title.text() == "Other values, 2 of 3 differ"
    qtbot.mouseClick(values.fold, Qt.MouseButton.LeftButton)
    said = [(row.name, row.text(0), row.text(1), row.differs) for row in values.model.values]
    assert said[1:] == [("lr", "0.1", "0.1000001", True), ("seed", "7", "7", False)]


def test_two_with_nothing_in_common_say_so(compare_run, shown, tmp_path):
    states = [{"a.weight": torch.ones(2)}, {"b.weight": torch.ones(2), "b.bias": torch.ones(1)}]
    comparison = compare_run(save_run(tmp_path / "apart", [states[0], *states, states[1]]))
    comparison.set_ends(1, 2)
    panel = shown(comparison)
    said = "These two have no tensor in common: 1 tensor only in epoch 1, 2 tensors only in epoch 2."
    assert panel.said.text() == said
    assert len(names(panel)) == 3


def test_what_the_page_says_of_two_that_are_alone_is_not_said_again(compare_run, shown, tmp_path):
    states = [{"a.weight": torch.ones(2)}, {"b.weight": torch.ones(2)}]
    panel = shown(compare_run(save_run(tmp_path / "apart", states)))
    assert panel.comparison.series.apart
    assert not panel.said.text()
    assert cells(panel, Column.STATUS) == ["removed", "added"]


@pytest.mark.parametrize(
    ("values", "said", "colour"),
    [
        ([float("nan")] * 3, "Every value is NaN in both.", "danger"),
        ([float("nan"), 1.0, 2.0], "Equal in every value; 1 of them NaN in both.", "text2"),
    ],
)
def test_equal_is_not_praised_where_it_is_nan(compare_run, tmp_path, shown, values, said, colour):
    panel = shown(compare_run(save_run(tmp_path / "nan", [{"a.weight": torch.tensor(values)}] * 2)))
    assert panel.said.text() == said
    assert about(panel.comparison, panel.model.rows) == (said, colour)


@pytest.mark.parametrize(("height", "most"), [(400, 0.25), (640, 0.4)])
def test_the_values_leave_the_rows_their_room(qtbot, compare_run, shown, tmp_path, height, most):
    many = {f"value_{n}": [n, n + 1] for n in range(20)}
    panel = shown(compare_run(save_run(tmp_path / "many", [weights(0)] * 2, **many)), height=height)
    qtbot.waitUntil(lambda: 60 < panel.values.height() <= round(height * most), timeout=5_000)


def test_one_checkpoint_alone_has_no_table(compare_run, shown, tmp_path):
    panel = shown(compare_run(save_run(tmp_path / "one", [weights(0)])))
    assert panel.stack.currentWidget() is panel.message
    assert panel.message.text() == "One checkpoint alone has nothing to be compared with."
    assert not panel.values.isVisible()


def test_a_tensor_that_cannot_be_read_says_why_in_its_place(qtbot, compare_run, shown, tmp_path):
    folder = save_run(tmp_path / "cut", [{f"l{i}.weight": torch.rand(90, 90) for i in range(4)} for _ in range(2)])
    path = tmp_path / "cut" / "epoch_1.pt"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    panel = shown(compare_run(folder))
    assert "cannot be compared; each says why." in panel.said.text()
    said = dict(zip(names(panel), cells(panel, Column.RELATIVE)))
    assert "cut short" in said["l3.weight"]
    assert said["l0.weight"] and "cut" not in said["l0.weight"]
    type_filter(qtbot, panel, "failed")
    assert "l3.weight" in names(panel) and "l0.weight" not in names(panel)


def test_rows_that_are_not_read_yet_are_pale_and_come_last(qtbot, comparison, shown):
    pair = comparison.difference
    pair.records["known"][:3] = 0
    panel = shown(comparison)
    assert cells(panel, Column.RELATIVE)[3:] == ["—"] * 3
    assert cells(panel, Column.STATUS)[3:] == ["not read yet"] * 3
    type_filter(qtbot, panel, "unread")
    assert len(names(panel)) == 3


def test_no_row_moves_under_a_hand_while_figures_come_in(qtbot, comparison, shown):
    pair = comparison.difference
    known = pair.records.copy()
    pair.records["known"][:] = 0
    panel = shown(comparison)
    in_network_order = names(panel)
    panel.arranger.busy_hand = lambda: True
    pair.records[:] = known
    comparison.compared.emit(comparison.a, comparison.b)
    qtbot.waitUntil(lambda: cells(panel, Column.RELATIVE)[0] != "—")
    assert names(panel) == in_network_order
    panel.arranger.busy_hand = lambda: False
    qtbot.waitUntil(lambda: names(panel) != in_network_order)
    assert names(panel) == sorted(names(panel), key=lambda name: -relative(name))


def test_the_selected_row_keeps_its_place_on_the_screen(qtbot, compare_run, shown, tmp_path):
    generator = torch.Generator().manual_seed(1)
    states = [{f"l{i}.weight": torch.rand(3, generator=generator) for i in range(60)} for _ in range(2)]
    panel = shown(compare_run(save_run(tmp_path / "long", states)))
    panel.view.verticalScrollBar().setValue(20 * ROW)
    click_row(qtbot, panel, 25)
    name, top = names(panel)[25], panel.view.rowViewportPosition(25)
    click_head(qtbot, panel, Column.NAME)
    row = panel.view.currentIndex().row()
    assert names(panel)[row] == name
    bar = panel.view.verticalScrollBar()
    assert bar.value() == min(max(0, row * ROW - top), bar.maximum())


def test_a_renamed_tensor_says_its_other_name_and_a_tied_one_that_it_is_tied(compare_run, shown, tmp_path, qtbot):
    a, b = weights(0), weights(1)
    b["encoder.weight"] = b.pop("blocks.0.attn.weight")
    b["head.weight"] = b["encoder.weight"]
    comparison = compare_run(save_run(tmp_path / "renamed", [a, b]))
    rename = Rename("blocks.0.attn.weight", "encoder.weight", 0, 1, Grounds.SIMILAR)
    with qtbot.waitSignal(comparison.finished, timeout=20_000):
        comparison.show_series(series_of(comparison.series.members, [rename]))
    panel = shown(comparison)
    rows, node = panel.arranger.rows, comparison.outline.find("encoder.weight")
    assert rows.badges(node) == ("was blocks.0.attn.weight", "tied")
    assert "also named blocks.0.attn.weight" in tooltip(rows, node)
    assert rows.badges(comparison.outline.find("head.weight")) == ("tied",)
    assert not panel.grab().isNull()


def test_another_series_takes_the_place(qtbot, panel, comparison, tmp_path):
    series = series_of(comparison.series.members[:2])
    with qtbot.waitSignal(comparison.finished, timeout=20_000):
        comparison.show_series(series)
    settle(qtbot, panel)
    assert panel.ends.text().startswith("epoch")
    assert panel.view.isColumnHidden(Column.EPOCHS)
    assert len(names(panel)) == 6


def test_it_is_painted_in_both_modes_without_a_word(qtbot, qapp, odd):
    from ckptgui.gui.theme import apply_theme

    for dark in (True, False):
        apply_theme(qapp, dark)
        odd.view.choose_columns(frozenset(Column) - {Column.NAME, Column.STATUS, Column.RELATIVE})
        odd.resize(900, 500)
        assert not odd.grab().isNull()


def test_nothing_is_shown_before_there_is_a_series(qtbot, qapp):
    background = Background()
    panel = ChangesPanel(Comparison(background))
    qtbot.addWidget(panel)
    panel.show()
    assert panel.message.text() == "There is no checkpoint yet."
    assert background.shutdown(5)


def test_where_one_name_is_too_long_the_front_of_all_goes_down_the_whole_column(compare_run, shown, tmp_path):
    def state(epoch):
        return {f"transformer.{name}": torch.ones(3) * (epoch + 1) for name in ("h.0.attn.c_proj.bias", "ln.bias")}

    panel = shown(compare_run(save_run(tmp_path / "front", [state(epoch) for epoch in range(2)])))
    delegate, model = panel.view.delegate, panel.model

    def column(room):
        return {delegate.fitted(model.rows, model.node(row), room) for row in range(model.rowCount())}

    assert column(600) == {"transformer.h.0.attn.c_proj.bias", "transformer.ln.bias"}
    assert column(170) == {"…h.0.attn.c_proj.bias", "…ln.bias"}
