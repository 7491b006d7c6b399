"""The order in which a whole file is read: what is asked for, then as it lies in the file, each row once."""

import numpy as np
import pytest

from ckptgui.core.checkpoint import Role
from ckptgui.engine import reading_order
from ckptgui.engine.reading_order import ALONE, ReadingOrder
from tests.core.trees import CheckpointMaker
from tests.engine.tables import lay_out


@pytest.fixture
def order(monkeypatch):
    """Six rows of 40 bytes that lie in the file from the last to the first; portions of 100 bytes."""
    monkeypatch.setattr(reading_order, "PORTION_BYTES", 100)
    make = CheckpointMaker()
    storages = [make.storage(40) for _ in range(6)]
    for number in range(6):
        make.section((f"s{number}",), Role.MODEL, ["w"], shape=(10,), storage=storages[5 - number])
    checkpoint = make.make()
    return ReadingOrder(checkpoint, checkpoint.tensors.nbytes)


def dealt(order):
    """All portions to the end."""
    portions = []
    while rows := order.deal():
        order.done(np.array(rows))
        portions.append(rows)
    return portions


def test_rows_are_dealt_as_they_lie_in_the_file_some_at_a_time(order):
    assert order.total == 240
    assert dealt(order) == [(5, 4), (3, 2), (1, 0)]
    assert order.left() == 0


def test_what_is_asked_for_goes_next_and_once(order):
    order.done(np.array(order.deal()))
    order.ask([0, 5])
    assert dealt(order) == [(0,), (3, 2), (1,)]


def test_what_others_have_read_is_left_out(order):
    order.done(np.array([4, 1]))
    assert order.left() == 160
    assert dealt(order) == [(5, 3), (2, 0)]


def test_what_was_dealt_but_not_done_is_dealt_again(order):
    first = order.deal()
    order.done(np.array(first[:1]))
    assert order.deal() == (4, 3)


def test_a_large_tensor_is_a_portion_of_its_own(order, monkeypatch):
    monkeypatch.setattr(reading_order, "ALONE", 40)
    assert dealt(order) == [(5,), (4,), (3,), (2,), (1,), (0,)]


def test_tensors_that_cannot_be_read_are_not_dealt():
    make = CheckpointMaker()
    make.section((), Role.MODEL, ["w"])
    make.tensor(("gone",), error="It is not there.")
    checkpoint = make.make()
    order = ReadingOrder(checkpoint, checkpoint.tensors.nbytes)
    assert dealt(order) == [(0,)]


def test_a_large_tensor_is_dealt_with_its_other_names_and_nothing_else(tmp_path):
    values = np.ones(8, np.float32)
    more = [("float32", (8,), 1, {}), ("float32", (2, 4), 1, {})]
    checkpoint = lay_out(tmp_path / "x", [("float32", values)] * 4, more=more)
    sizes = np.array([32, 8 * ALONE, 32, 32, 0, 0])  # as if the second were that large, under three names
    order, dealt = ReadingOrder(checkpoint, sizes), []
    while rows := order.deal():
        dealt.append(rows)
        order.done(np.array(rows))
    assert dealt == [(0,), (1, 4, 5), (2, 3)]


def test_portions_hold_everything_once(tmp_path):
    checkpoint = lay_out(tmp_path / "x", [("float32", np.ones(8, np.float32))] * 50)
    order, dealt = ReadingOrder(checkpoint, np.full(50, 60 << 20)), []
    while rows := order.deal():
        dealt.append(rows)
        order.done(np.array(rows))
    assert [len(rows) for rows in dealt] == [4] * 12 + [2]
    assert sorted(row for rows in dealt for row in rows) == list(range(50))
