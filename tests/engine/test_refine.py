"""A narrow view of a large tensor's values, counted again, against numpy's counts of the values themselves."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.engine.job import Cancel
from ckptgui.engine.refine import refine
from ckptgui.engine.summarise import summarise

SIZE = 100_000


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    return {
        "float32": rng.normal(0, 0.02, SIZE).astype(np.float32),
        "float64": rng.normal(0, 0.02, SIZE) * np.exp(rng.normal(size=SIZE) * 5),
        "int32": rng.integers(-(2**30), 2**30, SIZE).astype(np.int32),
        "int64": rng.integers(-(2**62), 2**62, SIZE),
        "uint64": rng.integers(0, 2**64 - 1, SIZE, np.uint64, endpoint=True),
        "complex64": (rng.normal(size=SIZE) + 1j * rng.normal(size=SIZE)).astype(np.complex64),
        "bfloat16": rng.normal(size=SIZE).astype(np.float32).view(np.uint16)[::2][: SIZE // 2],
    }


def real(array):
    return np.hypot(array.real.astype(float), array.imag) if array.dtype.kind == "c" else array.astype(float)


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("part", [(0.2, 0.8), (0.45, 0.55), (0.7, 0.701), (0.0, 0.1), (0.9, 1.0)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint64", "complex64"])
def test_a_view_of_a_thousand_bars_is_numpys(shelf, values, dtype, part, scale):
    tensor = shelf.put(values[dtype], dtype)
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    numbers = real(values[dtype])
    if scale == "log":
        numbers = numbers[numbers > 0]
    low, high = np.quantile(numbers, part).tolist()
    finer = refine(tensor.info, tensor.pool, whole, low, high, Cancel(), scale=scale)
    assert finer.total == whole.total == SIZE
    assert (np.diff(finer.lows) >= 0).all() and (finer.lows <= finer.highs).all()
    drawn = finer.histogram(1000, scale, low, high)
    expected, _ = np.histogram(numbers, drawn.edges)
    # A piece is half a bar at most; what straddles an edge is split by proportion.
    assert np.abs(np.cumsum(drawn.counts) - np.cumsum(expected)).max() <= 0.002 * expected.sum() + 12
    again = refine(tensor.info, tensor.pool, finer, low, high, Cancel(), scale=scale)
    assert again is finer


def test_a_very_narrow_view_shows_single_values(shelf):
    values = np.float32(1.0) + np.arange(100_000, dtype=np.float32) * np.float32(2.0**-23)
    tensor = shelf.put(values, "float32")
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    low, high = float(values[50_000]), float(values[50_100])
    finer = refine(tensor.info, tensor.pool, whole, low, high, Cancel())
    inside = (finer.lows >= low) & (finer.highs <= high)
    assert finer.lows[inside].tolist() == finer.highs[inside].tolist() == values[50_000:50_101].tolist()
    assert finer.counts[inside].tolist() == [1] * 101


def test_what_is_exact_already_is_not_read_again(shelf):
    tensor = shelf.put(np.arange(1000, dtype=np.float32), "float32")
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    tensor.pool.close()
    assert refine(tensor.info, tensor.pool, whole, 3.0, 3.5, Cancel()) is whole


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=st.tuples(st.floats(-5, 5), st.floats(-5, 5)), scale=st.sampled_from(["linear", "symlog"]))
def test_no_value_is_lost_whatever_the_view(shelf, ends, scale):
    values = (np.random.default_rng(0).normal(size=70_000)).astype(np.float32)
    values[::7] = 0.0
    values[5::70] = np.nan
    tensor = shelf.put(values, "float32")
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    low, high = sorted(ends)
    finer = refine(tensor.info, tensor.pool, whole, low, high, Cancel(), scale=scale)
    assert finer.total == whole.total == np.isfinite(values).sum()
    inside = ((values.astype(float) >= low) & (values.astype(float) <= high)).sum()
    if low < high:
        assert finer.histogram(500, scale, low, high).total == pytest.approx(inside, abs=0.003 * values.size)
