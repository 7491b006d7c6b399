"""Filtering by properties: typed with completion, told where it is wrong, refreshed as figures become known."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from ckptgui.gui.tree import filterer as filterer_module
from ckptgui.gui.tree import shown as shown_module
from tests.core.trees import gpt
from tests.gui.tree.conftest import summary_of


@pytest.fixture
def field(shown, qtbot):
    shown.show(gpt())
    shown.panel.focus_filter()
    qtbot.waitUntil(lambda: shown.panel.filter_box.hasFocus())
    return shown.panel.filter_box


def tensors(shown):
    rows = shown.model.rows.tree.row[shown.model.visible]
    return sorted(rows[rows >= 0].tolist())


def test_a_property_is_typed_with_tab(shown, field, qtbot):
    qtbot.keyClicks(field, "-dt")
    assert field.offer_list.offered() == ["dtype:"]
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "-dtype:" and field.offer_list.offered() == ["float32"]
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert field.text() == "-dtype:float32 " and field.hasFocus()
    assert field.offer_list.offered() == []
    qtbot.waitUntil(lambda: field._count == "0 of 39")


def test_arrows_choose_enter_takes_and_escape_closes(shown, field, qtbot):
    qtbot.keyClicks(field, "role:")
    assert field.offer_list.offered() == ["weight", "bias", "norm", "embedding", "model", "optimizer"]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(field, key)
    assert field.text() == "role:bias "
    qtbot.keyClicks(field, "si")
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert field.offer_list.offered() == ["size:"]
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.offer_list.offered() == [] and field.text() == "role:bias si"
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == ""


def test_the_mouse_takes_an_offer(shown, field, qtbot):
    qtbot.keyClicks(field, "role:")
    offers = field.offer_list
    place = offers.visualRect(offers.model().index(1, 0)).center()
    qtbot.mouseClick(offers.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert field.text() == "role:bias " and field.hasFocus()
    qtbot.waitUntil(lambda: field._count == "9 of 39")


def test_offers_are_not_in_the_way_of_plain_words(shown, field, qtbot):
    qtbot.keyClicks(field, "blocks.1.attn")
    assert field.offer_list.offered() == []
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert shown.view.hasFocus()
    field.setFocus()
    field.clear()
    qtbot.keyClicks(field, "mi")
    assert field.offer_list.offered() == ["min:"]
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert shown.view.hasFocus() and field.text() == "mi" and not field.offer_list.isVisible()


def test_ctrl_space_shows_all_properties(shown, field, qtbot):
    qtbot.keyClick(field, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert field.offer_list.offered()[:3] == ["dtype:", "shape:", "size:"]
    assert shown.panel.grab().toImage() is not None
    assert field.offer_list.geometry().top() >= field.mapTo(field.window(), QPoint(0, field.height())).y()


def test_a_mistake_is_told_beside_what_was_typed(shown, field, qtbot):
    before = shown.names()
    qtbot.keyClicks(field, "size:>10XB")
    qtbot.waitUntil(lambda: bool(field.problem()))
    assert field.problem() == "size:>10XB: XB is no unit; kB, MB, GB, KiB, MiB, GiB are."
    assert field._note() == field.problem() and shown.names() == before


def test_a_property_that_there_is_not_is_told_with_the_one_that_may_be_meant(shown, field, qtbot):
    qtbot.keyClicks(field, "sise:>10MB")
    qtbot.waitUntil(lambda: bool(field.problem()))
    assert field.problem() == "sise:>10MB: no name has this in it, and sise is no property; size is."
    assert shown.panel._filter.nothing.isVisible()


@pytest.mark.parametrize("large", [False, True])
def test_tensors_appear_as_they_become_known_and_the_count_says_so(shown, qtbot, monkeypatch, large):
    monkeypatch.setattr(filterer_module, "CALM", 0.0)
    if large:
        monkeypatch.setattr(shown_module, "AT_ONCE", 10)
    shown.show(gpt())
    field = shown.panel.filter_box
    field.setText("nan:>0")
    field.ask_now()
    qtbot.waitUntil(lambda: field._count == "0 of 39 so far")
    qtbot.waitUntil(lambda: shown.panel._filter.nothing.isVisible())
    assert "so far" in shown.panel._filter.nothing.accessibleName()
    shown.summaries.deliver_all({3: summary_of([1.0], nan=1), 4: summary_of([1.0])})
    qtbot.waitUntil(lambda: field._count == "1 of 39 so far")
    assert tensors(shown) == [3] and shown.view.isVisible()
    shown.panel.select_row(3)
    shown.summaries.deliver_all({row: summary_of([1.0], nan=row % 2) for row in range(39)})
    shown.summaries.finished.emit()
    qtbot.waitUntil(lambda: field._count.endswith("of 39"))
    assert tensors(shown) == list(range(1, 39, 2))
    assert shown.panel.selection().row == 3 and shown.view.current() == shown.panel.selection().node


def test_a_broken_tensor_is_not_waited_for(shown, qtbot, monkeypatch):
    monkeypatch.setattr(filterer_module, "CALM", 0.0)
    shown.show(gpt())
    shown.panel.filter_box.setText("nan:>0 tok")
    shown.panel.filter_box.ask_now()
    assert shown.panel.filter_box._count.endswith("so far")
    for row in np.flatnonzero(np.arange(39)):
        shown.summaries.deliver(int(row), summary_of([1.0]))
    shown.summaries.fail(0, "It cannot be read.")
    qtbot.waitUntil(lambda: shown.panel.filter_box._count == "0 of 39")
