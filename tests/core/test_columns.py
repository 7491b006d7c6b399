"""Rows added by the thousand are the rows that are added one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckptgui.core.builder import TableBuilder
from ckptgui.core.columns import distinct, ragged
from ckptgui.core.dtypes import BY_NAME
from ckptgui.core.extents import Extent, Segment, SourceIdentity
from ckptgui.core.names import KeyPool, NamePool
from ckptgui.core.views import Views

SOURCE = SourceIdentity("/a.pt", 0, 1, 1 << 40, 0)
DTYPES = tuple(BY_NAME[name] for name in ("float32", "bool", "F4", "complex128"))
DEVICES = ("cpu", "cuda:1")
WIDEST = 4

numbers = st.one_of(st.integers(0, 5), st.integers(-3, 70), st.integers(2**31 - 2, 2**31 + 1), st.just(2**62))
row = st.fixed_dictionaries(
    {
        "dims": st.lists(st.tuples(numbers, numbers), max_size=WIDEST),
        "dtype": st.integers(0, len(DTYPES) - 1),
        "device": st.integers(0, 1),
        "storage": st.integers(0, 3),
        "offset": numbers,
        "grad": st.booleans(),
    }
)


def builder():
    made = TableBuilder()
    made.add_storages(
        NamePool("0123"), SOURCE, np.arange(4) * 64, np.array([0, 16, 64, 1 << 40]), np.arange(4) * 32
    )
    return made


def padded(rows, part, filler):
    return np.array(
        [[*(pair[part] for pair in row["dims"]), *[filler] * (WIDEST - len(row["dims"]))] for row in rows],
        np.int64,
    ).reshape(-1, WIDEST)


def views(rows, strided):
    def column(key):
        return np.array([row[key] for row in rows], np.int64)

    return Views(
        shape=padded(rows, 0, 1),
        ndim=np.array([len(row["dims"]) for row in rows], np.int64),
        strides=padded(rows, 1, 0) if strided else None,
        dtype=column("dtype"),
        dtypes=DTYPES,
        device=column("device"),
        devices=DEVICES,
        storage=column("storage"),
        offset=column("offset"),
        requires_grad=column("grad").astype(bool),
    )


@pytest.mark.parametrize("strided", [True, False])
@settings(max_examples=300, deadline=None)
@given(rows=st.lists(row, max_size=12))
def test_a_thousand_rows_at_once_are_judged_as_each_alone_is(strided, rows):
    together, alone = builder(), builder()
    container = together.container_row(("model",))
    names = [f"w{number}" for number in range(len(rows))]
    together.add_views(container, NamePool(names), views(rows, strided), {0: "It is odd."} if rows else {})
    for number, row in enumerate(rows):
        alone.add(
            ("model", names[number]),
            [size for size, _ in row["dims"]],
            DTYPES[row["dtype"]],
            storage=row["storage"],
            storage_offset=row["offset"],
            strides=[step for _, step in row["dims"]] if strided else None,
            device=DEVICES[row["device"]],
            requires_grad=row["grad"],
            error=None if number else "It is odd.",
        )
    assert list(together.build()) == list(alone.build())


def test_rows_of_both_kinds_follow_each_other():
    made = builder()
    row = {"dims": [(2, 2), (2, 1)], "dtype": 0, "device": 1, "storage": 2, "offset": 0, "grad": True}
    made.add(("first",), (3,), DTYPES[0])
    made.add_views(made.container_row(("m",)), NamePool(["a", "b"]), views([row, row], True), {})
    assert made.add(("last",), (), DTYPES[1], storage=made.add_storage(None, Extent(1, inline=b"x"))) == 3
    table = made.build()
    assert [info.path for info in table] == [("first",), ("m", "a"), ("m", "b"), ("last",)]
    assert [info.shape for info in table] == [(3,), (2, 2), (2, 2), ()]
    assert [info.storage_key for info in table] == [None, "2", "2", None]
    assert table.extents[2] == Extent(64, (Segment(SOURCE, 128, 64),))
    assert table.info(2).device == "cuda:1"


def test_a_builder_without_rows_makes_an_empty_table():
    table = TableBuilder().build()
    assert (len(table), len(table.extents), list(table.names)) == (0, 0, [])


def test_ragged_places_are_the_ranges_end_to_end():
    assert ragged(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert len(ragged(np.zeros(0, np.int64), np.zeros(0, np.int64))) == 0


def test_each_value_is_distinct_once():
    assert distinct(np.array([5, 2, 5, -1, 2])).tolist() == [-1, 2, 5]
    assert len(distinct(np.zeros(0, np.int64))) == 0


def test_keys_that_are_missing_stay_missing():
    keys = KeyPool(NamePool(["a", "", "c"]), np.array([True, False, True]))
    assert list(keys) == ["a", None, "c"]
    assert keys[1:] == [None, "c"]
    assert (keys[0], keys[1], len(keys)) == ("a", None, 3)


def test_a_pool_sees_whether_a_name_comes_twice():
    assert NamePool(["a", "b", "ab", ""]).distinct
    assert not NamePool(["a", "b", "a"]).distinct
