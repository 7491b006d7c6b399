"""Figures and distributions against numpy, over every dtype, layout and way of cutting the work."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.analysis.distribution import QUANTILES
from ckptgui.core.dtypes import BY_NAME, Kind
from ckptgui.core.extents import Codec, Extent, Segment
from ckptgui.engine import plan
from ckptgui.engine import summarise as module
from ckptgui.engine.job import Cancel
from ckptgui.engine.summarise import summarise
from ckptgui.errors import Cancelled, ChangedOnDiskError, DamagedFileError
from ckptgui.sources.local import identify
from tests.engine.files import figures

REAL = [d for d in BY_NAME.values() if d.kind in (Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)]
COMPLEX = [d for d in BY_NAME.values() if d.kind is Kind.COMPLEX]
PACKED = [d for d in BY_NAME.values() if d.kind is Kind.PACKED and d.name != "F4"]


def agrees(summary, values):
    """Assert that every figure is numpy's."""
    with np.errstate(all="ignore"):
        expected, finite = figures(values)
    got = summary.statistics
    spread = max(expected.get("std", 0.0), 1e-300)
    for name, value in expected.items():
        mine = getattr(got, name)
        if name in ("mean", "std", "l2"):
            scale = max(abs(finite).max(), 1e-300)
            assert mine == pytest.approx(value, rel=1e-9, abs=1e-12 * min(scale, spread * 1e3)), name
        else:
            assert mine == value and type(mine) is type(value), name
    if not finite.size:
        assert got.min is got.max is got.mean is got.std is got.argmin is None
    return finite


def brackets(summary, finite):
    """Assert that each quantile is within 2**-7 of the order statistics on either side."""
    finite = np.sort(finite)
    for q, value in summary.quantiles.items():
        rank = q * (finite.size - 1)
        low, high = finite[math.floor(rank)], finite[min(finite.size - 1, math.floor(rank) + 1)]
        slack = 0.0 if summary.distribution.exact else 2.0**-7
        assert low - slack * abs(low) - 1e-12 * abs(low) <= value <= high + slack * abs(high) + 1e-12 * abs(high)
        if summary.distribution.exact:
            assert value == pytest.approx(np.quantile(finite, q), rel=1e-12, abs=0)


def sample(dtype, shape, seed=0, wild=False):
    rng = np.random.default_rng(seed)
    if wild:
        size = math.prod(shape) * dtype.itemsize
        raw = rng.integers(0, 256, size, np.uint8)
        if dtype.kind is Kind.BOOL:
            raw &= 1
        return raw.view(dtype.array).reshape(shape)
    if dtype.kind is Kind.BOOL:
        return rng.random(shape) < 0.3
    if dtype.kind is Kind.FLOAT:
        values = np.exp2(rng.integers(-6, 7, shape)) if dtype.name == "float8_e8m0fnu" else rng.normal(size=shape)
        return values.astype(dtype.array)
    bits = min(dtype.bits - 2, 40)
    low = 0 if dtype.kind is Kind.UNSIGNED else -(2**bits)
    return rng.integers(low, 2**bits, shape).astype(dtype.array)


@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("shape", [(), (7, 5), (300, 401)])
@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_every_real_dtype_has_numpys_figures(shelf, dtype, shape, wild):
    values = sample(dtype, shape, wild=wild)
    tensor = shelf.put(values, dtype.name)
    summary = summarise(tensor.info, tensor.pool, Cancel())
    huge = wild and dtype.name == "float64"
    if huge:
        finite = values[np.isfinite(values)].astype(np.longdouble)
        assert summary.statistics.std == pytest.approx(float(finite.std()), rel=1e-9)
        assert summary.statistics.min == finite.min() and summary.statistics.max == finite.max()
        finite = finite.astype(float)
    else:
        finite = agrees(summary, values)
    brackets(summary, finite)
    assert (summary.distribution is None) == (not finite.size)
    if dtype.bits <= 16 or math.prod(shape) <= 65_536:
        assert summary.distribution is None or summary.distribution.exact


@pytest.mark.parametrize("shape", [(3, 4), (300, 301)])
@pytest.mark.parametrize("dtype", COMPLEX, ids=str)
def test_complex_tensors_count_by_their_modulus(shelf, dtype, shape):
    rng = np.random.default_rng(1)
    part = {32: np.float16, 64: np.float32, 128: np.float64}[dtype.bits]
    parts = rng.normal(size=(*shape, 2)).astype(part)
    raw = parts.reshape(-1).view(np.uint8).view({32: "u4", 64: "u8", 128: "c16"}[dtype.bits]).reshape(shape)
    tensor = shelf.put(raw, dtype.name, conj=True)
    modulus = np.hypot(parts[..., 0].astype(float), parts[..., 1].astype(float))
    summary = summarise(tensor.info, tensor.pool, Cancel())
    brackets(summary, agrees(summary, modulus))


def test_what_has_no_values_of_its_own_has_a_count_and_no_figures(shelf):
    tensor = shelf.put(np.zeros((3, 4), np.float32), "float32")
    nowhere = replace(tensor.info, extent=None, storage=-1, device="meta")
    found = summarise(nowhere, tensor.pool, Cancel())
    assert (found.statistics.count, found.statistics.mean, found.distribution) == (12, None, None)


@pytest.mark.parametrize("dtype", PACKED, ids=str)
def test_packed_types_have_a_count_and_no_figures(shelf, dtype):
    tensor = shelf.put(np.arange(64, dtype=np.uint8), dtype.name, shape=(16,))
    summary = summarise(tensor.info, tensor.pool, Cancel())
    assert summary.distribution is None
    assert summary.statistics.count == 16 and summary.statistics.min is None and summary.statistics.zeros is None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64", "complex64"])
def test_an_empty_tensor_has_no_figures(shelf, dtype):
    tensor = shelf.put(np.empty((0, 3), BY_NAME[dtype].array), dtype)
    summary = summarise(tensor.info, tensor.pool, Cancel())
    assert summary.statistics.count == 0 and summary.statistics.zeros is None and summary.distribution is None


@pytest.mark.parametrize("size", [100, 70_000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize(
    "special", [[np.nan], [np.inf, -np.inf], [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0], [-0.0, 0.0], [-3.5]]
)
def test_special_values_are_counted_and_left_out(shelf, dtype, size, special):
    values = np.resize(np.array(special, np.float64), size).astype(BY_NAME[dtype].array)
    tensor = shelf.put(values, dtype)
    summary = summarise(tensor.info, tensor.pool, Cancel())
    finite = agrees(summary, values)
    if finite.size:
        assert math.copysign(1, summary.statistics.max) == (1 if finite.max() >= 0 else -1)
        assert summary.distribution.histogram(32).total == finite.size


@pytest.mark.parametrize("size", [1000, 70_000])
@pytest.mark.parametrize("values", [[5e-324, -1e-310, 3e-320], [1.7e308, -1.7e308, 1e308], [1e-200, 3e-200]])
def test_float64_at_the_ends_of_its_range(shelf, size, values):
    array = np.resize(np.array(values), size)
    tensor = shelf.put(array, "float64")
    got = summarise(tensor.info, tensor.pool, Cancel())
    big = array.astype(np.longdouble)
    assert got.statistics.mean == pytest.approx(float(big.mean()), rel=1e-9, abs=5e-324)
    assert got.statistics.std == pytest.approx(float(big.std()), rel=1e-9, abs=5e-324)
    norm = np.sqrt((big**2).sum())
    assert got.statistics.l2 == (pytest.approx(float(norm), rel=1e-9) if norm < 1.7976e308 else None)
    assert got.distribution.histogram(64).total == pytest.approx(size)
    assert got.distribution.histogram(64, "symlog").total == pytest.approx(size)
    assert len(got.distribution.sparkline()) == 32
    brackets(got, array)


def test_denormal_float32_quantiles_keep_their_bound(shelf):
    values = (np.random.default_rng(0).integers(-5000, 5000, 100_000) * np.float32(1.4e-45)).astype(np.float32)
    tensor = shelf.put(values, "float32")
    summary = summarise(tensor.info, tensor.pool, Cancel())
    brackets(summary, values.astype(float))
    agrees(summary, values)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32", "uint32"])
def test_the_ends_of_integer_ranges_are_exact(shelf, dtype):
    ends = np.iinfo(dtype)
    for size in (10, 70_000):
        values = np.resize(np.array([ends.max - 1, ends.max, ends.min + 1, ends.min, 7], dtype), size)
        tensor = shelf.put(values, dtype)
        got = summarise(tensor.info, tensor.pool, Cancel(), exact=True)
        assert (got.statistics.min, got.statistics.max) == (ends.min, ends.max)
        assert (got.statistics.argmin, got.statistics.argmax) == ((3,), (1,))
        assert got.distribution.exact and got.distribution.total == size


def test_a_large_offset_does_not_drown_the_deviation(shelf):
    values = (1e6 + np.random.default_rng(0).normal(size=200_000)).astype(np.float32)
    tensor = shelf.put(values, "float32")
    agrees(summarise(tensor.info, tensor.pool, Cancel()), values)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint64", "complex64"])
def test_exact_quantiles_are_numpys(shelf, dtype):
    rng = np.random.default_rng(3)
    values = rng.normal(size=100_003) * 1e6
    values = (np.abs(values) if dtype == "uint64" else values).astype(dtype)
    tensor = shelf.put(values, dtype)
    summary = summarise(tensor.info, tensor.pool, Cancel(), exact=True)
    assert summary.distribution.exact
    finite = np.hypot(values.real.astype(float), values.imag) if dtype == "complex64" else values.astype(float)
    expected = np.quantile(finite, QUANTILES).tolist()
    assert summary.distribution.quantiles(QUANTILES) == pytest.approx(expected, rel=1e-12)


def test_a_norm_weight_near_one_has_a_fine_picture(shelf):
    values = (1 + 0.01 * np.random.default_rng(0).normal(size=300_000)).astype(np.float32)
    tensor = shelf.put(values, "float32")
    spread = summarise(tensor.info, tensor.pool, Cancel()).distribution
    drawn = spread.histogram(64)
    expected, _ = np.histogram(values.astype(float), drawn.edges)
    assert np.abs(drawn.counts - expected).max() < 0.01 * expected.max()


def test_a_normal_distribution_is_drawn_within_two_percent(shelf):
    values = np.random.default_rng(0).normal(size=2_000_000).astype(np.float32)
    tensor = shelf.put(values, "float32")
    drawn = summarise(tensor.info, tensor.pool, Cancel()).distribution.histogram(256)
    expected, _ = np.histogram(values.astype(float), drawn.edges)
    assert np.abs(drawn.counts - expected).max() < 0.02 * expected.max()
    assert drawn.total == pytest.approx(values.size)


LAYOUTS = {
    "transposed": ((400, 300), (1, 400), 0),
    "permuted": ((20, 30, 200), (200, 4000, 1), 0),
    "strided": ((300, 200), (400, 2), 3),
    "column": ((300,), (400,), 7),
    "expanded": ((50, 300, 7), (0, 400, 0), 1),
    "all one": ((1000, 1000), (0, 0), 5),
    "overlapping": ((1000, 80), (1, 1), 2),
    "diagonal": ((300,), (401,), 0),
    "one element": ((1, 1, 1), (7, 3, 1), 9),
}


@pytest.mark.parametrize("codec", ["stored", "deflate", "inline"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_has_the_figures_of_its_values(shelf, layout, dtype, codec):
    shape, strides, offset = LAYOUTS[layout]
    rng = np.random.default_rng(5)
    # Few distinct values, so that the first of equal extremes is put to the test.
    storage = rng.integers(-3, 4, 121_000).astype(BY_NAME[dtype].array)
    tensor = shelf.put(storage, dtype, shape=shape, strides=strides, offset=offset, codec=codec, pieces=3)
    summary = summarise(tensor.info, tensor.pool, Cancel())
    brackets(summary, agrees(summary, tensor.values))


def test_a_trillion_elements_of_four_bytes_take_no_time(shelf):
    tensor = shelf.put(np.float32([2.5]), "float32", shape=(10**6, 10**6), strides=(0, 0))
    began = time.monotonic()
    got = summarise(tensor.info, tensor.pool, Cancel())
    assert time.monotonic() - began < 0.2
    assert got.statistics.count == 10**12 and got.statistics.l2 == 2.5e6 and got.statistics.std == 0
    assert got.distribution.total == 10**12 and got.distribution.quantiles([0.1, 1.0]) == [2.5, 2.5]


def test_big_endian_and_negated_tensors(shelf):
    values = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    tensor = shelf.put(values, "float32", byteorder="big", neg=True)
    agrees(summarise(tensor.info, tensor.pool, Cancel()), -values)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_answer_does_not_depend_on_chunks_or_threads(shelf, data):
    dtype = data.draw(st.sampled_from(["float32", "float64", "bfloat16", "int32", "uint8"]))
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    strides = tuple(data.draw(st.integers(0, 12)) for _ in shape)
    offset = data.draw(st.integers(0, 5))
    storage = np.random.default_rng(data.draw(st.integers(0, 9))).integers(0, 50, 500).astype(BY_NAME[dtype].array)
    tensor = shelf.put(storage, dtype, shape=shape, strides=strides, offset=offset)
    chunk = data.draw(st.sampled_from([8, 24, 100, 1 << 20]))
    small = data.draw(st.sampled_from([0, 65_536]))
    answers = []
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as threads:
        patch.setattr(plan, "CHUNK", chunk)
        patch.setattr(module, "SMALL", small)
        patch.setattr(module, "INLINE", 0)
        for executor in (None, threads):
            patch.setattr(module, "chunk_executor", lambda executor=executor: executor)
            answers.append(summarise(tensor.info, tensor.pool, Cancel()))
    assert answers[0].statistics == answers[1].statistics
    assert np.array_equal(answers[0].distribution.counts, answers[1].distribution.counts)
    for answer in answers:
        brackets(answer, agrees(answer, tensor.values))


def test_the_answer_for_a_large_tensor_is_the_same_on_any_number_of_threads(shelf, monkeypatch):
    values = np.random.default_rng(0).normal(size=3_000_001).astype(np.float32)
    tensor = shelf.put(values, "float32")
    many = summarise(tensor.info, tensor.pool, Cancel())
    monkeypatch.setattr(module, "chunk_executor", lambda: None)
    one = summarise(tensor.info, tensor.pool, Cancel())
    assert one.statistics == many.statistics
    agrees(one, values)


def test_progress_rises_to_the_total(shelf):
    tensor = shelf.put(np.random.default_rng(0).normal(size=5_000_000).astype(np.float32), "float32")
    heard = []
    summarise(tensor.info, tensor.pool, Cancel(), heard.append)
    done = [progress.done for progress in heard]
    assert done == sorted(done) and len(set(done)) == len(done) > 2
    assert heard[-1].done == heard[-1].total == 20_000_000


def test_a_cancel_is_felt_at_once(shelf):
    tensor = shelf.put(np.ones(32 << 20, np.float32), "float32")
    summarise(tensor.info, tensor.pool, Cancel())
    cancel, asked = Cancel(), []

    def stop(_):
        if not asked:
            asked.append(time.monotonic())
            cancel.cancel()

    with pytest.raises(Cancelled):
        summarise(tensor.info, tensor.pool, cancel, stop)
    assert time.monotonic() - asked[0] < 0.2


def test_a_file_cut_after_opening_has_changed(shelf):
    tensor = shelf.put(np.ones(1 << 20, np.float32), "float32")
    summarise(tensor.info, tensor.pool, Cancel())
    path = tensor.info.extent.segments[0].source.path
    with open(path, "r+b") as file:
        file.truncate(1000)
    with pytest.raises((ChangedOnDiskError, DamagedFileError)):
        summarise(tensor.info, tensor.pool, Cancel())


@pytest.mark.parametrize("damage", ["bytes", "end"])
def test_damaged_deflate_is_a_sentence(shelf, damage):
    values = np.random.default_rng(0).integers(0, 9, 200_000).astype(np.float32)
    tensor = shelf.put(values, "float32", codec="deflate")
    segment = tensor.info.extent.segments[0]
    if damage == "bytes":
        with open(segment.source.path, "r+b") as file:
            file.seek(segment.offset)
            file.write(b"\xff" * 64)
    length = segment.length - (1000 if damage == "end" else 0)
    again = Segment(identify(segment.source.path), segment.offset, length)
    info = replace(tensor.info, extent=Extent(tensor.info.extent.nbytes, (again,), Codec.DEFLATE))
    with pytest.raises(DamagedFileError, match="compressed bytes"):
        summarise(info, tensor.pool, Cancel())


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_quantised_tensors_count_by_their_real_values(shelf, axis):
    rng = np.random.default_rng(0)
    stored = rng.integers(-128, 128, (300, 250)).astype(np.int8)
    size = 1 if axis is None else stored.shape[axis]
    scales, zeros = rng.random(size) + 0.1, rng.integers(-5, 5, size)
    names = ("scale", "zero_point") if axis is None else ("scales", "zero_points")
    rule = {"axis": axis, names[0]: scales.tolist(), names[1]: zeros.tolist()}
    if axis is None:
        rule = {"scale": float(scales[0]), "zero_point": int(zeros[0])}
    tensor = shelf.put(stored, "qint8", extra={"quantization": rule})
    broad = [-1 if axis == d else 1 for d in range(2)]
    real = (stored - zeros.reshape(broad)) * scales.reshape(broad)
    summary = summarise(tensor.info, tensor.pool, Cancel())
    brackets(summary, agrees(summary, real))
