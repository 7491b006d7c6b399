"""The precision page: a row a type, a sentence about it, and the value that loses most as a link."""

import math

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester

from ckptgui.analysis.precision import FLOATS, STEPS, Example, Loss
from ckptgui.gui.inspector.precision.bar import parts_of
from ckptgui.gui.inspector.precision.table import BAR, BEYOND, LARGEST, NAME, SIZE, ZERO, full
from ckptgui.gui.inspector.precision.text import sentence, share, telling_example

LEFT = Qt.MouseButton.LeftButton
HALF = next(target for target in FLOATS if target.name == "float16")
E4M3 = next(target for target in FLOATS if target.name == "float8_e4m3fn")


def loss(target=HALF, **more):
    figures = {
        "count": 1000, "changed": 900, "zeroed": 0, "subnormal": 0, "overflowed": 0, "unheld": 0,
        "within": (900, 0, 0, 0), "mean_relative": 2e-4, "max_relative": 4e-4, "max_absolute": 1e-3, "snr": 70.0,
        "worst": None, "largest_zeroed": None, "largest_overflowed": None, "nbytes": 2000,
    }  # fmt: skip
    return Loss(target, **(figures | more))


@pytest.mark.parametrize(
    ("figures", "text"),
    [
        ({}, "float16 keeps all values within 0.0488 %."),
        ({"zeroed": 417}, "float16 keeps values within 0.0488 %; 41.7 % would become zero."),
        ({"overflowed": 3}, "float16 keeps values within 0.0488 %; 3 would become infinite."),
        (
            {"count": 100_000, "zeroed": 99_999},
            "float16 keeps values within 0.0488 %; all but 1 would become zero.",
        ),
        ({"changed": 0}, "float16 holds every value exactly."),
        ({"count": 0, "changed": 0}, "No value is finite, so there is nothing to round."),
        (
            {"target": E4M3, "overflowed": 20, "unheld": 2},
            "float8_e4m3fn keeps values within 6.25 %; 2 % would become 448 at most. "
            "It has no infinity, and 2 of the values are that.",
        ),
        (
            {"target": STEPS[1], "zeroed": 5},
            "int8 with a scale for each row is off by at most 0.0010; 5 would become zero.",
        ),
    ],
)
def test_a_sentence_says_what_is_lost(qapp, figures, text):
    assert sentence(loss(**figures)).replace("2.00 %", "2 %") == text


def test_the_value_that_loses_most_is_the_one_beyond_the_range_before_those_near_zero(qapp):
    one, two, three = Example(70000.0, 5), Example(1e-9, 6), Example(3e-8, 7)
    assert telling_example(loss(largest_overflowed=one, largest_zeroed=two, worst=three))[1] == one
    assert telling_example(loss(largest_zeroed=two, worst=three))[1] == two
    assert telling_example(loss(worst=three))[1] == three
    assert telling_example(loss()) is None


def test_a_share_is_all_only_where_it_is_all(qapp):
    assert share(99_999, 100_000) == "> 99.9 %" and share(0, 10) == "0 %"
    assert share(10, 10).startswith("100")


def test_the_parts_of_a_bar_are_all_finite_values():
    some = loss(changed=700, zeroed=40, overflowed=60, within=(400, 100, 50, 50))
    assert sum(part.count for part in parts_of(some)) == some.count


@pytest.fixture(autouse=True)
def loops_are_kept(monkeypatch):
    """The suite's own cache has them; each test's folder does not say so."""
    monkeypatch.setattr("ckptgui.engine.warming.missing", lambda pieces: ())


@pytest.fixture
def bench(open_bench, tmp_path):
    torch.manual_seed(9)
    weight = torch.randn(40, 30) * 0.02
    weight[3, 7] = 70_000
    weight[5, 1] = 1e-9
    torch.save(
        {
            "weight": weight,
            "fine": torch.ones(4, 4),
            "ids": torch.tensor([[-3, 50_303]]),
            "mask": torch.tensor([True]),
            "wave": torch.randn(4, 3, dtype=torch.complex64),
            "nothing": torch.full((3, 3), math.nan),
            "empty": torch.zeros(0),
        },
        tmp_path / "w.pt",
    )
    return open_bench(tmp_path / "w.pt")


def opened(bench, name):
    bench.select(name)
    half = bench.inspector.tensor.half
    bench.qtbot.mouseClick(half.strip.tab(tab_number(half, "Precision")), LEFT)
    page = half.page("precision")
    bench.qtbot.waitUntil(lambda: not page.waiting, timeout=20_000)
    return page


def tab_number(half, title):
    return next(n for n in range(20) if half.strip.tab(n).text().startswith(title))


def test_every_type_has_a_row_and_the_first_is_told(bench):
    page = opened(bench, "weight")
    model = page.table.losses
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert [model.data(model.index(row, 0)) for row in range(model.rowCount())] == [
        "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2", "int8", "int8, by row",
    ]  # fmt: skip
    assert page.text.text().startswith("float16 keeps values within 0.0488 %; 1 would become zero, 1 would become")
    assert page.lead.text() == "Farthest beyond the range: 70,000 at" and page.place.text() == "[3, 7]"


def test_arrow_keys_walk_through_the_types(bench, qtbot):
    page = opened(bench, "weight")
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_Down)
    assert page.text.text() == "bfloat16 keeps all values within 0.391 %."
    for _ in range(3):
        qtbot.keyClick(page.table, Qt.Key.Key_Down)
    assert page.text.text().startswith("int8 with one scale is off by at most 0.0")


def test_the_link_leads_to_the_value(bench, qtbot):
    page = opened(bench, "weight")
    qtbot.mouseClick(page.place, LEFT)
    half = bench.inspector.tensor.half
    values = bench.inspector.tensor.values
    assert half.current == "values"
    cell = values.table.currentIndex()
    assert (cell.row(), cell.column()) == (3, 7)


def test_in_a_narrow_panel_the_less_telling_columns_go(bench, qtbot):
    page = opened(bench, "weight")
    table = page.table
    assert not any(table.isColumnHidden(column) for column in range(8))
    bench.inspector.resize(400, 760)
    qtbot.waitUntil(lambda: table.isColumnHidden(SIZE) and table.isColumnHidden(LARGEST), timeout=5_000)
    assert not any(table.isColumnHidden(column) for column in (NAME, BAR, ZERO, BEYOND))
    assert table.horizontalHeader().length() <= table.viewport().width()
    assert "Size: 2.3 KiB" in full(table.losses.losses[0], NAME)


def test_what_is_exact_is_said_so(bench):
    page = opened(bench, "fine")
    assert page.text.text() == "float16 holds every value exactly." and page.place.isHidden()


def test_integers_are_judged_by_their_range(bench, qtbot):
    page = opened(bench, "ids")
    qtbot.waitUntil(lambda: "instead of" in page.text.text(), timeout=10_000)
    assert page.text.text() == (
        "The values run from −3 to 50,303, so int32 holds all of them: 8 B instead of 16 B."
    )
    assert page.table.isHidden()


def test_complex_values_are_told_by_their_parts(bench):
    page = opened(bench, "wave")
    assert page.text.text() == "float16 keeps all real and imaginary parts within 0.0488 %."


def test_a_tensor_of_nan_has_nothing_to_round(bench):
    assert opened(bench, "nothing").text.text() == "No value is finite, so there is nothing to round."


def test_only_numbers_have_the_page(bench):
    for name in ("mask", "empty"):
        bench.select(name)
        half = bench.inspector.tensor.half
        assert half.strip.tab(tab_number(half, "Precision")).isHidden()


def test_the_table_is_copied_as_text(bench, qtbot):
    page = opened(bench, "weight")
    page.table.setFocus()
    qtbot.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert len(lines) == 7 and lines[1].startswith("float16\t") and lines[1].endswith("2.3 KiB")


def test_a_bar_is_drawn_to_scale(bench):
    from ckptgui.gui.theme import theme

    page = opened(bench, "nothing")
    page = opened(bench, "weight")
    image = page.table.grab().toImage()
    magenta = theme().nan.rgb()
    assert any(image.pixel(x, y) == magenta for y in range(24, 48) for x in range(image.width()))
    assert [part.word for part in page.legend.parts][-1] == "beyond the range"


def test_loops_that_are_not_kept_yet_are_compiled_by_another_process(bench, monkeypatch):
    asked = []
    monkeypatch.setattr("ckptgui.engine.warming.missing", lambda pieces: pieces)
    monkeypatch.setattr("ckptgui.engine.warming.compile_apart", lambda given_up, pieces: asked.append(pieces))
    assert opened(bench, "weight").table.isVisible()
    assert asked == [("precision",)]


def test_a_cancel_is_heard_and_it_can_be_read_again(bench, qtbot, monkeypatch):
    import ckptgui.gui.inspector.precision.tab as module

    original = module.precision
    monkeypatch.setattr(module, "precision", lambda info, pool, cancel, report: wait_for(cancel))
    bench.select("weight")
    half = bench.inspector.tensor.half
    qtbot.mouseClick(half.strip.tab(tab_number(half, "Precision")), LEFT)
    page = half.page("precision")
    assert page.waiting
    qtbot.mouseClick(page.stop, LEFT)
    assert page.text.text() == "Not read." and not page.waiting
    monkeypatch.setattr(module, "precision", original)
    qtbot.mouseClick(page.stop, LEFT)
    qtbot.waitUntil(lambda: page.table.isVisible(), timeout=20_000)


def wait_for(cancel):
    import time

    while True:
        cancel.check()
        time.sleep(0.005)


def test_a_file_that_goes_away_is_told_in_place(bench, qtbot, tmp_path):
    bench.select("weight")
    with (tmp_path / "w.pt").open("r+b") as file:
        file.truncate(100)
    bench.pool.close()
    half = bench.inspector.tensor.half
    qtbot.mouseClick(half.strip.tab(tab_number(half, "Precision")), LEFT)
    page = half.page("precision")
    qtbot.waitUntil(lambda: not page.waiting, timeout=10_000)
    assert page.text.text() and page.table.isHidden()


def test_figures_agree_with_torch(bench):
    page = opened(bench, "weight")
    weight = torch.load(bench.checkpoint.path)["weight"]
    for row, found in enumerate(page.table.losses.losses[:4]):
        dtype = getattr(torch, found.target.name)
        after = weight.to(dtype).float()
        changed = (after != weight).sum()
        assert found.changed == int(changed), row
        assert page.table.losses.data(page.table.losses.index(row, 0)) == str(dtype).split(".")[1]
    assert np.isfinite(page.table.losses.losses[1].snr)
