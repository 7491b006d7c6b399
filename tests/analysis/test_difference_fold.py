"""What two arrays come to does not depend on how they are cut, nor on how large or small their values are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ckptgui.analysis.difference_fold import fold, fold_many
from ckptgui.analysis.difference_kernels import BLOCK
from ckptgui.analysis.difference_sums import PairSums
from ckptgui.core.dtypes import BY_NAME
from tests.engine.differences import agrees, oracle


def record_of(x, y, cuts=(), dtypes=None):
    one, other = dtypes or (BY_NAME[x.dtype.name], BY_NAME[y.dtype.name])
    whole = PairSums.nothing(1)
    ends = [0, *sorted(cuts), x.size]
    for start, stop in itertools.pairwise(ends):
        part = fold(x[start:stop].copy(), y[start:stop].copy(), one, other)
        part.places[part.places >= 0] += start
        whole.add(part)
    return whole.records(np.array([x.size]))[0]


def pairs(dtype):
    values = arrays(
        dtype, st.shared(st.integers(1, 40), key="n"), elements=st.floats(width=8 * np.dtype(dtype).itemsize)
    )
    return st.tuples(values, values)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_floats_cut_anywhere(dtype, data):
    x, y = data.draw(pairs(dtype))
    cuts = data.draw(st.lists(st.integers(0, x.size), max_size=3))
    with np.errstate(all="ignore"):
        expected = oracle(x, y)
        if expected["max_abs"] == np.inf:  # two float64 may be farther apart than any float64
            return
        close = max(expected["l2_a"], expected["l2_b"]) < np.finfo(np.float64).max
        if not close or 0 < expected["delta_l2"] < 1e-300:  # subnormals have few digits
            return
        agrees(record_of(x, y, cuts), {n: v for n, v in expected.items() if n in NORMAL or v == 0 or v > 1e-300})


NORMAL = {"changed", "nan_a", "nan_b", "inf_a", "inf_b", "inf_both", "cosine", "argmax", "relative"}


@given(data=st.data(), name=st.sampled_from(["int64", "uint64"]))
@settings(max_examples=60, deadline=None)
def test_any_integers(data, name):
    ends = np.iinfo(name)
    size = data.draw(st.integers(1, 30))
    one = data.draw(st.lists(st.integers(ends.min, ends.max), min_size=size, max_size=size))
    steps = data.draw(st.lists(st.integers(-3, 3), min_size=size, max_size=size))
    x = np.array(one, name)
    y = np.array([min(ends.max, max(ends.min, value + step)) for value, step in zip(one, steps)], name)
    agrees(record_of(x, y, data.draw(st.lists(st.integers(0, size), max_size=2))), oracle(x, y))


@pytest.mark.parametrize("power", [-320, -200, -150, 0, 150, 200, 300])
@pytest.mark.parametrize("mixed", [False, True])
def test_extremes_of_float64(power, mixed):
    rng = np.random.default_rng(1)
    x = rng.normal(size=3 * BLOCK) * 10.0**power
    y = x * (1 + 1e-3 * rng.normal(size=x.size))
    if mixed:
        x[: BLOCK // 2], y[: BLOCK // 2] = 1.0, 1.0
    expected = oracle(x, y)
    if power < -300:  # of subnormals every difference has few digits, the same ones here
        expected = {name: expected[name] for name in ("changed", "l2_a", "l2_b", "argmax", "cosine", "delta_l2")}
    agrees(record_of(x, y, [BLOCK + 3]), expected, place=False)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_offset_hides_no_difference(dtype):
    rng = np.random.default_rng(2)
    x = (1e6 + rng.normal(size=100_000)).astype(dtype)
    y = x.copy()
    y[::7] = np.nextafter(x[::7], np.inf)
    agrees(record_of(x, y, [12_345]), oracle(x, y))


def test_the_same_figures_every_time_and_wherever_a_pair_stands():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 3 * BLOCK + 5)).astype(np.float32)
    single = BY_NAME["float32"]
    padded = [np.concatenate([rng.normal(size=n).astype(np.float32), v, v]) for n, v in ((3, x), (10, y))]
    starts = [np.array([n, n + x.size]) for n in (3, 10)]
    many = fold_many(*padded, single, single, *starts, np.array([x.size, x.size])).records(np.full(2, x.size))
    assert many[0] == many[1] == record_of(x, y)


def test_every_float_of_16_bits_is_widened_as_it_should_be():
    codes = np.arange(1 << 16, dtype=np.uint16)
    for name in ("float16", "bfloat16"):
        dtype = BY_NAME[name]
        values = codes.view(dtype.array)
        zeros = np.zeros_like(values)
        with np.errstate(invalid="ignore"):
            expected = oracle(values.astype(np.float64), zeros.astype(np.float64))
        agrees(record_of(values, zeros), expected)


def test_orthogonal_tensors_and_opposite_ones():
    x, y = np.zeros((2, 100), np.float32)
    x[:50], y[50:] = 1, 1
    assert record_of(x, y)["cosine"] == 0
    assert record_of(x, -x)["cosine"] == pytest.approx(-1)
