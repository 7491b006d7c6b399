"""Bars of a large tensor counted exactly, against numpy's counts of the values themselves."""

import numpy as np
import pytest

from ckptgui.analysis.exact_bars import parted
from ckptgui.engine.job import Cancel
from ckptgui.engine.refine import refine_bars
from ckptgui.engine.summarise import summarise

SIZE = 80_000


def made(dtype):
    rng = np.random.default_rng(5)
    if dtype == "float32":
        return np.concatenate([rng.normal(0, 0.02, SIZE), [0.0, -0.0, 0.5, -0.25]]).astype(dtype)
    if dtype == "float64":
        return rng.normal(size=SIZE) * np.exp(rng.normal(size=SIZE) * 30)
    if dtype == "complex64":
        return (rng.normal(size=SIZE) + 1j * rng.normal(size=SIZE)).astype(dtype)
    low, high = {"int32": (-(2**30), 2**30), "int64": (-(2**52), 2**52), "uint64": (0, 2**53)}[dtype]
    return rng.integers(low, high, SIZE).astype(dtype)


def real(values):
    return np.hypot(values.real.astype(float), values.imag) if values.dtype.kind == "c" else values.astype(float)


@pytest.mark.parametrize("scale", ["linear", "symlog"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint64", "complex64"])
def test_bars_are_numpys_to_the_value(shelf, dtype, scale):
    values = made(dtype)
    tensor = shelf.put(values, dtype)
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    for part in ((0.0, 1.0), (0.1, 0.9), (0.6, 0.601)):
        low, high = np.quantile(real(values), part).tolist()
        edges = whole.histogram(97, scale, low, high).edges
        exact = refine_bars(tensor.info, tensor.pool, whole, edges, Cancel())
        assert not parted(exact, edges).any() and exact.total == whole.total
        assert exact.counts_between(edges).tolist() == np.histogram(real(values), edges)[0].tolist()


def test_edges_that_are_values_part_nothing_that_is_exact(shelf):
    values = np.arange(1000, dtype=np.float32)
    tensor = shelf.put(values, "float32")
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    tensor.pool.close()
    edges = np.linspace(0.0, 999.0, 12)
    assert not parted(whole, edges).any()
    assert refine_bars(tensor.info, tensor.pool, whole, edges, Cancel()) is whole


def test_a_repeated_tensor_counts_each_element(shelf):
    values = np.random.default_rng(1).normal(size=70_000).astype(np.float32)
    tensor = shelf.put(values, "float32", shape=(3, 70_000), strides=(0, 1))
    whole = summarise(tensor.info, tensor.pool, Cancel()).distribution
    edges = np.linspace(-1.0, 1.0, 41)
    exact = refine_bars(tensor.info, tensor.pool, whole, edges, Cancel())
    assert exact.counts_between(edges).tolist() == (3 * np.histogram(values.astype(float), edges)[0]).tolist()
