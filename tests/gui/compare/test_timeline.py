"""The handles, curves and buttons above the epochs."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from ckptgui.gui.compare.timeline.panel import Timeline
from ckptgui.gui.compare.words import member_words
from tests.gui.compare.conftest import save_run, weights


@pytest.fixture
def timeline(qtbot, comparison):
    return shown(qtbot, comparison)


def shown(qtbot, comparison):
    timeline = Timeline(comparison)
    qtbot.addWidget(timeline)
    comparison.series_changed.emit()  # it was made after the series was there
    timeline.resize(1000, 150)
    timeline.show()
    qtbot.waitExposed(timeline)
    return timeline


def ends(comparison):
    return comparison.a, comparison.b


def at(strip, member):
    return strip.place(member).toPoint()


def drag(strip, start, stop):
    QTest.mousePress(strip, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(strip, stop)
    QTest.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=stop)


def test_a_run_opens_at_its_last_step(timeline, comparison):
    assert ends(comparison) == (2, 3)
    assert timeline.ends.text() == "A epoch 2 → B epoch 3"
    assert timeline.summary.text().startswith("4 epochs, ")
    assert timeline.strip.accessibleDescription() == "A is epoch 2, B is epoch 3"


def test_a_click_sets_b_and_with_shift_a(timeline, comparison):
    strip = timeline.strip
    above, shift = QPoint(0, -20), Qt.KeyboardModifier.ShiftModifier
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, shift, at(strip, 0) + above)
    assert ends(comparison) == (0, 3)
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=at(strip, 1) + above)
    assert ends(comparison) == (0, 1)


@pytest.mark.parametrize(
    ("clicked", "is_a", "expected"), [(1, False, (0, 1)), (0, False, (1, 0)), (3, True, (3, 2)), (2, True, (2, 3))]
)
def test_the_other_end_makes_room(timeline, comparison, clicked, is_a, expected):
    comparison.set_ends(1, 2)
    keys = Qt.KeyboardModifier.ShiftModifier if is_a else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(timeline.strip, Qt.MouseButton.LeftButton, keys, at(timeline.strip, clicked) + QPoint(0, -20))
    assert ends(comparison) == expected


def test_b_on_a_pushes_a_before_it(timeline, comparison):
    QTest.mouseClick(timeline.strip, Qt.MouseButton.LeftButton, pos=at(timeline.strip, 2) + QPoint(0, -20))
    assert ends(comparison) == (1, 2)


def test_handles_are_dragged_and_the_band_moves_both(timeline, comparison):
    strip = timeline.strip
    drag(strip, at(strip, 2), at(strip, 0))
    assert ends(comparison) == (0, 3)
    drag(strip, at(strip, 3), at(strip, 1))
    assert ends(comparison) == (0, 1)
    middle = (at(strip, 0) + at(strip, 1)) / 2
    drag(strip, middle, middle + at(strip, 2) - at(strip, 0))
    assert ends(comparison) == (2, 3)


def test_keys_move_b_and_with_shift_a(timeline, comparison):
    strip = timeline.strip
    QTest.keyClick(strip, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert ends(comparison) == (1, 3)
    QTest.keyClick(strip, Qt.Key.Key_Left)
    assert ends(comparison) == (1, 2)
    QTest.keyClick(strip, Qt.Key.Key_Left)
    assert ends(comparison) == (1, 0)
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert ends(comparison) == (1, 3)


def test_buttons_step_both_and_stop_at_the_ends(timeline, comparison):
    QTest.mouseClick(timeline.before, Qt.MouseButton.LeftButton)
    assert ends(comparison) == (1, 2)
    assert timeline.after.isEnabled()
    for _ in range(2):
        QTest.mouseClick(timeline.before, Qt.MouseButton.LeftButton)
    assert ends(comparison) == (1, 0)
    assert not timeline.before.isEnabled()
    for expected in ((0, 1), (1, 2), (2, 3)):
        QTest.mouseClick(timeline.after, Qt.MouseButton.LeftButton)
        assert ends(comparison) == expected


def test_it_plays_from_the_start_to_the_end(qtbot, timeline, comparison):
    timeline.player._timer.setInterval(5)
    QTest.mouseClick(timeline.play, Qt.MouseButton.LeftButton)
    assert ends(comparison) == (0, 1)
    assert timeline.play.accessibleName() == "Stop"
    qtbot.waitUntil(lambda: not timeline.player.playing)
    assert ends(comparison) == (2, 3)
    assert timeline.play.accessibleName() == "Play"


def test_the_menu_of_the_ends_compares_first_with_last(qtbot, timeline, comparison):
    QTest.mouseClick(timeline.ends, Qt.MouseButton.LeftButton)
    menu = timeline.findChild(QMenu)
    next(action for action in menu.actions() if action.text() == "The last epoch with the first").trigger()
    menu.close()
    assert ends(comparison) == (0, 3)


def test_curves_can_be_left_out(qtbot, timeline):
    assert [curve.name for curve in timeline._chosen()] == ["loss"]
    high = timeline.strip.sizeHint().height()
    QTest.mouseClick(timeline.chooser, Qt.MouseButton.LeftButton)
    menu = timeline.findChild(QMenu)
    next(action for action in menu.actions() if action.text() == "loss").trigger()
    menu.close()
    assert timeline._chosen() == []
    assert timeline.strip.sizeHint().height() < high


def test_the_epoch_that_turned_nan_is_counted(qtbot, compare_run, tmp_path):
    states = [weights(epoch) for epoch in range(3)]
    states[2]["blocks.1.attn.bias"][:3] = torch.tensor([float("nan"), float("inf"), float("nan")])
    timeline = shown(qtbot, compare_run(save_run(tmp_path / "sick", states)))
    assert timeline.strip._bad.tolist() == [0, 0, 3]
    assert timeline.strip._flag_words(2) == "2 NaN, 1 infinite"
    timeline.grab()


def test_a_broken_member_is_neither_a_nor_b(qtbot, compare_run, run_folder, tmp_path):
    (tmp_path / "run" / "epoch_2.pt").write_bytes(b"PK\x03\x04 cut")
    comparison = compare_run(run_folder)
    timeline = shown(qtbot, comparison)
    assert ends(comparison) == (1, 3)
    QTest.mouseClick(timeline.strip, Qt.MouseButton.LeftButton, pos=at(timeline.strip, 2) + QPoint(0, -20))
    assert comparison.b in (1, 3)
    QTest.mouseMove(timeline.strip, at(timeline.strip, 2) + QPoint(0, -20))
    timeline.grab()


def test_parts_of_one_file_are_told_by_their_own_names(comparison):
    first, second = comparison.series.members[:2]
    none = {"epoch": None, "step": None, "section": "ema"}
    parts = SimpleNamespace(members=[replace(first, section=name) for name in ("model", "ema")])
    assert [member_words(parts, member) for member in (0, 1)] == ["model", "ema"]
    files = SimpleNamespace(members=[replace(each, **none) for each in (first, second)])
    assert member_words(files, 1) == f"{second.name} (ema)"
