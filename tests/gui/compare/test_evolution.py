"""The selection over the epochs: ridges, outlines, density and curves, by mouse and by keys."""

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from ckptgui.core.series.series import series_of
from ckptgui.gui.compare.evolution import ridges
from ckptgui.gui.compare.evolution.files import table
from ckptgui.gui.compare.evolution.panel import EvolutionPanel
from ckptgui.gui.theme import LIGHT, theme
from ckptgui.workspace import distributions
from ckptgui.workspace.run import read_run
from tests.gui.compare.conftest import save_run, weights
from tests.gui.conftest import answer

TENSOR, OTHER = "blocks.0.attn.weight", "blocks.1.norm.weight"


@pytest.fixture
def shown(qtbot):
    """A function from a comparison to its panel, with a selection that was read."""

    def show(comparison, path=TENSOR, size=(560, 320)):
        panel = EvolutionPanel(comparison)
        qtbot.addWidget(panel)
        panel.resize(*size)
        panel.show()
        qtbot.waitExposed(panel)
        select(qtbot, panel, path)
        return panel

    return show


def select(qtbot, panel, path):
    panel.comparison.select(panel.comparison.outline.find(path))
    settled(qtbot, panel)


def settled(qtbot, panel):
    """Everything is read and counted."""

    def done():
        held, evolution = panel.reader.held, panel.reader.evolution
        return (
            all(held.found) and not held.stale and evolution is not None and evolution.found == tuple(held.found)
        )

    qtbot.waitUntil(done, timeout=20_000)


@pytest.fixture
def panel(shown, comparison):
    return shown(comparison)


def ridge(panel, member):
    place = ridges.plan(panel.plot.scene, QRectF(panel.plot.rect()))
    return QPoint(round(place.area.center().x()), round(place.stack.bases[member]) - 3)


def colour_at(panel, point):
    return panel.plot.grab().toImage().pixelColor(point)


def test_the_head_says_what_is_selected(panel, shown, comparison):
    assert panel.head.title.text() == TENSOR
    assert panel.head.shape.text() == "12 × 8"
    assert panel.head.over.text() == "over the epochs"
    assert panel.head.glyph.isVisible()
    module = shown(comparison, "blocks.0")
    assert module.head.title.text() == "blocks.0"
    assert not module.head.glyph.isVisible()


def test_each_epoch_has_a_ridge_in_its_colour(panel):
    scene = panel.plot.scene
    assert scene.labels == ("0", "1", "2", "3")
    assert scene.evolution.totals.tolist() == [96.0] * 4
    assert colour_at(panel, ridge(panel, 3)) == LIGHT.epoch(1.0)
    for epoch in range(4):
        true = np.histogram(weights(epoch)[TENSOR].numpy(), scene.evolution.axis.edges)[0]
        assert scene.evolution.counts[epoch].tolist() == true.tolist()
        std = weights(epoch)[TENSOR].double().std(correction=0)
        assert scene.table["std"][epoch] == pytest.approx(float(std))


def test_a_module_is_shown_with_all_its_values(qtbot, panel):
    select(qtbot, panel, "blocks.0.attn")
    assert panel.plot.scene.evolution.totals.tolist() == [108.0] * 4
    values = np.concatenate([weights(2)[f"blocks.0.attn.{name}"].flatten() for name in ("weight", "bias")])
    assert panel.plot.scene.table["std"][2] == pytest.approx(values.astype(np.float64).std())


def test_the_mouse_reads_an_epoch_and_a_click_makes_it_b(qtbot, panel, comparison):
    plot = panel.plot
    QTest.mouseMove(plot, ridge(panel, 1))
    assert plot.lit == 1
    assert plot.card.range == "epoch 1"
    assert "values, " in plot.card.counts[0]
    assert colour_at(panel, ridge(panel, 1)).name() == LIGHT.epoch(1 / 3).name()
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=ridge(panel, 1))
    assert (comparison.a, comparison.b) == (0, 1)
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, ridge(panel, 0))
    assert (comparison.a, comparison.b) == (0, 1)
    assert (panel.plot.scene.a, panel.plot.scene.b) == (0, 1)


def test_keys_read_choose_and_copy(panel, comparison):
    plot = panel.plot
    plot.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(plot, Qt.Key.Key_Home)
    QTest.keyClick(plot, Qt.Key.Key_Down)
    assert plot.card.range == "epoch 1"
    QTest.keyClick(plot, Qt.Key.Key_Return)
    assert comparison.b == 1
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.lit == -1
    QTest.keyClick(plot, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == ["bin_low", "bin_high", "epoch 0", "epoch 1", "epoch 2", "epoch 3"]
    assert sum(int(line.split("\t")[2]) for line in lines[1:]) == 96


@pytest.mark.parametrize("mode", ["overlay", "density", "curves"])
def test_other_ways_read_and_choose_too(panel, comparison, mode):
    panel.head.modes.buttons[mode].click()
    plot = panel.plot
    plot.grab()
    found = [
        (x, y)
        for x in range(0, plot.width(), 9)
        for y in range(0, plot.height(), 5)
        if plot.member_at(QPointF(x, y)) == 1
    ]
    QTest.mouseMove(plot, QPoint(*found[len(found) // 2]))
    assert plot.card.range == "epoch 1"
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(*found[len(found) // 2]))
    assert comparison.b == 1


def test_scales_are_switched(qtbot, panel):
    linear = panel.plot.scene.evolution.axis
    panel.head.values.buttons["log"].click()
    qtbot.waitUntil(lambda: panel.plot.scene.evolution.axis.scale == "symlog")
    assert panel.plot.scene.evolution.axis.threshold > 0
    panel.head.values.buttons["linear"].click()
    qtbot.waitUntil(lambda: panel.plot.scene.evolution.axis == linear)
    panel.head.counts.buttons["log"].click()
    assert panel.plot.scene.log_count


def test_values_far_out_are_said_and_shown_on_demand(qtbot, shown, compare_run, tmp_path):
    states = [{"w": torch.cat([torch.linspace(-1, 1, 5000), torch.tensor([50.0])])} for _ in range(2)]
    panel = shown(compare_run(save_run(tmp_path / "far", states)), "w")
    said = panel.note.text().replace(",", "")
    assert said == "At most 1 of 5001 values lie outside as far as −1.000 and 50.00."
    assert panel.plot.scene.evolution.axis.high < 2
    QTest.mouseClick(panel.all, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.plot.scene.evolution.axis.high == 50.0)
    assert panel.all.text() == "Show the middle"


def test_another_figure_stands_beside_the_ridges(panel):
    assert panel.figure.isVisible()
    action = next(action for action in panel.figure.menu().actions() if action.text() == "L2")
    action.trigger()
    assert panel.plot.scene.figure == "l2"
    assert float(panel.plot.scene.text("l2", 0)) == pytest.approx(float(weights(0)[TENSOR].norm()), rel=1e-3)


def test_nan_is_marked_and_counted(shown, compare_run, tmp_path):
    states = [weights(epoch) for epoch in range(3)]
    states[1][TENSOR][0, :3] = torch.nan
    states[2][TENSOR][:] = torch.inf
    panel = shown(compare_run(save_run(tmp_path / "nan", states)))
    scene = panel.plot.scene
    assert [scene.broken(member) for member in range(3)] == ["", "3 NaN", "96 infinite"]
    assert scene.reasons == ("", "", "no value is finite")
    image = panel.plot.grab().toImage()
    place = ridges.plan(scene, QRectF(panel.plot.rect()))
    assert image.pixelColor(round(place.area.left()) + 2, round(place.stack.bases[1])) == LIGHT.nan
    for mode in ("overlay", "density", "curves"):
        panel.show_mode(mode)
        image = panel.plot.grab().toImage()
        colours = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
        assert any(colour == theme().nan for colour in colours)


def test_what_is_missing_has_a_reason(shown, compare_run, tmp_path):
    states = [weights(epoch) for epoch in range(3)]
    del states[1][TENSOR]
    folder = save_run(tmp_path / "gaps", states)
    (tmp_path / "gaps" / "epoch_2.pt").write_bytes(b"no checkpoint")
    panel = shown(compare_run(folder))
    reasons = panel.plot.scene.reasons
    assert reasons[:2] == ("", "it is not in this one")
    assert reasons[2]
    QTest.mouseMove(panel.plot, ridge(panel, 1))
    assert panel.plot.card.counts == ["it is not in this one"]


def test_curves_are_added_and_taken_away(panel, comparison):
    panel.head.modes.buttons["curves"].click()
    chips = panel.chips
    assert chips.isVisible()
    QTest.mouseClick(chips.chips["quantiles"], Qt.MouseButton.LeftButton)
    next(action for action in chips.menu().actions() if action.text() == "max change").trigger()
    assert panel.plot.scene.curves == ("std", "relative", "max_abs")
    panel.plot.light(2)
    panel.saving.copy_data()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert lines[0] == ["epoch", "std", "relative", "max_abs", "NaN", "infinite"]
    a, b = (weights(epoch)[TENSOR].double() for epoch in (1, 2))
    assert float(lines[3][3]) == pytest.approx(float((b - a).abs().max()))
    assert lines[1][2] == ""


def test_cosine_to_the_first_is_read_when_it_is_asked_for(qtbot, panel, comparison):
    panel.head.modes.buttons["curves"].click()
    next(action for action in panel.chips.menu().actions() if action.text() == "cosine to the first").trigger()
    first, last = (weights(epoch)[TENSOR].double().flatten() for epoch in (0, 3))
    true = float(torch.dot(first, last) / first.norm() / last.norm())
    known = panel.reader.held.table["cosine_first"]
    qtbot.waitUntil(lambda: not np.isnan(known[3]), timeout=20_000)
    assert known[3] == pytest.approx(true)


def test_a_pin_keeps_curves_beside_those_of_others(qtbot, panel):
    QTest.mouseClick(panel.head.pin, Qt.MouseButton.LeftButton)
    assert panel.mode == "curves"
    select(qtbot, panel, OTHER)
    qtbot.waitUntil(lambda: len(panel.plot.scene.lines) == 2)
    assert [line.name for line in panel.plot.scene.lines] == [OTHER, TENSOR]
    assert panel.plot.scene.lines[1].table["std"][0] == pytest.approx(
        float(weights(0)[TENSOR].double().std(correction=0))
    )
    QTest.mouseClick(panel.chips.chips[TENSOR], Qt.MouseButton.LeftButton)
    assert [line.name for line in panel.plot.scene.lines] == [OTHER]
    QTest.keyClick(panel.plot, Qt.Key.Key_P)
    assert panel.head.pin.isChecked()


def test_going_back_reads_nothing(qtbot, panel):
    found = list(panel.reader.held.found)
    select(qtbot, panel, OTHER)
    select(qtbot, panel, TENSOR)
    assert all(now is then for now, then in zip(panel.reader.held.found, found))


def test_one_more_epoch_reads_one(qtbot, panel, comparison, run_folder):
    found = list(panel.reader.held.found)
    members = comparison.series.members
    torch.save({"epoch": 4, "model_state_dict": weights(4)}, f"{run_folder}/epoch_4.pt")
    comparison.show_series(series_of([*members, read_run(run_folder).members[-1]]))
    settled(qtbot, panel)
    assert panel.plot.scene.labels == ("0", "1", "2", "3", "4")
    assert [now.values for now in panel.reader.held.found[:4]] == [then.values for then in found]


def test_nothing_is_read_for_nobody(qtbot, shown, comparison):
    panel = shown(comparison)
    panel.hide()
    comparison.select(comparison.outline.find(OTHER))
    assert not panel.reader.busy
    panel.show()
    settled(qtbot, panel)


@pytest.mark.parametrize("mode", ["ridges", "overlay", "density", "curves"])
def test_plots_are_saved_as_drawings_and_tables(panel, mode):
    panel.show_mode(mode)
    drawn = panel.saving.svg().decode()
    assert TENSOR in drawn
    assert "<path" in drawn or "<poly" in drawn
    assert table(mode, panel.plot.scene).startswith("epoch" if mode == "curves" else "bin_low")


def test_a_table_is_saved_where_somebody_says(qtbot, panel, tmp_path):
    next(action for action in panel.menu().actions() if action.text() == "Save data as CSV…").trigger()
    answer(qtbot, tmp_path / "shapes.csv")
    qtbot.waitUntil(panel.saving.told.isVisible)
    assert panel.saving.told.text() == "Saved as shapes.csv."
    assert (tmp_path / "shapes.csv").read_text() == table("ridges", panel.plot.scene)


def test_the_menu_has_what_the_buttons_have(panel):
    words = [action.text() for action in panel.menu().actions() if action.text()]
    assert words == [
        "Save plot as PNG…",
        "Save plot as SVG…",
        "Save data as CSV…",
        "Copy picture",
        "Copy data\tCtrl+C",
        "Values on a log scale",
        "Count on a log scale",
        "Pin\tP",
    ]
    panel.resize(380, 300)
    assert not panel.head.values.isVisible()
    next(action for action in panel.menu().actions() if action.text() == "Count on a log scale").trigger()
    assert panel.plot.scene.log_count


def test_what_is_too_large_comes_with_the_figures(qtbot, panel, comparison, monkeypatch):
    monkeypatch.setattr(distributions, "MOST_BYTES", 50)
    monkeypatch.setattr(comparison, "is_done", lambda task: False)
    select(qtbot, panel, "blocks.1.attn.weight")
    assert all("too large" in reason for reason in panel.plot.scene.reasons)
    monkeypatch.undo()
    for member in range(4):
        comparison.profiled.emit(member)
    qtbot.waitUntil(lambda: panel.plot.scene.evolution.totals.tolist() == [96.0] * 4, timeout=20_000)


def test_pins_of_what_another_series_has_not_go(qtbot, panel, compare_run, tmp_path, comparison):
    QTest.mouseClick(panel.head.pin, Qt.MouseButton.LeftButton)
    select(qtbot, panel, OTHER)
    folder = save_run(tmp_path / "other", [{OTHER: torch.ones(3)}, {OTHER: torch.zeros(3)}])
    comparison.show_series(series_of(read_run(folder).members))
    settled(qtbot, panel)
    assert len(panel.pins) == 0
    assert panel.plot.scene.labels == ("0", "1")


def test_the_run_itself_has_curves_of_all_tensors_and_reads_nothing_for_them(qtbot, panel):
    panel.comparison.select(0)
    held = panel.reader.held
    qtbot.waitUntil(lambda: panel.plot.scene is not None and bool(np.isfinite(held.table["std"]).all()))
    assert panel.head.title.text() == "All tensors"
    assert panel.mode == "curves" and panel.chips.shown == ["std", "relative"]
    assert not panel.head.modes.isVisible() and not any(held.found)
    select(qtbot, panel, TENSOR)
    assert panel.mode == "ridges" and panel.head.modes.isVisible()


def test_of_many_epochs_density_comes_first_until_somebody_chooses(qtbot, panel, monkeypatch):
    monkeypatch.setattr("ckptgui.gui.compare.evolution.panel.CROWDED", 4)
    select(qtbot, panel, OTHER)
    assert panel.mode == "density"
    panel.show_mode("ridges")
    select(qtbot, panel, TENSOR)
    assert panel.mode == "ridges"
