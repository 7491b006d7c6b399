"""The pages for channels and for the spectrum, by mouse and keys, beside numpy's figures."""

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from ckptgui.gui.inspector.channels import runs
from tests.gui.conftest import opened


@pytest.fixture
def file(tmp_path):
    torch.manual_seed(0)
    weight = torch.randn(64, 40)
    weight[[3, 20, 21, 22]] = 0.0
    weight[:, 7] = 1e-10
    broken = torch.randn(6, 6)
    broken[0, 0] = float("nan")
    path = tmp_path / "model.pt"
    tensors = {"fc.weight": weight, "fc.bias": torch.randn(64), "broken.weight": broken}
    torch.save({**tensors, "ids": torch.arange(12).reshape(3, 4)}, path)
    return path


def open_page(bench, qtbot, path, title):
    """Select a tensor and press the tab with this title; returns its page."""
    bench.select(path)
    half = bench.inspector.tensor.half
    strip = half.strip
    tab = next(b for b in strip._group.buttons() if b.text().split("  ")[0] == title)
    qtbot.mouseClick(tab, Qt.MouseButton.LeftButton)
    page = half.pages.currentWidget()
    qtbot.waitUntil(lambda: not page.waiting, timeout=10_000)
    return page


def test_dead_rows_and_columns_are_counted_named_and_marked(open_bench, qtbot, file):
    bench = open_bench(file)
    page = open_page(bench, qtbot, "fc.weight", "Channels")
    assert page.note.text() == (
        "4 of 64 rows have a norm below 1e−06: 3, 20 to 22. 1 of 40 columns has a norm below 1e−06: column 7."
    )
    tab = bench.inspector.tensor.half.strip.tab(bench.inspector.tensor.half.strip.current())
    assert tab.text() == "Channels" and tab.mark.text == "5" and tab.accessibleName() == "Channels 5, tab"
    rows, columns = page.sides
    assert rows.dead.text() == "4 dead" and columns.dead.text() == "1 dead"


def test_sorting_puts_the_largest_norm_first_and_a_click_leads_to_its_values(open_bench, qtbot, file):
    bench = open_bench(file)
    page = open_page(bench, qtbot, "fc.weight", "Channels")
    qtbot.mouseClick(page.order.buttons["size"], Qt.MouseButton.LeftButton)
    norms = torch.load(file)["fc.weight"].norm(dim=1).numpy()
    rows = page.sides[0]
    area = rows.plot._area()
    QTest.mouseMove(rows.plot, QPoint(int(area.left()) + 1, 30))
    qtbot.waitUntil(lambda: rows.plot.at() == 0)
    assert rows.reading.text().startswith(f"{int(np.argmax(norms))}: norm")
    qtbot.mouseClick(rows.plot, Qt.MouseButton.LeftButton, pos=QPoint(int(area.left()) + 1, 30))
    panel = bench.inspector.tensor
    assert panel.half.current == "values"
    qtbot.waitUntil(lambda: panel.values.table.currentIndex().row() == int(np.argmax(norms)), timeout=5_000)


def test_the_keys_walk_through_the_channels(open_bench, qtbot, file):
    bench = open_bench(file)
    page = open_page(bench, qtbot, "fc.weight", "Channels")
    plot = page.sides[1].plot
    plot.setFocus()
    QTest.keyClick(plot, Qt.Key.Key_End)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    assert plot.at() == 38
    qtbot.mouseClick(
        bench.inspector.tensor.half.pages.currentWidget().scale.buttons["log"], Qt.MouseButton.LeftButton
    )
    assert plot.at() == -1


def test_a_vector_has_neither_page(open_bench, qtbot, file):
    bench = open_bench(file)
    bench.select("fc.bias")
    strip = bench.inspector.tensor.half.strip
    shown = [b.text().split("  ")[0] for b in strip._group.buttons() if b.isVisible()]
    assert "Channels" not in shown and "Spectrum" not in shown and "Values" in shown


def test_the_spectrum_says_its_cost_first_and_then_numpys_values(open_bench, qtbot, file):
    bench = open_bench(file)
    page = open_page(bench, qtbot, "fc.weight", "Spectrum")
    assert page.sentence.text().startswith("Taking this 64 × 40 matrix apart takes about a second and")
    assert page.begin.text() == "Find 40 singular values" and not page.plot.isVisible()
    qtbot.mouseClick(page.begin, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.plot.isVisible(), timeout=20_000)
    wanted = np.linalg.svd(torch.load(file)["fc.weight"].double().numpy(), compute_uv=False)
    np.testing.assert_allclose(page._shown.values, wanted, rtol=1e-9, atol=1e-9)
    stable = float((wanted**2).sum() / wanted[0] ** 2)
    assert float(page.figures.numbers["stable"].text()) == pytest.approx(stable, rel=1e-3)
    bench.select("ids")
    bench.select("fc.weight")
    assert page.plot.isVisible()  # it is remembered


def test_a_matrix_with_nan_says_why_it_has_no_spectrum(open_bench, qtbot, file):
    bench = open_bench(file)
    page = open_page(bench, qtbot, "broken.weight", "Spectrum")
    qtbot.mouseClick(page.begin, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "1 of its values is not finite" in page.sentence.text(), timeout=20_000)
    page = open_page(bench, qtbot, "ids", "Spectrum")
    assert "floating-point" in page.sentence.text() and not page.begin.isVisible()


def test_a_spectrum_can_be_cancelled(open_bench, qtbot, file):
    bench = open_bench(file)
    page = open_page(bench, qtbot, "fc.weight", "Spectrum")
    qtbot.mouseClick(page.begin, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.begin.isVisible(), timeout=1_000)
    assert not page.plot.isVisible()


def test_places_are_told_as_runs():
    assert runs(np.array([3])) == "3"
    assert runs(np.array([3, 4, 9, 11, 12, 13, 20, 30])) == "3 to 4, 9, 11 to 13, 20 …"


def test_the_tab_says_how_many_are_dead_before_it_is_opened_and_the_keys_pass_by_pages_that_do_not_fit(
    qtbot, window, file
):
    view = opened(qtbot, window, file).document()
    qtbot.waitUntil(lambda: view.inspector.health.complete, timeout=15_000)
    view.select_joined("fc.weight")
    qtbot.waitUntil(lambda: view.inspector.tensor is not None, timeout=5_000)
    strip = view.inspector.tensor.half.strip
    channels = next(tab for tab in strip._group.buttons() if tab.text() == "Channels")
    qtbot.waitUntil(lambda: channels.mark is not None and channels.mark.text == "5", timeout=5_000)
    view.select_joined("fc.bias")
    qtbot.waitUntil(lambda: channels.mark is None and channels.isHidden(), timeout=5_000)
    strip.tab(1).setFocus()
    QTest.keyClick(strip.tab(1), Qt.Key.Key_Left)
    QTest.keyClick(strip.tab(0), Qt.Key.Key_Left)
    assert view.inspector.tensor.half.current == "details"
    QTest.keyClick(strip.tab(strip.current()), Qt.Key.Key_Left)
    QTest.keyClick(strip.tab(strip.current()), Qt.Key.Key_Left)
    assert view.inspector.tensor.half.current == "values"
