"""Distributions are pinned, compared with others, and let go."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ckptgui.gui.inspector.histogram.buttons import MenuButton, PinButton
from tests.gui.inspector.histogram.conftest import tensors

LEFT = Qt.MouseButton.LeftButton


def pin_button(hand) -> PinButton:
    return hand.bench.inspector.tensor.head.findChild(PinButton)


def test_a_pinned_distribution_stays_as_an_outline(hand, qtbot):
    hand.look_at("wider")
    qtbot.mouseClick(pin_button(hand), LEFT)
    assert pin_button(hand).isChecked() and not hand.histogram.picture().outlines  # it is the bars themselves
    hand.look_at("normal")
    picture = hand.histogram.picture()
    assert not pin_button(hand).isChecked() and len(picture.outlines) == 1 and picture.exact
    expected = np.histogram(tensors()["wider"].double().numpy(), picture.edges)[0]
    assert picture.outlines[0].counts.tolist() == expected.tolist()
    assert [entry.name.text() for entry in hand.histogram.legend.entries] == ["normal", "wider"]


def test_heights_are_shares_where_tensors_differ_in_size_or_counts_on_wish(hand, qtbot):
    hand.look_at("wider")
    hand.key(Qt.Key.Key_P)
    hand.look_at("normal")
    legend, plot = hand.histogram.legend, hand.plot
    assert legend.measure.current() == "shares"
    assert plot.chart.count_marks[-1][1].endswith(" %")
    qtbot.mouseClick(legend.measure.buttons["counts"], LEFT)
    assert not hand.histogram.picture().wish.shares
    assert not plot.chart.count_marks[-1][1].endswith(" %")


def test_a_pin_goes_by_click_and_by_key(hand, qtbot):
    for name in ("wider", "w1"):
        hand.look_at(name)
        hand.key(Qt.Key.Key_P)
    hand.look_at("normal")
    qtbot.mouseClick(hand.histogram.legend.entries[1].remove, LEFT)
    assert [pin.series.name for pin in hand.histogram.pins] == ["w1"]
    hand.look_at("w1")
    hand.key(Qt.Key.Key_P)
    assert not len(hand.histogram.pins) and hand.histogram.legend.isHidden()


def test_there_is_room_for_eight_and_the_button_says_so(hand, qtbot):
    for number in range(8):
        hand.look_at(f"w{number}")
        hand.key(Qt.Key.Key_P)
    hand.look_at("w8")
    button = pin_button(hand)
    assert not button.isEnabled() and "8 are pinned" in button.toolTip()
    slots = [pin.slot for pin in hand.histogram.pins]
    assert slots == list(range(8)) and len(hand.histogram.picture().outlines) == 8
    qtbot.mouseClick(hand.histogram.legend.clear, LEFT)
    assert not len(hand.histogram.pins) and button.isEnabled()


def test_the_card_reads_every_series(hand):
    hand.look_at("wider")
    hand.key(Qt.Key.Key_P)
    hand.look_at("normal")
    number = int(hand.histogram.picture().counts.argmax())
    hand.plot.read(number)
    card, picture = hand.histogram.reading, hand.histogram.picture()
    assert len(card.counts) == 2
    assert card.counts[1].startswith(f"{round(picture.outlines[0].counts[number]):,} values, ")


def test_the_legend_leads_to_a_pinned_tensor_and_lights_its_line(hand, qtbot):
    hand.look_at("wider")
    hand.key(Qt.Key.Key_P)
    hand.look_at("normal")
    entry = hand.histogram.legend.entries[1]
    entry.pointed.emit(True)
    assert hand.plot.lit == 0
    with qtbot.waitSignal(hand.bench.inspector.link_activated) as caught:
        qtbot.mouseClick(entry.name, LEFT)
    assert caught.args == [("wider",)]


def test_pins_stay_when_another_file_is_shown(hand, open_bench, kinds):
    hand.look_at("wider")
    hand.key(Qt.Key.Key_P)
    bench = hand.bench
    bench.inspector.set_document(bench.checkpoint, bench.tree, bench.pool, bench.summaries)
    hand.look_at("normal")
    pin = next(iter(hand.histogram.pins))
    assert pin.series.info is None  # its file may be closed: nothing of it is read again
    assert len(hand.histogram.picture().outlines) == 1


def test_another_epoch_keeps_what_was_zoomed_into(hand, open_bench, kinds, tmp_path):
    hand.look_at("normal")
    hand.wheel(0.5, 4)
    hand.settle()
    part = hand.histogram.picture().edges[[0, -1]].tolist()
    copy = tmp_path / "epoch_2.pt"
    copy.write_bytes(kinds.read_bytes())
    other = open_bench(copy)
    hand.bench.inspector.set_document(other.checkpoint, other.tree, other.pool, other.summaries)
    hand.look_at("normal")
    assert hand.histogram.picture().edges[[0, -1]].tolist() == part
    hand.look_at("wider")
    hand.look_at("normal")
    assert hand.histogram.picture().edges[[0, -1]].tolist() != part


def test_a_pin_of_another_file_says_which(hand, open_bench, kinds, tmp_path):
    hand.look_at("wider")
    hand.key(Qt.Key.Key_P)
    copy = tmp_path / "epoch_2.pt"
    copy.write_bytes(kinds.read_bytes())
    other = open_bench(copy)
    hand.bench.inspector.set_document(other.checkpoint, other.tree, other.pool, other.summaries)
    hand.look_at("wider")
    names = [entry.name.text() for entry in hand.histogram.legend.entries]
    assert names == ["wider", "wider in kinds.pt"]


def test_tensors_that_were_never_read_are_pinned_one_after_the_other(hand, qtbot):
    hand.look_at("normal")
    rows = [hand.bench.checkpoint.row((name,)) for name in ("wider", "w3", "positive")]
    for row in rows:
        hand.bench.inspector.pinning.ask(row)
    qtbot.waitUntil(lambda: len(hand.histogram.pins) == 3, timeout=10_000)
    assert [pin.series.info.index for pin in hand.histogram.pins] == rows
    hand.bench.inspector.pinning.ask(rows[1])
    assert len(hand.histogram.picture().outlines) == 2


def test_a_tensor_without_finite_values_is_not_pinned_and_the_reason_is_told(hand, qtbot):
    hand.look_at("normal")
    hand.bench.inspector.pinning.ask(hand.bench.checkpoint.row(("none",)))
    told = hand.histogram.saving.told
    qtbot.waitUntil(told.isVisible, timeout=10_000)
    assert told.text() == "All 12 values are NaN." and not len(hand.histogram.pins)


def test_a_logarithmic_axis_is_refused_for_a_pin_too(hand):
    hand.look_at("normal")
    hand.key(Qt.Key.Key_P)
    hand.look_at("positive")
    log = hand.histogram.head.value_scale.buttons["log"]
    assert not log.isEnabled() and "normal" in log.toolTip()


@pytest.mark.parametrize("kind", [PinButton, MenuButton])
def test_buttons_without_a_plot_say_why(hand, kind, qtbot):
    hand.bench.select("none", wait=False)
    button = hand.bench.inspector.tensor.head.findChild(kind)
    assert not button.isEnabled() and "There is no" in button.toolTip()


def test_tab_reaches_the_pin_and_space_presses_it(hand):
    hand.look_at("wider")
    button = pin_button(hand)
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert len(hand.histogram.pins) == 1
