"""The next NaN is the one that a person reading row by row would meet next."""

import numpy as np
import pytest
import torch

from ckptgui.engine.job import Cancel
from ckptgui.engine.search_values import find_special
from ckptgui.errors import Cancelled


def walk(values, start, backward):
    """Indices in the order of the search, the slow way."""
    size, shape = values.size, values.shape
    ranks = [(start - step if backward else start + step) % size for step in range(1, size + 1)]
    return [tuple(int(place) for place in np.unravel_index(rank, shape)) for rank in ranks]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr("ckptgui.engine.plan.CHUNK", 4 * 16)


LAYOUTS = {
    "row by row": ((9, 11), None),
    "turned": ((11, 9), (1, 11)),
    "with gaps": ((4, 5), (22, 2)),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("wanted", ["nan", "infinite"])
@pytest.mark.parametrize("codec", ["stored", "deflate"])
def test_the_next_one_from_every_place(shelf, layout, backward, wanted, codec):
    values = np.arange(99, dtype=np.float32)
    values[[7, 8, 40, 96]] = np.nan
    values[[0, 44, 66]] = -np.inf
    shape, strides = LAYOUTS[layout]
    stored = shelf.put(values.reshape(9, 11), "float32", shape=shape, strides=strides, codec=codec)
    hit = np.isnan(stored.values) if wanted == "nan" else np.isinf(stored.values)
    for start in range(0, stored.values.size, 3):
        index = tuple(int(place) for place in np.unravel_index(start, shape))
        found = find_special(stored.info, stored.pool, wanted, Cancel(), after=index, backward=backward)
        right = next((place for place in walk(stored.values, start, backward) if hit[place]), None)
        assert found == right
    first = find_special(stored.info, stored.pool, wanted, Cancel(), backward=backward)
    begin = stored.values.size if backward else -1
    assert first == next((place for place in walk(stored.values, begin, backward) if hit[place]), None)


@pytest.mark.filterwarnings("ignore:ComplexHalf support")
@pytest.mark.parametrize(
    "dtype", ["float64", "float16", "bfloat16", "float8_e5m2", "complex32", "complex64", "complex128"]
)
def test_every_type_with_a_nan_is_searched(shelf, dtype):
    tensor = torch.ones(50, dtype=torch.complex64 if "complex" in dtype else torch.float32)
    tensor[33] = complex(1, float("nan")) if "complex" in dtype else float("nan")
    tensor = tensor.to(getattr(torch, dtype))
    from ckptgui.core.dtypes import BY_NAME

    array = tensor.view(torch.uint8).numpy().view(BY_NAME[dtype].array)
    stored = shelf.put(array, dtype)
    assert find_special(stored.info, stored.pool, "nan", Cancel()) == (33,)
    assert find_special(stored.info, stored.pool, "infinite", Cancel()) is None


def test_no_more_is_read_than_need_be(shelf):
    values = np.zeros(1000, np.float32)
    values[500] = np.nan
    stored = shelf.put(values, "float32")
    reports = []
    assert find_special(stored.info, stored.pool, "nan", Cancel(), reports.append, after=(490,)) == (500,)
    assert len(reports) < 3


def test_integers_and_nothing_hold_none(shelf):
    for array, dtype in ((np.arange(5), "int64"), (np.zeros((0, 3), np.float32), "float32")):
        stored = shelf.put(array, dtype)
        assert find_special(stored.info, stored.pool, "nan", Cancel()) is None


def test_an_expanded_tensor_and_a_single_value(shelf):
    row = np.array([1, np.nan, 2], np.float32)
    stored = shelf.put(row, "float32", shape=(4, 3), strides=(0, 1))
    assert find_special(stored.info, stored.pool, "nan", Cancel(), after=(3, 2)) == (0, 1)
    stored = shelf.put(np.array(np.nan, np.float32), "float32", shape=())
    assert find_special(stored.info, stored.pool, "nan", Cancel(), after=()) == ()


def test_a_cancel_is_heard(shelf):
    stored = shelf.put(np.zeros(1000, np.float32), "float32")
    cancel = Cancel()
    with pytest.raises(Cancelled):
        find_special(stored.info, stored.pool, "nan", cancel, lambda progress: cancel.cancel())
