"""What the histogram says of tensors of every kind, and on which axes."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest

from ckptgui.gui.inspector.histogram.painting import Frame, frame_in
from ckptgui.gui.inspector.histogram.rail import labels
from ckptgui.gui.theme import theme, ui_font
from tests.gui.inspector.histogram.conftest import tensors

LEFT = Qt.MouseButton.LeftButton


def test_the_bar_that_is_read_is_darkened_and_nothing_else(hand, qtbot):
    hand.look_at("normal")
    place = hand.at(0.5, 0.1)
    before = hand.plot.grab().toImage().pixelColor(place)
    QTest.mouseMove(hand.plot, place)
    qtbot.waitUntil(hand.histogram.reading.isVisible)
    bar = hand.plot.bin_rect(hand.plot.read_bin)
    picture = hand.plot.grab().toImage()
    inside, beside = QPoint(round(bar.center().x()), place.y()), QPoint(round(bar.center().x()) + 8, place.y())
    assert picture.pixelColor(inside) == theme().text
    assert picture.pixelColor(beside) != theme().text and before != theme().text
    QTest.mouseMove(hand.plot, QPoint(2, 2))
    assert hand.plot.read_bin == -1 and not hand.histogram.reading.isVisible()


def test_a_logarithmic_axis_needs_positive_values_and_says_why_not(hand, qtbot):
    hand.look_at("normal")
    log = hand.histogram.head.value_scale.buttons["log"]
    assert not log.isEnabled() and "no place for 0 and below" in log.toolTip()
    hand.look_at("positive")
    assert log.isEnabled() and not log.toolTip()
    qtbot.mouseClick(log, LEFT)
    edges = hand.histogram.picture().edges
    assert hand.histogram.picture().scale == "log"
    assert np.allclose(np.diff(np.log(edges)), np.log(edges[-1] / edges[0]) / hand.histogram.picture().bins)
    hand.look_at("normal")  # the wish is kept where it cannot be had
    assert hand.histogram.picture().scale == "linear" and hand.histogram.head.value_scale.current() == "linear"
    hand.look_at("positive")
    assert hand.histogram.picture().scale == "log" and hand.histogram.head.value_scale.current() == "log"


@pytest.mark.parametrize("scale", ["linear", "symlog"])
@pytest.mark.parametrize("log", [False, True])
def test_every_axis_shows_every_value(hand, qtbot, scale, log):
    hand.look_at("normal")
    qtbot.mouseClick(hand.histogram.head.value_scale.buttons[scale], LEFT)
    qtbot.mouseClick(hand.histogram.head.count_scale.buttons["log" if log else "linear"], LEFT)
    hand.settle()
    picture = hand.histogram.picture()
    assert picture.counts.sum() + picture.below + picture.above == pytest.approx(120_000)
    assert 0 < hand.plot.chart.heights.max() <= 1


def test_small_integers_have_a_bar_each(hand):
    hand.look_at("classes")
    picture = hand.histogram.picture()
    assert picture.counts.tolist() == np.bincount(tensors()["classes"].numpy()).tolist()
    hand.plot.read(3)
    assert hand.histogram.reading.range == "3"


@pytest.mark.parametrize(
    ("name", "words"), [("constant", "All 4,096 values are 2.5"), ("zeros", "All 64 values are 0")]
)
def test_a_constant_is_said_plainly(hand, name, words):
    hand.look_at(name)
    assert hand.histogram.notes.constant.isVisible() and hand.histogram.notes.constant.text() == words


def test_what_is_not_finite_is_named_and_leads_to_its_place(hand, qtbot):
    hand.look_at("odd")
    assert hand.histogram.notes.unusual.text() == "2 NaN, 1 −∞ not in the plot"
    panel = hand.bench.inspector.tensor
    assert panel.statistics.places["nan"].text() == "[1,407]"
    with qtbot.waitSignal(panel.statistics.place_wanted) as caught:
        qtbot.mouseClick(panel.statistics.places["nan"], LEFT)
    assert caught.args == [(1407,)]
    with qtbot.waitSignal(panel.statistics.place_wanted) as caught:
        qtbot.mouseClick(panel.statistics.places["inf"], LEFT)
    assert caught.args == [(7,)]


def test_a_tensor_of_nan_alone_says_so(hand, qtbot):
    hand.bench.select("none", wait=False)
    panel = hand.bench.inspector.tensor
    message = hand.histogram._message
    qtbot.waitUntil(lambda: message.text() == "All 12 values are NaN.", timeout=10_000)
    assert message.isVisible() and panel.statistics.figures["nan"].text() == "12"
    assert hand.histogram.picture() is None


def test_values_far_out_are_counted_beside_the_plot(hand):
    hand.look_at("far")
    assert hand.histogram.notes.outside.text() == "1 below, 2 above"


def test_both_norms_are_there_to_the_last_digit(hand):
    hand.look_at("normal")
    figures = hand.bench.inspector.tensor.statistics.figures
    values = tensors()["normal"].double()
    assert float(figures["l1"].exact()) == pytest.approx(float(values.abs().sum()), rel=1e-12)
    assert float(figures["l2"].exact()) == pytest.approx(float(values.norm()), rel=1e-12)
    assert figures["l1"].accessibleName().startswith("L1 norm: ")


@pytest.mark.parametrize("seed", range(6))
def test_labels_of_the_rail_never_touch(qapp, seed):
    metrics = QFontMetricsF(ui_font(11))
    rng = np.random.default_rng(seed)
    frame = Frame(70, 620, 40, 170, 100)
    for _ in range(60):
        x = dict(zip((0.001, 0.01, 0.99, 0.999), np.sort(rng.uniform(70, 620, 4)).tolist()))
        placed = [rect for rect, _ in labels(frame, x, 24, metrics)]
        assert not any(a.intersects(b) for n, a in enumerate(placed) for b in placed[:n])
        assert all(rect.left() >= 70 and rect.right() <= 628 for rect in placed)


def test_edges_of_bars_fall_on_whole_device_pixels(qapp):
    frame = frame_in(QRectF(0, 0, 613, 196), 97, 1.5)
    assert all((frame.x(place) * 1.5).is_integer() for place in range(98))


def test_a_low_panel_has_a_lower_plot(hand):
    hand.look_at("normal")
    high = hand.plot.height()
    hand.bench.inspector.resize(646, 420)
    assert hand.plot.height() < high and hand.plot.area().height() > 60


def test_bars_keep_their_width_when_the_panel_gets_wider(hand, qtbot):
    hand.look_at("normal")
    before = hand.histogram.picture().bins
    hand.bench.inspector.resize(900, 760)
    qtbot.waitUntil(lambda: hand.histogram.picture().bins > before)
    hand.settle()
    assert hand.histogram.picture().exact
