"""Which tensors are dealt out together."""

import numpy as np

from ckptgui.engine.reading_order import ALONE, ReadingOrder
from tests.engine.tables import lay_out


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
