"""Going to values, what a selection comes to, copying as a literal, saving as a file."""

import errno
import math

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu

from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.export.system import System
from ckptgui.gui.inspector.values.literal import python_literal
from ckptgui.gui.inspector.values.selection import selection_text

LEFT, CTRL, SHIFT = (
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


def tensors() -> dict:
    torch.manual_seed(11)
    holes = torch.randn(60, 50)
    holes[[3, 20, 59], [7, 0, 49]] = math.nan
    holes[30, 5] = math.inf
    clean = torch.randn(60, 50)
    return {
        "holes": holes,
        "clean": clean,
        "one": torch.tensor([[1.0, math.nan]]),
        "endless": torch.tensor([[1.0, math.inf, 2.0]]),
        "conv": torch.randn(4, 3, 5, 6),
        "line": torch.randn(300),
        "half": torch.randn(8, 6).bfloat16(),
        "mask": torch.tensor([[True, False]]),
        "ids": torch.arange(12).reshape(3, 4),
    }


@pytest.fixture
def bench(open_bench, tmp_path):
    torch.save(tensors(), tmp_path / "w.pt")
    return open_bench(tmp_path / "w.pt")


def opened(bench, name):
    bench.select(name)
    panel = bench.inspector.tensor
    panel.half.open("values")
    bench.qtbot.waitUntil(lambda: not panel.values.waiting, timeout=10_000)
    return panel.values


def at(tab):
    cell = tab.table.currentIndex()
    return tab.model.position(cell.row(), cell.column()) if cell.isValid() else None


def settled(bench, tab, place):
    bench.qtbot.waitUntil(lambda: at(tab) == place, timeout=10_000)


def known(bench, name):
    """Wait for the figures, as they are for a person who looks at a tensor."""
    row = next(info.index for info in bench.checkpoint.tensors if info.name == name)
    bench.qtbot.waitUntil(lambda: bench.summaries.get(row) is not None, timeout=10_000)


def test_the_largest_and_the_smallest_are_a_click_away(bench, qtbot):
    tab, values = opened(bench, "clean"), tensors()["clean"].numpy()
    qtbot.mouseClick(tab.jumps.largest, LEFT)
    settled(bench, tab, tuple(np.unravel_index(values.argmax(), values.shape)))
    qtbot.mouseClick(tab.jumps.smallest, LEFT)
    settled(bench, tab, tuple(np.unravel_index(values.argmin(), values.shape)))
    tab.jumps.go("magnitude")
    settled(bench, tab, tuple(np.unravel_index(np.abs(values).argmax(), values.shape)))


def test_they_are_found_by_reading_where_no_figures_are_known(bench, qtbot):
    tab, values = opened(bench, "clean"), tensors()["clean"].numpy()
    tab.jumps.set_tensor(bench.checkpoint.info(1), bench.pool)
    qtbot.mouseClick(tab.jumps.largest, LEFT)
    settled(bench, tab, tuple(np.unravel_index(values.argmax(), values.shape)))


def test_f3_walks_through_every_nan_and_round_again(bench, qtbot):
    tab = opened(bench, "holes")
    known(bench, "holes")
    assert tab.jumps.steps.text.text() == "3 NaN"
    for place in ((3, 7), (20, 0), (59, 49), (3, 7)):
        qtbot.keyClick(tab.table, Qt.Key.Key_F3)
        settled(bench, tab, place)
    qtbot.keyClick(tab.table, Qt.Key.Key_F3, SHIFT)
    settled(bench, tab, (59, 49))
    qtbot.mouseClick(tab.jumps.steps.previous, LEFT)
    settled(bench, tab, (20, 0))
    qtbot.mouseClick(tab.jumps.steps.next, LEFT)
    settled(bench, tab, (59, 49))


def test_the_next_nan_is_counted_from_the_cell_that_is_current(bench, qtbot):
    tab = opened(bench, "holes")
    tab.show_place((10, 10))
    qtbot.mouseClick(tab.jumps.steps.next, LEFT)
    settled(bench, tab, (20, 0))


def test_a_single_nan_is_gone_to_and_then_there_is_no_other(bench, qtbot):
    tab = opened(bench, "one")
    known(bench, "one")
    qtbot.mouseClick(tab.jumps.steps.next, LEFT)
    settled(bench, tab, (0, 1))
    qtbot.mouseClick(tab.jumps.steps.next, LEFT)
    qtbot.waitUntil(lambda: tab.foot.text.text() == "There is no other NaN.", timeout=10_000)


def test_where_only_infinities_are_they_are_stepped_through(bench, qtbot):
    tab = opened(bench, "endless")
    known(bench, "endless")
    assert tab.jumps.steps.text.text() == "1 infinite"
    qtbot.mouseClick(tab.jumps.steps.next, LEFT)
    settled(bench, tab, (0, 1))


def test_without_any_there_is_nothing_to_step_through(bench):
    for name in ("clean", "ids", "mask"):
        tab = opened(bench, name)
        known(bench, name)
        assert tab.jumps.steps.isHidden()


def test_the_first_nan_that_the_figures_tell_needs_no_reading(bench, qtbot):
    tab = opened(bench, "holes")
    tab.jumps.set_summary(Summary(Statistics(3000, nan=3, posinf=0, neginf=0, first_nan=(20, 0))))
    tab.jumps.first()
    assert at(tab) == (20, 0)


def test_figures_that_came_before_the_page_was_opened_are_used(bench, qtbot):
    bench.select("clean")
    half = bench.inspector.tensor.half
    half.open("details")
    bench.select("holes")
    known(bench, "holes")
    half.open("values")
    assert half.page("values").jumps.steps.text.text() == "3 NaN"


def test_a_search_is_cancelled_by_its_link(bench, qtbot, monkeypatch):
    tab = opened(bench, "holes")
    tab.jumps.set_tensor(bench.checkpoint.info(0), bench.pool)
    monkeypatch.setattr("ckptgui.gui.inspector.values.jumps.find_special", endless)
    qtbot.mouseClick(tab.jumps.steps.next, LEFT)
    assert tab.foot.text.text() == "Searching" and tab.foot.stop.isVisible()
    qtbot.mouseClick(tab.foot.stop, LEFT)
    assert not tab.foot.busy and not tab.foot.stop.isVisible()


def endless(info, pool, wanted, cancel, report, **more):
    import time

    while True:
        cancel.check()
        time.sleep(0.005)


def test_a_selection_is_summed_up_in_the_foot(bench, qtbot):
    tab, values = opened(bench, "holes"), tensors()["holes"].numpy()
    click_cells(qtbot, tab.table, (0, 0), (3, 7))
    qtbot.waitUntil(lambda: tab.foot.text.text().startswith("32 values, "), timeout=10_000)
    part = values[:4, :8]
    assert tab.foot.text.text() == selection_text([part])
    assert tab.foot.text.text().endswith("1 NaN")
    click_cells(qtbot, tab.table, (1, 1))
    qtbot.waitUntil(lambda: tab.foot.text.text() == f"[1, 1]  {values[1, 1]!s}", timeout=10_000)


def click_cells(qtbot, table, first, last=None):
    for (row, column), modifier in ((first, Qt.KeyboardModifier.NoModifier), (last or first, SHIFT)):
        spot = table.visualRect(table.model().index(row, column)).center()
        qtbot.mouseClick(table.viewport(), LEFT, modifier, spot)
        if last is None:
            return


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [np.array([1.0, 3.0]), np.array([np.nan, np.inf])],
            "4 values, 1.000 to 3.000, mean 2.000, 1 NaN, 1 infinite",
        ),
        ([np.array([1, 2, 6])], "3 values, 1 to 6, mean 3.000"),
        ([np.array([True, False])], "2 values, 1 true"),
        ([np.array([1j, 2])], "2 values"),
        ([np.array([np.nan, np.nan])], "2 values, 2 NaN"),
    ],
)
def test_a_summary_is_short(qapp, rows, text):
    assert selection_text(rows) == text


def evaluated(text):
    return eval(text, {"__builtins__": {"float": float, "complex": complex}})


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([[0.1, -0.0, math.nan], [math.inf, -math.inf, 1e-30]]),
        torch.tensor([[0.1, 1 / 3]], dtype=torch.float64),
        torch.tensor([[1.0], [2.5]]).half(),
        torch.randn(3, 4).bfloat16(),
        torch.tensor([[1, -2], [3, 2**62]]),
        torch.tensor([[True, False], [False, True]]),
        torch.tensor([[1 + 2j, complex(math.nan, -math.inf)]], dtype=torch.complex64),
    ],
    ids=lambda tensor: str(tensor.dtype),
)
def test_a_literal_makes_the_same_tensor(qapp, tensor):
    import ml_dtypes

    if tensor.dtype == torch.bfloat16:
        array = tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    else:
        array = tensor.numpy()
    again = torch.tensor(evaluated(python_literal(list(array))), dtype=tensor.dtype)
    assert torch.equal(torch.nan_to_num(again.reshape(tensor.shape)), torch.nan_to_num(tensor))
    assert not tensor.is_floating_point() or torch.equal(
        torch.signbit(again.reshape(tensor.shape)), torch.signbit(tensor)
    )


def test_a_literal_has_the_shape_of_what_was_chosen(qapp):
    table = np.arange(6.0).reshape(2, 3)
    assert python_literal(list(table)) == "[[0.0, 1.0, 2.0],\n [3.0, 4.0, 5.0]]"
    assert python_literal(list(table[:1])) == "[0.0, 1.0, 2.0]"
    assert python_literal(list(table[:, :1])) == "[0.0, 3.0]"
    assert python_literal(list(table[:1, :1])) == "0.0"
    assert python_literal([table[0], table[1][:1]], flat=True) == "[0.0, 1.0, 2.0, 3.0]"
    assert python_literal([np.array([np.nan, -np.inf])]) == '[float("nan"), -float("inf")]'


def menu_of(qtbot):
    qtbot.waitUntil(lambda: isinstance(QApplication.activePopupWidget(), QMenu), timeout=5_000)
    return QApplication.activePopupWidget()


def choose(qtbot, menu, start):
    action = next(action for action in menu.actions() if action.text().startswith(start))
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def test_the_link_copies_the_selection_as_a_literal(bench, qtbot):
    tab, tensor = opened(bench, "clean"), tensors()["clean"]
    click_cells(qtbot, tab.table, (0, 0), (1, 2))
    qtbot.mouseClick(tab.acts.copy, LEFT)
    with qtbot.waitSignal(tab.table.copied, timeout=10_000):
        choose(qtbot, menu_of(qtbot), "Copy as Python")
    found = torch.tensor(evaluated(QGuiApplication.clipboard().text()))
    assert torch.equal(found, tensor[:2, :3])
    assert tab.foot.text.text() == "Copied 6 values."


def test_a_line_that_is_wrapped_is_copied_as_one_list(bench, qtbot):
    tab, tensor = opened(bench, "line"), tensors()["line"]
    tab.table.selectAll()
    with qtbot.waitSignal(tab.table.copied, timeout=10_000):
        tab.table.copy_selection(literal=True)
    assert torch.equal(torch.tensor(evaluated(QGuiApplication.clipboard().text())), tensor)


def test_a_copy_that_leaves_some_away_says_so(bench, qtbot, monkeypatch):
    monkeypatch.setattr("ckptgui.gui.inspector.values.table.MAX_COPIED", 100)
    monkeypatch.setattr("ckptgui.gui.inspector.values.tab.MAX_COPIED", 100)
    tab = opened(bench, "clean")
    tab.table.selectAll()
    with qtbot.waitSignal(tab.table.copied, timeout=10_000):
        qtbot.keyClick(tab.table, Qt.Key.Key_C, CTRL)
    assert tab.foot.text.text().startswith("Copied the first 100 values, which is as much as one copy takes")


def test_without_a_selection_there_is_nothing_to_copy(bench, qtbot):
    tab = opened(bench, "clean")
    qtbot.mouseClick(tab.acts.copy, LEFT)
    menu = menu_of(qtbot)
    assert [action.isEnabled() for action in menu.actions()] == [False, False]
    qtbot.keyClick(menu, Qt.Key.Key_Escape)


def test_the_menu_of_the_table_offers_everything(bench, qtbot):
    tab = opened(bench, "holes")
    tab.show_place((0, 0))
    at_cell = tab.table.visualRect(tab.table.currentIndex()).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at_cell, tab.table.viewport().mapToGlobal(at_cell))
    QApplication.sendEvent(tab.table.viewport(), event)
    menu = menu_of(qtbot)
    texts = [action.text().split("\t")[0] for action in menu.actions() if action.text()]
    assert texts == [
        "Copy as text",
        "Copy as Python literal",
        "Go to first NaN",
        "Go to next NaN",
        "Go to previous NaN",
        "Go to largest value",
        "Go to smallest value",
        "Go to largest magnitude",
        "Save the tensor, 60 × 50…",
    ]
    choose(qtbot, menu, "Go to first NaN")
    settled(bench, tab, (3, 7))


def answer(bench, tab, path):
    """Write a path into the file dialogue that is open and press Return."""
    bench.qtbot.waitUntil(lambda: tab.findChild(QFileDialog) is not None, timeout=5_000)
    dialog = tab.findChild(QFileDialog)
    box = dialog.findChild(QLineEdit, "fileNameEdit")
    proposed = box.text()
    box.setText(str(path))
    with bench.qtbot.waitSignal(tab.saving.ended, timeout=10_000):
        bench.qtbot.keyClick(box, Qt.Key.Key_Return)
    return proposed


def test_a_tensor_is_saved_as_npy(bench, qtbot, tmp_path):
    tab = opened(bench, "clean")
    shown = []
    tab.saving.show_folder = shown.append
    qtbot.mouseClick(tab.acts.save, LEFT)
    assert answer(bench, tab, tmp_path / "clean.npy") == "clean.npy"
    assert np.array_equal(np.load(tmp_path / "clean.npy"), tensors()["clean"].numpy())
    assert tab.foot.text.text() == "Saved clean.npy, 11.8 KiB."
    qtbot.mouseClick(tab.foot.link, LEFT)
    assert shown == [str(tmp_path)]


def test_a_type_that_numpy_lacks_is_said(bench, qtbot, tmp_path):
    tab = opened(bench, "half")
    qtbot.mouseClick(tab.acts.save, LEFT)
    assert "as float32 (numpy has no bfloat16; nothing is lost)" in tab.findChild(QFileDialog).windowTitle()
    answer(bench, tab, tmp_path / "half.csv")
    assert tab.foot.text.text().endswith("as float32, every value exact.")
    found = np.loadtxt(tmp_path / "half.csv", delimiter=",", dtype=np.float32)
    assert np.array_equal(found, tensors()["half"].float().numpy())


def test_the_slice_that_is_seen_is_saved_as_it_is_seen(bench, qtbot, tmp_path):
    tab, values = opened(bench, "conv"), tensors()["conv"].numpy()
    tab.show_place((2, 1, 0, 0))
    qtbot.mouseClick(tab.acts.save, LEFT)
    menu = menu_of(qtbot)
    assert [a.text() for a in menu.actions()] == ["Save this slice, 5 × 6…", "Save the tensor, 4 × 3 × 5 × 6…"]
    choose(qtbot, menu, "Save this slice")
    assert answer(bench, tab, tmp_path / "slice.npy") == "conv-at-2-1.npy"
    assert np.array_equal(np.load(tmp_path / "slice.npy"), values[2, 1])
    tab.bar.rows.activated.emit(tab.bar.rows.currentIndex())
    tab.bar.columns.setCurrentIndex(0)
    tab.bar.columns.activated.emit(0)  # rows are dimension 2, columns 0
    tab.acts.save_slice()
    answer(bench, tab, tmp_path / "turned.npy")
    fixed = tab.model.slice.fixed
    assert np.array_equal(np.load(tmp_path / "turned.npy"), values[:, fixed[1], :, fixed[3]].T)


def test_a_format_that_is_chosen_changes_the_suffix(bench, qtbot):
    tab = opened(bench, "clean")
    tab.acts.save_tensor()
    dialog = tab.findChild(QFileDialog)
    dialog.filterSelected.emit(dialog.nameFilters()[1])
    assert dialog.findChild(QLineEdit, "fileNameEdit").text() == "clean.csv"
    dialog.reject()


def test_what_the_disk_refuses_is_said_in_place(bench, qtbot, tmp_path, monkeypatch):
    def full(self, descriptor, data, offset):
        raise OSError(errno.ENOSPC, "no space")

    tab = opened(bench, "clean")
    tab.acts.save_tensor()
    monkeypatch.setattr(System, "write", full)
    answer(bench, tab, tmp_path / "clean.npy")
    assert tab.foot.text.text() == "Nothing was saved. The disk is full."
    assert [path.name for path in tmp_path.iterdir()] == ["w.pt"]


def test_the_file_that_is_looked_at_is_never_replaced(bench, qtbot, tmp_path):
    tab = opened(bench, "clean")
    before = (tmp_path / "w.pt").read_bytes()
    link = tmp_path / "link.npy"
    link.symlink_to(tmp_path / "w.pt")
    with qtbot.waitSignal(tab.saving.ended, timeout=10_000):
        tab.saving.write(bench.checkpoint.info(1), str(link), bench.pool, bench.checkpoint)
    assert tab.foot.text.text() == "Nothing was saved. link.npy is the file that you are looking at."
    assert (tmp_path / "w.pt").read_bytes() == before


def test_saving_is_cancelled_without_a_trace(bench, qtbot, tmp_path, monkeypatch):
    import time

    original = System.write

    def slow(self, descriptor, data, offset):
        time.sleep(0.05)
        return original(self, descriptor, data[:100], offset)

    monkeypatch.setattr(System, "write", slow)
    monkeypatch.setattr("ckptgui.export.values_file.CHUNK", 400)
    monkeypatch.setattr("ckptgui.export.output._GATHER", 1)
    tab = opened(bench, "clean")
    tab.saving.write(bench.checkpoint.info(1), str(tmp_path / "clean.npy"), bench.pool, bench.checkpoint)
    assert tab.foot.text.text() == "Saving clean.npy"
    with qtbot.waitSignal(tab.saving.ended, timeout=10_000):
        qtbot.mouseClick(tab.foot.stop, LEFT)
    assert tab.foot.text.text() == "Saving cancelled; nothing is left behind."
    qtbot.waitUntil(lambda: [path.name for path in tmp_path.iterdir()] == ["w.pt"], timeout=10_000)


def test_another_tensor_ends_a_search_but_not_the_saving(bench, qtbot, monkeypatch):
    tab = opened(bench, "holes")
    tab.jumps.set_tensor(bench.checkpoint.info(0), bench.pool)
    monkeypatch.setattr("ckptgui.gui.inspector.values.jumps.find_special", endless)
    tab.jumps.step(backward=False)
    assert tab.foot.busy
    opened(bench, "clean")
    assert not tab.foot.busy
