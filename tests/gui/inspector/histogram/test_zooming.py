"""A person zooms, drags and moves in the histogram, and every bar becomes exact."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ckptgui.gui.inspector.histogram import closer_look
from tests.gui.inspector.histogram.conftest import Hand, tensors

Key = Qt.Key


def counted(name, picture):
    """What numpy counts in the bars of a picture."""
    return np.histogram(tensors()[name].double().numpy(), picture.edges)[0].tolist()


@pytest.mark.parametrize("name", ["normal", "double", "far"])
def test_bars_are_exact_in_every_view(hand, name):
    hand.look_at(name)
    assert hand.histogram.picture().exact
    assert hand.histogram.picture().counts.tolist() == counted(name, hand.histogram.picture())
    hand.wheel(0.3, 6)
    hand.settle()
    picture = hand.histogram.picture()
    assert picture.exact and picture.counts.tolist() == counted(name, picture)
    assert hand.histogram.notes.approximate.isHidden()


def test_a_view_is_approximate_and_says_so_until_it_is_read_closer(hand):
    hand.look_at("normal")
    hand.wheel(0.5, 12)
    histogram = hand.histogram
    coarse = histogram.picture()
    assert not coarse.exact and histogram.looking
    assert histogram.notes.approximate.isVisible()
    assert histogram.notes.approximate.text() == "≈ until it is read closer"
    hand.plot.read(int(coarse.counts.argmax()))
    assert histogram.reading.counts[0].startswith("≈ ")
    hand.settle()
    fine = histogram.picture()
    assert fine.exact and np.array_equal(fine.edges, coarse.edges)
    assert histogram.reading.isVisible() and not histogram.reading.counts[0].startswith("≈")


def test_the_newest_view_wins_and_another_tensor_ends_the_reading(hand):
    hand.look_at("normal")
    for _ in range(5):
        hand.wheel(0.4, 2)
    assert hand.histogram.looking
    hand.look_at("wider")
    assert hand.histogram.series.name == "wider"
    assert hand.histogram.picture().counts.tolist() == counted("wider", hand.histogram.picture())


def test_a_range_is_dragged_and_a_double_click_shows_all_again(hand, qtbot):
    hand.look_at("normal")
    before = hand.histogram.picture()
    hand.drag(0.25, 0.5)
    closer = hand.histogram.picture()
    wide = before.edges[-1] - before.edges[0]
    step = wide / before.bins
    assert closer.edges[0] == pytest.approx(before.edges[0] + wide / 4, abs=step)
    assert closer.edges[-1] == pytest.approx(before.edges[0] + wide / 2, abs=step)
    assert hand.histogram.notes.whole.isVisible()
    QTest.mouseDClick(hand.plot, Qt.MouseButton.LeftButton, pos=hand.at(0.5))
    assert np.array_equal(hand.histogram.picture().edges, before.edges)
    hand.drag(0.6, 0.9)
    qtbot.mouseClick(hand.histogram.notes.whole, Qt.MouseButton.LeftButton)
    assert np.array_equal(hand.histogram.picture().edges, before.edges)
    assert hand.histogram.notes.whole.isHidden()


def test_a_click_is_no_range(hand):
    hand.look_at("normal")
    before = hand.histogram.picture()
    QTest.mouseClick(hand.plot, Qt.MouseButton.LeftButton, pos=hand.at(0.5))
    assert hand.histogram.picture() is before


def test_escape_gives_up_the_drag_then_the_reading_then_the_zoom(hand):
    hand.look_at("normal")
    before = hand.histogram.picture()
    hand.key(Key.Key_Plus, Key.Key_Plus)
    closer = hand.histogram.picture()
    hand.key(Key.Key_Right)
    QTest.mousePress(hand.plot, Qt.MouseButton.LeftButton, pos=hand.at(0.2))
    hand.key(Key.Key_Escape)
    QTest.mouseRelease(hand.plot, Qt.MouseButton.LeftButton, pos=hand.at(0.8))
    assert np.array_equal(hand.histogram.picture().edges, closer.edges)
    hand.plot.read(4)
    hand.key(Key.Key_Escape)
    assert hand.plot.read_bin == -1 and np.array_equal(hand.histogram.picture().edges, closer.edges)
    hand.key(Key.Key_Escape)
    assert np.array_equal(hand.histogram.picture().edges, before.edges)


def test_keys_zoom_move_and_go_back(hand):
    hand.look_at("normal")
    first = hand.histogram.picture()
    wide = first.edges[-1] - first.edges[0]
    hand.key(Key.Key_Plus)
    closer = hand.histogram.picture()
    assert closer.edges[-1] - closer.edges[0] == pytest.approx(0.8 * wide)
    hand.key(Key.Key_Right, modifier=Qt.KeyboardModifier.ShiftModifier)
    moved = hand.histogram.picture()
    assert moved.edges[0] == pytest.approx(closer.edges[0] + 0.08 * wide)
    hand.key(Key.Key_Minus)
    assert hand.histogram.picture().edges[-1] - hand.histogram.picture().edges[0] == pytest.approx(wide)
    hand.key(Key.Key_0)
    assert np.array_equal(hand.histogram.picture().edges, first.edges)


def test_the_view_never_leaves_the_values(hand):
    hand.look_at("normal")
    hand.key(Key.Key_Plus, Key.Key_Plus, Key.Key_Plus)
    for _ in range(40):
        hand.key(Key.Key_Left, modifier=Qt.KeyboardModifier.ShiftModifier)
    values = tensors()["normal"]
    assert hand.histogram.picture().edges[0] == pytest.approx(float(values.min()))
    for _ in range(40):
        hand.wheel(0.5, -1)
    picture = hand.histogram.picture()
    assert (picture.edges[0], picture.edges[-1]) == pytest.approx((float(values.min()), float(values.max())))


def test_zooming_as_far_as_it_goes_stays_finite(hand):
    hand.look_at("normal")
    for _ in range(12):
        hand.wheel(0.37, 20)
        hand.settle()
    picture = hand.histogram.picture()
    assert np.isfinite(picture.edges).all() and (np.diff(picture.edges) > 0).all()
    assert picture.counts.tolist() == counted("normal", picture)


def test_large_tensors_are_made_exact_on_request_only(hand, qtbot, monkeypatch):
    monkeypatch.setattr(closer_look, "READ_AT_ONCE", 0)
    hand.look_at("normal")
    histogram = hand.histogram
    assert not histogram.picture().exact and histogram.head.exact.isVisible()
    assert histogram.notes.approximate.text() == "≈ approximate"
    assert "2⁻⁷" in histogram.notes.approximate.toolTip()
    qtbot.mouseClick(histogram.head.exact, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: histogram.picture().exact and histogram.head.exact.isHidden(), timeout=10_000)
    assert hand.bench.summaries.get(histogram.series.info.index).distribution.exact


def test_a_file_that_is_gone_leaves_the_coarse_bars_and_says_why(open_bench, tmp_path, kinds):
    copy = tmp_path / "gone.pt"
    copy.write_bytes(kinds.read_bytes())
    hand = Hand(open_bench(copy))
    hand.look_at("normal")
    hand.bench.pool.close()
    copy.write_bytes(b"another file")
    hand.wheel(0.5, 12)
    notes = hand.histogram.notes
    hand.bench.qtbot.waitUntil(lambda: "could not be read" in notes.approximate.text(), timeout=10_000)
    assert notes.approximate.toolTip() and hand.histogram.picture().counts.sum() > 0


def test_wide_integers_say_what_is_rounded(hand, monkeypatch):
    monkeypatch.setattr(closer_look, "READ_AT_ONCE", 0)
    hand.look_at("codes")
    assert "beyond 2⁵³ edges are rounded" in hand.histogram.notes.approximate.toolTip()
