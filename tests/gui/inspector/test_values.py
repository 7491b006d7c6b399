"""The table of values: any size, any slice, exact copies."""

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest

from ckptgui.core.builder import TableBuilder
from ckptgui.core.dtypes import BY_NAME
from ckptgui.gui.inspector.cells import exact_text
from ckptgui.gui.inspector.slice_bar import parse_index
from ckptgui.gui.inspector.slices import PAGE, Slice, wrap_for
from ckptgui.gui.inspector.values.model import ValuesModel
from tests.gui.inspector.conftest import saved

MODEL = "model_state_dict"


def shown(model, row, column) -> str:
    return model.data(model.index(row, column))


def settle(qtbot, tab):
    tab.table.viewport().repaint()
    qtbot.waitUntil(lambda: not tab.waiting, timeout=10_000)


def test_the_model_keeps_qts_rules(bench):
    bench.select(f"{MODEL}/conv.weight")
    model = bench.inspector.tensor.values.model
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    bench.select(f"{MODEL}/big")
    bench.select(f"{MODEL}/scale")
    bench.select(f"{MODEL}/empty")


def test_cells_wait_with_a_dash_and_never_read_themselves(bench, qtbot):
    bench.select(f"{MODEL}/big")
    tab = bench.inspector.tensor.values
    assert shown(tab.model, 499, 399) == "–"
    assert tab.model.data(tab.model.index(499, 399), Qt.ItemDataRole.ToolTipRole) is None
    qtbot.waitUntil(lambda: shown(tab.model, 499, 399) != "–", timeout=10_000)
    value = saved()[MODEL]["big"][499, 399]
    assert float(tab.model.value(499, 399)) == float(value)


def test_the_table_scrolls_to_every_corner(bench, qtbot):
    bench.select(f"{MODEL}/big")
    tab = bench.inspector.tensor.values
    tab.table.scrollToBottom()
    tab.table.horizontalScrollBar().setValue(tab.table.horizontalScrollBar().maximum())
    settle(qtbot, tab)
    values = saved()[MODEL]["big"].numpy()
    last = tab.table.rowAt(tab.table.viewport().height() - 4), tab.table.columnAt(tab.table.viewport().width() - 4)
    assert last == (499, 399)
    assert np.float32(tab.model.value(*last)) == values[last]


def test_nan_and_infinity_are_magenta(bench, qtbot):
    from ckptgui.gui.theme import theme

    bench.select(f"{MODEL}/fc.bias")
    model = bench.inspector.tensor.values.model
    cells = {place: model.slice.cell((place,)) for place in (3, 4, 5)}
    assert [shown(model, *cells[place]) for place in (3, 5)] == ["∞", "NaN"]
    for place in (3, 5):
        assert model.data(model.index(*cells[place]), Qt.ItemDataRole.ForegroundRole) == theme().nan
    assert model.data(model.index(*cells[4]), Qt.ItemDataRole.ForegroundRole) == theme().text


def test_a_vector_is_wrapped_into_lines_as_wide_as_the_view(bench, qtbot):
    bench.select(f"{MODEL}/fc.bias")
    tab = bench.inspector.tensor.values
    wrap = tab.model.columnCount()
    header = tab.table.horizontalHeader()
    assert wrap > 4 and header.length() <= tab.table.viewport().width() < header.length() * 1.5
    assert tab.model.rowCount() == -(-300 // wrap)
    assert tab.model.headerData(2, Qt.Orientation.Vertical) == str(2 * wrap)
    assert tab.model.headerData(2, Qt.Orientation.Horizontal) == "+2"
    values = saved()[MODEL]["fc.bias"].numpy()
    assert tab.model.value(2, 3) == values[2 * wrap + 3]


def test_behind_the_last_value_of_a_vector_nothing_is_shown_or_copied(bench, qtbot):
    bench.select(f"{MODEL}/steps")
    tab = bench.inspector.tensor.values
    wrap, last = tab.model.columnCount(), tab.model.rowCount() - 1
    short = 40 - last * wrap
    assert 0 < short < wrap
    assert shown(tab.model, last, short - 1) == "39" and shown(tab.model, last, short) is None
    tab.table.selectAll()
    with qtbot.waitSignal(tab.table.copied) as caught:
        tab.table.copy_selection()
    assert caught.args == [40]
    assert [int(text) for text in QGuiApplication.clipboard().text().split()] == list(range(40))


def test_a_place_in_a_vector_is_found_and_kept_when_the_lines_change(bench, qtbot):
    bench.select(f"{MODEL}/fc.bias")
    tab = bench.inspector.tensor.values
    before = tab.model.columnCount()
    tab.show_place((155,))
    cell = tab.table.currentIndex()
    assert (cell.row(), cell.column()) == divmod(155, before)
    bench.inspector.resize(400, 760)
    qtbot.waitUntil(lambda: tab.model.columnCount() < before)
    settle(qtbot, tab)
    cell = tab.table.currentIndex()
    assert (cell.row(), cell.column()) == divmod(155, tab.model.columnCount())
    assert tab.table.viewport().rect().intersects(tab.table.visualRect(cell))


def test_columns_of_integers_are_as_wide_as_their_values(bench):
    bench.select(f"{MODEL}/steps")
    assert bench.inspector.tensor.values.table.columnWidth(0) < 50


def test_a_line_is_as_long_as_one_can_count_on_from():
    assert [wrap_for(1000, room) for room in (0, 1, 7, 9, 15)] == [1, 1, 6, 8, 12]
    assert wrap_for(3, 8) == 3


def test_a_wrapped_dimension_of_billions_has_pages_too():
    seen = Slice.of((3_000_000_001,), room=8)
    assert seen.total_rows((3_000_000_001,)) == 375_000_001
    there = seen.at((3_000_000_000,))
    assert there.index(*there.cell((3_000_000_000,))) == (3_000_000_000,)
    assert there.first_row % PAGE == 0 and there.cell((3_000_000_000,))[0] < PAGE


@pytest.mark.filterwarnings("ignore")  # torch deprecates its own quantised tensors
def test_quantised_tensors_show_the_numbers_that_they_stand_for(open_bench, tmp_path):
    torch.manual_seed(3)
    real = torch.randn(4, 5, 6)
    scales, zeros = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5]), torch.tensor([0, 1, 2, 3, 4])
    tensors = {
        "whole": torch.quantize_per_tensor(real, 0.05, 3, torch.qint8),
        "channels": torch.quantize_per_channel(real, scales, zeros, 1, torch.qint8),
    }
    torch.save(tensors, tmp_path / "quantised.pt")
    bench = open_bench(tmp_path / "quantised.pt")
    for name, tensor in tensors.items():
        bench.select(name)
        tab = bench.inspector.tensor.values
        tab.show_place((2, 0, 0))
        settle(bench.qtbot, tab)
        found = [[tab.model.value(row, column) for column in range(6)] for row in range(5)]
        assert np.allclose(found, tensor.dequantize()[2].numpy(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:ComplexHalf support")
def test_complex_numbers_of_every_width_keep_their_imaginary_part(open_bench, tmp_path):
    value = torch.tensor([[1.5 - 0.25j, 2.0 + 0.5j]])
    torch.save(
        {str(t): value.to(t) for t in (torch.complex32, torch.complex64, torch.complex128)}, tmp_path / "c.pt"
    )
    bench = open_bench(tmp_path / "c.pt")
    for name in ("torch.complex32", "torch.complex64", "torch.complex128"):
        bench.select(name)
        model = bench.inspector.tensor.values.model
        assert [shown(model, 0, column) for column in (0, 1)] == ["1.500 − 0.2500j", "2.000 + 0.5000j"]
        assert complex(exact_text(model.value(0, 0))) == 1.5 - 0.25j


def test_a_0d_tensor_is_one_cell(bench):
    bench.select(f"{MODEL}/scale")
    model = bench.inspector.tensor.values.model
    assert (model.rowCount(), model.columnCount(), shown(model, 0, 0)) == (1, 1, "2.500")


def test_leading_dimensions_are_walked_with_spin_boxes(bench, qtbot):
    bench.select(f"{MODEL}/conv.weight")
    tab, values = bench.inspector.tensor.values, saved()[MODEL]["conv.weight"].numpy()
    assert sorted(dim for dim, spin in tab.bar.spins.items() if spin.isVisible()) == [0, 1]
    spin = tab.bar.spins[0]
    spin.setFocus()
    qtbot.keyClick(spin, Qt.Key.Key_Up)
    qtbot.keyClick(spin, Qt.Key.Key_Up)
    settle(qtbot, tab)
    assert tab.model.value(2, 4) == values[2, 0, 2, 4]


def test_any_two_dimensions_are_rows_and_columns(bench, qtbot):
    bench.select(f"{MODEL}/conv.weight")
    tab, values = bench.inspector.tensor.values, saved()[MODEL]["conv.weight"].numpy()
    tab.bar.rows.setFocus()
    qtbot.keyClick(tab.bar.rows, Qt.Key.Key_Home)
    tab.bar.rows.activated.emit(tab.bar.rows.currentIndex())
    settle(qtbot, tab)
    assert (tab.model.rowCount(), tab.model.columnCount()) == (6, 5)
    assert tab.model.value(5, 4) == values[5, 0, 0, 4]
    tab.bar.columns.setCurrentIndex(0)
    tab.bar.columns.activated.emit(0)  # the dimension of the rows: they change places
    settle(qtbot, tab)
    assert (tab.model.rowCount(), tab.model.columnCount()) == (5, 6)
    assert tab.model.value(4, 5) == values[5, 0, 0, 4]


def test_an_index_that_is_typed_is_gone_to(bench, qtbot):
    bench.select(f"{MODEL}/conv.weight")
    tab, values = bench.inspector.tensor.values, saved()[MODEL]["conv.weight"].numpy()
    qtbot.keyClicks(tab.bar.place, "[3, 1, -1, 2]")
    qtbot.keyClick(tab.bar.place, Qt.Key.Key_Return)
    settle(qtbot, tab)
    cell = tab.table.currentIndex()
    assert (cell.row(), cell.column()) == (2, 2)
    assert tab.model.value(2, 2) == values[3, 1, 2, 2]
    assert tab.bar.spins[0].value() == 3
    tab.bar.place.clear()
    qtbot.keyClicks(tab.bar.place, "3, 9, 0, 0")
    qtbot.keyClick(tab.bar.place, Qt.Key.Key_Return)
    assert tab.note.text() == "9 is outside dimension 1, which has 4."


@pytest.mark.parametrize(
    ("text", "answer"),
    [("[3, 17]", (3, 17)), ("3 17", (3, 17)), ("-1,-1", (9, 19)), ("−1, 0", (9, 0))],
)
def test_an_index_may_be_written_in_many_ways(text, answer):
    assert parse_index(text, (10, 20)) == answer


def test_an_index_of_the_wrong_length_is_refused_in_a_sentence():
    assert parse_index("[3]", (10, 20)) == "2 numbers are needed, 1 given."


def test_the_minimum_leads_to_its_cell(bench, qtbot):
    bench.select(f"{MODEL}/embed.weight")
    panel, values = bench.inspector.tensor, saved()[MODEL]["embed.weight"].numpy()
    qtbot.mouseClick(panel.statistics.places["min"], Qt.MouseButton.LeftButton)
    settle(qtbot, panel.values)
    cell = panel.values.table.currentIndex()
    assert (cell.row(), cell.column()) == tuple(np.unravel_index(values.argmin(), values.shape))


def test_another_epoch_keeps_the_slice_the_place_and_what_is_scrolled_to(bench, open_bench, qtbot, tmp_path):
    bench.select(f"{MODEL}/conv.weight")
    tab = bench.inspector.tensor.values
    tab.show_place((3, 1, 2, 2))
    settle(qtbot, tab)
    seen = tab.model.slice
    path = tmp_path / "epoch_2.pt"
    torch.save(saved(), path)
    other = open_bench(path)
    bench.inspector.set_document(other.checkpoint, other.tree, other.pool, other.summaries)
    bench.select(f"{MODEL}/conv.weight")
    cell = tab.table.currentIndex()
    assert tab.model.slice == seen and (cell.row(), cell.column()) == (2, 2)
    assert tab.bar.spins[0].value() == 3
    bench.select(f"{MODEL}/big")
    tab.table.scrollTo(tab.model.index(400, 0))
    top = tab.table.rowAt(0)
    bench.inspector.set_document(bench.checkpoint, bench.tree, bench.pool, bench.summaries)
    bench.select(f"{MODEL}/big")
    assert tab.table.rowAt(0) == top > 300


def test_a_selection_is_copied_exactly_as_tab_separated_text(bench, qtbot):
    bench.select(f"{MODEL}/big")
    table, values = bench.inspector.tensor.values.table, saved()[MODEL]["big"].numpy()
    start = QPoint(table.columnViewportPosition(0) + 5, table.rowViewportPosition(0) + 5)
    end = QPoint(table.columnViewportPosition(2) + 5, table.rowViewportPosition(1) + 5)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pos=end)
    with qtbot.waitSignal(table.copied, timeout=10_000) as caught:
        qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert caught.args == [6]
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]
    assert np.array_equal(np.array(lines, np.float32), values[:2, :3])
    assert bench.inspector.tensor.values.foot.text.text() == "Copied 6 values."


def test_a_whole_column_is_copied_also_where_it_was_never_seen(bench, qtbot):
    bench.select(f"{MODEL}/big")
    table, values = bench.inspector.tensor.values.table, saved()[MODEL]["big"].numpy()
    table.selectColumn(1)
    with qtbot.waitSignal(table.copied, timeout=10_000):
        table.copy_selection()
    assert np.array_equal(np.array(QGuiApplication.clipboard().text().split("\n"), np.float32), values[:, 1])


def test_tooltips_have_the_index_and_every_digit(bench):
    bench.select(f"{MODEL}/half")
    model = bench.inspector.tensor.values.model
    value = saved()[MODEL]["half"][2, 1]
    place, text = model.data(model.index(2, 1), Qt.ItemDataRole.ToolTipRole).split("  ")
    assert place == "[2, 1]" and float(text) == pytest.approx(float(value), rel=1e-2)
    assert torch.tensor(float(text)).bfloat16() == value


def test_a_table_of_more_rows_than_qt_has_is_turned_in_pages(bench, qtbot):
    builder = TableBuilder()
    builder.add(("huge",), (3_000_000_000, 2), BY_NAME["float32"])
    model = ValuesModel(bench.background)
    model.set_tensor(builder.build().info(0), bench.pool)
    assert model.rowCount() == PAGE and model.total_rows() == 3_000_000_000
    model.set_slice(model.slice.at((2_999_999_999, 1)))
    assert model.rowCount() == PAGE
    assert model.position(PAGE - 1, 1) == (2_999_999_999, 1)
    assert model.headerData(PAGE - 1, Qt.Orientation.Vertical) == "2,999,999,999"


def test_pages_are_turned_by_links(open_bench, tmp_path, qtbot):
    path = tmp_path / "long.pt"
    torch.save({"long": torch.arange(PAGE + 10, dtype=torch.int32)[:, None]}, path)
    bench = open_bench(path)
    bench.select("long")
    tab = bench.inspector.tensor.values
    assert tab.bar.page.text() == "rows 0 to 999,999" and not tab.bar.earlier.isEnabled()
    qtbot.mouseClick(tab.bar.later, Qt.MouseButton.LeftButton)
    settle(qtbot, tab)
    assert tab.model.rowCount() == 10 and shown(tab.model, 9, 0) == "1,000,009"
    tab.show_place((5, 0))
    settle(qtbot, tab)
    assert shown(tab.model, 5, 0) == "5"


def test_a_file_that_goes_away_is_told_in_the_tab(open_bench, tmp_path, qtbot):
    path = tmp_path / "gone.pt"
    torch.save({"w": torch.ones(400, 400)}, path)
    bench = open_bench(path)
    bench.select("w")
    tab = bench.inspector.tensor.values
    with path.open("r+b") as file:
        file.truncate(100)
    bench.pool.close()
    tab.table.scrollToBottom()
    tab.table.viewport().repaint()
    qtbot.waitUntil(lambda: tab.note.isVisible(), timeout=10_000)
    assert tab.note.text()
