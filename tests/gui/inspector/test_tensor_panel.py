"""What a person sees and does with a tensor."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel

from ckptgui.core.display import display
from ckptgui.core.tree.build import NodeKind
from ckptgui.gui.inspector.histogram import closer_look
from ckptgui.gui.inspector.page import ScrollPage
from ckptgui.gui.numbers import integer
from ckptgui.gui.selection import Selection
from ckptgui.gui.theme import apply_theme
from tests.gui.inspector.conftest import saved

MODEL = "model_state_dict"


def copied() -> str:
    return QGuiApplication.clipboard().text()


def texts(line) -> list[str]:
    found = []
    for widget in line.widgets:
        parts = [part for part in widget.children() if isinstance(part, (QLabel, QAbstractButton))]
        parts = [part for part in parts if not part.isHidden()]
        found.append(" ".join(part.text() for part in parts))
    return found


def test_a_tensor_is_named_with_its_facts_and_its_ties_lead_to_the_other_name(bench, qtbot):
    bench.select(f"{MODEL}/head.weight")
    panel = bench.inspector.tensor
    assert panel.head.title.text() == "head.weight"
    assert panel.head.crumbs.text() == MODEL
    facts = texts(panel.facts)
    assert facts[:5] == ["300 × 200", "float32", "234.4 KiB", "saved on cpu", "contiguous"]
    assert facts[5].startswith("at byte ")
    assert texts(panel.sharing) == ["tied to embed.weight"]
    with qtbot.waitSignal(bench.inspector.link_activated) as caught:
        qtbot.mouseClick(panel.sharing.links()[0], Qt.MouseButton.LeftButton)
    assert caught.args == [(MODEL, "embed.weight")]
    qtbot.mouseClick(panel.head.copy, Qt.MouseButton.LeftButton)
    assert copied() == f"{MODEL}/head.weight" and panel.head.copy.copied


def test_facts_of_the_tensor_before_leave_nothing_behind(bench):
    bench.select("view")
    bench.select(f"{MODEL}/scale")
    panel = bench.inspector.tensor
    assert texts(panel.facts)[:2] == ["scalar", "float32"] and panel.sharing.isHidden()
    bench.select(f"{MODEL}/head.weight")
    assert texts(panel.sharing) == ["tied to embed.weight"]


def test_a_wrappers_prefix_stands_in_the_crumbs_and_not_in_the_title(open_bench, tmp_path):
    torch.save({"model": {"module._orig_mod.fc.weight": torch.ones(2, 3)}}, tmp_path / "wrapped.pt")
    bench = open_bench(tmp_path / "wrapped.pt")
    bench.select("model/module._orig_mod.fc.weight")
    head = bench.inspector.tensor.head
    assert head.title.text() == "fc.weight"
    assert head.crumbs.text() == "model  ›  module._orig_mod."
    head.copy.click()
    assert copied() == "model/module._orig_mod.fc.weight"


def test_the_panel_for_tensors_is_made_before_it_is_wanted(open_bench, file, qtbot):
    bench = open_bench(file, page=None)
    bench.select("")
    qtbot.waitUntil(lambda: bench.inspector.tensor is not None, timeout=10_000)
    assert bench.inspector.overview.isVisible() and not bench.inspector.tensor.isVisible()


@pytest.mark.parametrize("path", ["", f"{MODEL}/fc.bias", MODEL, "config", "epoch"])
def test_every_panel_shrinks_and_scrolls(bench, qtbot, path):
    bench.select(path)
    bench.inspector.resize(340, 240)
    qtbot.wait(20)
    least = bench.inspector.minimumSizeHint()
    assert (bench.inspector.width(), bench.inspector.height()) == (340, 240)
    assert least.width() <= 340 and least.height() <= 240


@pytest.mark.parametrize("width", [340, 420, 520, 560, 646])
def test_a_narrow_panel_never_scrolls_sideways(bench, qtbot, width):
    bench.select(f"{MODEL}/conv.weight")
    bench.inspector.resize(width, 760)
    qtbot.wait(30)
    panel = bench.inspector.tensor
    page = panel.findChild(ScrollPage)
    assert page.horizontalScrollBar().maximum() == 0
    for figure in panel.statistics.figures.values():
        assert figure.width() >= figure.sizeHint().width()


def test_a_view_of_a_larger_storage_and_foreign_strides_are_said(bench):
    bench.select("view")
    assert texts(bench.inspector.tensor.sharing) == ["view of a storage of 78.1 KiB"]
    bench.select(f"{MODEL}/flipped")
    assert "strides (1, 6)" in texts(bench.inspector.tensor.facts)


def test_the_figures_are_those_of_numpy_and_a_click_copies_every_digit(bench, qtbot):
    bench.select(f"{MODEL}/embed.weight")
    values = saved()[MODEL]["embed.weight"].double().numpy()
    grid = bench.inspector.tensor.statistics
    assert grid.figures["values"].text() == "60,000"
    assert float(grid.figures["mean"].exact()) == pytest.approx(values.mean(), rel=1e-12)
    assert float(grid.figures["std"].exact()) == pytest.approx(values.std(), rel=1e-12)
    assert float(grid.figures["q95"].exact()) == pytest.approx(np.quantile(values, 0.95), rel=1e-12)
    assert grid.places["min"].text() == str(list(map(int, np.unravel_index(values.argmin(), values.shape))))
    qtbot.mouseClick(grid.figures["max"], Qt.MouseButton.LeftButton)
    assert float(copied()) == values.max()


@pytest.mark.parametrize(("width", "rows"), [(700, 3), (460, 4), (310, 7)])
def test_the_figures_take_as_many_columns_as_fit(bench, width, rows):
    bench.select(f"{MODEL}/embed.weight")
    grid = bench.inspector.tensor.statistics
    grid.resize(width, 200)
    grid.layout().activate()
    assert len({title.y() for title in grid.titles.values()}) == rows


def test_nan_and_infinity_are_counted_outside_the_plot(bench):
    bench.select(f"{MODEL}/fc.bias")
    panel = bench.inspector.tensor
    assert panel.statistics.figures["nan"].text() == "2"
    assert panel.statistics.figures["inf"].text() == "1"
    assert panel.histogram.notes.unusual.isVisible()
    assert panel.histogram.notes.unusual.text() == "2 NaN, 1 +∞ not in the plot"
    assert panel.histogram.picture().counts.sum() == 297


def wheel(widget, place, steps):
    """Turn the wheel over a place, away from the person where ``steps`` is positive."""
    turned = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, turned)


def test_hovering_reads_a_bin(bench, qtbot):
    bench.select(f"{MODEL}/embed.weight")
    histogram = bench.inspector.tensor.histogram
    picture, plot = histogram.picture(), histogram.plot
    number = int(np.argmax(picture.counts))
    QTest.mouseMove(plot, plot.bin_rect(number).center().toPoint())
    qtbot.waitUntil(histogram.reading.isVisible)
    assert plot.read_bin == number
    count = round(picture.counts[number])
    assert histogram.reading.counts[0].startswith(f"{integer(count)} values, ")
    QTest.mouseMove(plot, QPoint(2, 2))
    qtbot.waitUntil(lambda: not histogram.reading.isVisible())


def test_the_keys_read_neighbour_bins(bench, qtbot):
    bench.select(f"{MODEL}/embed.weight")
    histogram = bench.inspector.tensor.histogram
    plot = histogram.plot
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    first = plot.read_bin
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.read_bin == first - 1 and histogram.reading.isVisible()


def test_the_scales_change_the_bars_and_not_the_total(bench, qtbot):
    bench.select(f"{MODEL}/embed.weight")
    histogram = bench.inspector.tensor.histogram
    linear = histogram.plot.chart.heights
    qtbot.mouseClick(histogram.head.count_scale.buttons["log"], Qt.MouseButton.LeftButton)
    assert histogram.picture().wish.log_count
    assert not np.allclose(histogram.plot.chart.heights, linear)
    assert [text for _, text in histogram.plot.chart.count_marks][:3] == ["1", "10", "100"]
    qtbot.mouseClick(histogram.head.value_scale.buttons["symlog"], Qt.MouseButton.LeftButton)
    assert histogram.picture().scale == "symlog"
    assert histogram.picture().counts.sum() == pytest.approx(60_000)
    histogram.head.value_scale.buttons["symlog"].setFocus()
    qtbot.keyClick(histogram.head.value_scale.buttons["symlog"], Qt.Key.Key_Left)  # over the one that has no place
    assert histogram.picture().scale == "linear"


def test_the_wheel_zooms_and_a_double_click_shows_all_again(bench, qtbot):
    bench.select(f"{MODEL}/embed.weight")
    histogram = bench.inspector.tensor.histogram
    before = histogram.picture()
    wheel(histogram.plot, histogram.plot.area().center(), 1)
    closer = histogram.picture()
    assert closer.edges[-1] - closer.edges[0] == pytest.approx((before.edges[-1] - before.edges[0]) * 0.8)
    assert closer.below + closer.above + closer.counts.sum() == pytest.approx(60_000)
    assert "below" in histogram.notes.outside.text() and "above" in histogram.notes.outside.text()
    centre = histogram.plot.area().center().toPoint()
    qtbot.mouseDClick(histogram.plot, Qt.MouseButton.LeftButton, pos=centre)
    assert np.array_equal(histogram.picture().edges, before.edges)


@pytest.mark.parametrize("name", ["tiny", "vast", "scale", "mask", "steps", "half", "wave"])
def test_values_of_any_size_and_type_are_plotted(bench, name):
    bench.select(f"{MODEL}/{name}")
    picture = bench.inspector.tensor.histogram.picture()
    assert np.isfinite(picture.edges).all() and np.isfinite(picture.counts).all()
    assert picture.counts.sum() + picture.below + picture.above == pytest.approx(saved()[MODEL][name].numel())


def test_integers_get_a_bar_each(bench, qtbot):
    bench.select(f"{MODEL}/steps")
    histogram = bench.inspector.tensor.histogram
    assert histogram.picture().counts.tolist() == [1.0] * 40
    histogram.plot.read(7)
    assert histogram.reading.range == "7"
    assert histogram.reading.counts == ["1 value, 2.50 %"]


def test_an_empty_tensor_says_so(bench):
    bench.select(f"{MODEL}/empty")
    panel = bench.inspector.tensor
    assert panel.histogram.picture() is None
    assert panel.values.note.text() == "This tensor has no elements."


def test_quantiles_of_small_tensors_become_exact_by_themselves(bench):
    bench.select(f"{MODEL}/big")
    median = bench.inspector.tensor.statistics.figures["q50"]
    exact = np.quantile(saved()[MODEL]["big"].double().numpy(), 0.5)
    assert float(median.exact()) == pytest.approx(exact, rel=1e-12)
    assert "≈" not in median.accessibleName() and bench.inspector.tensor.histogram.head.exact.isHidden()


def test_quantiles_of_large_ones_are_made_exact_on_request(bench, qtbot, monkeypatch):
    monkeypatch.setattr(closer_look, "READ_AT_ONCE", 0)
    bench.select(f"{MODEL}/big")
    panel = bench.inspector.tensor
    median = panel.statistics.figures["q50"]
    assert median.accessibleName().startswith("50 %: ≈")
    exact = np.quantile(saved()[MODEL]["big"].double().numpy(), 0.5)
    with qtbot.waitSignal(bench.summaries.ready, timeout=10_000):
        qtbot.mouseClick(panel.histogram.head.exact, Qt.MouseButton.LeftButton)
    assert float(median.exact()) == pytest.approx(exact, rel=1e-12)
    assert "≈" not in median.accessibleName() and not panel.histogram.head.exact.isVisible()


def test_the_histogram_is_announced_once_a_tensor(bench, qtbot):
    painted = []
    bench.inspector.histogram_painted.connect(lambda: painted.append(1))
    bench.select(f"{MODEL}/embed.weight")
    qtbot.mouseClick(bench.inspector.tensor.histogram.head.count_scale.buttons["log"], Qt.MouseButton.LeftButton)
    QTest.qWait(50)
    assert painted == [1]
    bench.select(f"{MODEL}/conv.weight")
    assert painted == [1, 1]


def test_a_broken_tensor_gives_its_reason(open_bench, file, tmp_path):
    whole = file.read_bytes()
    cut = tmp_path / "cut.pt"
    cut.write_bytes(whole[: len(whole) // 2])
    bench = open_bench(cut)
    row = next(iter(bench.checkpoint.tensors.errors))
    bench.select("/".join(bench.checkpoint.tensors.path(row)))
    panel = bench.inspector.tensor
    assert panel.error.isVisible() and panel.error.text() == bench.checkpoint.tensors.errors[row]
    assert panel.histogram.picture() is None


def test_names_are_shown_as_they_are_and_never_as_markup(open_bench, tmp_path):
    path = tmp_path / "odd.pt"
    name = "<b>bold</b>\nnext\u202eevil&amp"
    torch.save({name: torch.ones(3)}, path)
    bench = open_bench(path)
    node = bench.tree.node_of_row(0)
    with bench.qtbot.waitSignal(bench.inspector.view_ready, timeout=10_000):
        bench.inspector.show_selection(Selection(NodeKind.TENSOR, (name,), node, 0))
    title = bench.inspector.tensor.head.title
    assert title.text() == display(name)
    assert "\n" not in title.text() and "\u202e" not in title.text()


def test_details_list_every_fact_and_copy_it(bench, qtbot):
    bench.select(f"{MODEL}/conv.weight")
    panel = bench.inspector.tensor
    qtbot.mouseClick(panel.half.strip.tab(1), Qt.MouseButton.LeftButton)
    table = panel.details.table
    rows = {table.item(row, 0).text(): row for row in range(table.rowCount())}
    assert table.item(rows["Shape"], 1).text() == "6 × 4 × 3 × 5"
    table.setCurrentCell(rows["Strides"], 1)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert copied() == "(60, 15, 5, 1)"


def test_the_theme_changes_live(bench, qapp):
    bench.select(f"{MODEL}/embed.weight")
    light = bench.inspector.grab().toImage().pixelColor(3, 3)
    apply_theme(qapp, dark=True)
    dark = bench.inspector.grab().toImage().pixelColor(3, 3)
    apply_theme(qapp, dark=False)
    assert light.lightness() > 240 and dark.lightness() < 60


def test_the_inspector_needs_neither_torch_nor_a_library_of_plots():
    code = (
        "import sys, ckptgui.gui.inspector.tensor_panel\n"
        "assert 'pyqtgraph' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
