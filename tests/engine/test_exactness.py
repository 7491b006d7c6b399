"""Figures against exact fractions, for every dtype and way of reading, over values that make sums go wrong."""

import math
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.analysis.atoms import Atoms
from ckptgui.analysis.batch import batched, fold
from ckptgui.analysis.float_kernels import fold_atom
from ckptgui.analysis.profile import Profile
from ckptgui.core.dtypes import BY_NAME, Kind
from ckptgui.engine import plan
from ckptgui.engine import summarise as module
from ckptgui.engine.job import Cancel
from ckptgui.engine.summarise import summarise
from tests.engine.files import figures

FLOATS = [d for d in BY_NAME.values() if d.kind is Kind.FLOAT]
WHOLE = [d for d in BY_NAME.values() if d.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)]

rng = np.random.default_rng(7)
ADVERSARIAL = {
    "one": [3.25],
    "one zero": [-0.0],
    "both zeros": [0.0, -0.0, 0.0],
    "all nan": [np.nan] * 5,
    "all infinite": [np.inf, -np.inf, np.inf],
    "nan first, then numbers": [np.nan, 1.0, 2.0, -np.inf, np.inf, np.nan],
    "cancellation": [1e30, 1.0, -1e30, 2.0**-20],
    "cancellation to nothing": [1e8, -1e8, 0.1, -0.1],
    "ends of the range": [1.7e308, -1.7e308, 1e308, 3e38, -3e38, 1.0],
    "tiny": [5e-324, -1e-310, 3e-320, 1e-300, 1e-45, 3e-40],
    "huge and tiny": [1e300, 1e-300, -1e300, 3e-300, 1e38, 1e-38],
    "tiny alone": [1e-300, 3e-300, -2e-300],
    "offset and noise": (1e8 + rng.normal(0, 1e-4, 500)).tolist(),
    "offset and one step": [1e8] * 300 + [np.nextafter(1e8, 2e8)],
    "float32's offset and step": [16777215.0] * 300 + [16777214.0],
    "normal": rng.normal(0, 0.02, 5000).tolist(),
    "many magnitudes": (rng.normal(size=5000) * 10.0 ** rng.uniform(-30, 30, 5000)).tolist(),
    "wide magnitudes": (rng.normal(size=300) * 10.0 ** rng.uniform(-300, 300, 300)).tolist(),
}
INTEGERS = {
    "ends": [-(2**63), 2**63 - 1, 2**64 - 1, 2**31 - 1, -(2**31), 2**32 - 1, 0, 1],
    "offset and noise": [2**62 + step for step in (0, 1, 2, 5, 1)],
    "one": [7],
    "zeros": [0, 0],
    "any": rng.integers(-(2**63), 2**63 - 1, 5000).tolist(),
}


def root(square):
    """The square root of a fraction, correct to far more digits than float64 has."""
    if not square:
        return Fraction(0)
    up = max(0, 200 + square.denominator.bit_length() - square.numerator.bit_length()) // 2 * 2
    return Fraction(math.isqrt((square.numerator << 2 * up) // square.denominator), 1 << up)


def oracle(values):
    """mean, std, l1 and l2 as fractions, with the mean magnitude."""
    exact = [Fraction(value) for value in values]
    n, total, squares = len(exact), sum(exact), sum(value * value for value in exact)
    size = sum(map(abs, exact))
    variance = squares / n - (total / n) ** 2
    return {"mean": total / n, "std": root(variance), "l1": size, "l2": root(squares)}, size / n


def close(mine, exact, bound):
    largest = Fraction(np.finfo(np.float64).max)
    if mine is None:
        return abs(exact) > largest
    # What float64 can only hold as a subnormal is as near as it can be.
    return abs(Fraction(mine) - exact) <= max(bound, Fraction(5e-324))


def first(mask, shape):
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), shape)) if mask.any() else None


def check(summary, values):
    """Assert every figure; ``values`` are float64 or integers."""
    check_figures(summary.statistics, values)
    finite = np.isfinite(values).sum()
    assert summary.distribution.total == finite if finite else summary.distribution is None


def check_figures(got, values):
    finite = values[np.isfinite(values)]
    assert got.count == values.size
    assert got.zeros == (values == 0).sum()
    kinds = {"nan": np.isnan(values), "posinf": values == np.inf, "neginf": values == -np.inf}
    for name, mask in kinds.items():
        assert getattr(got, name) == mask.sum(), name
        assert getattr(got, f"first_{name}") == first(mask, values.shape), name
    if not finite.size:
        assert got.min is got.max is got.mean is got.std is got.argmin is got.argmax is None
        assert got.l1 == got.l2 == 0.0 and not got.constant
        return
    assert (got.min, got.max) == (finite.min(), finite.max())
    assert got.argmin == first(values == finite.min(), values.shape)
    assert got.argmax == first(values == finite.max(), values.shape)
    assert got.constant == (finite.size == values.size and finite.min() == finite.max())
    exact, mean_size = oracle(finite.tolist())
    assert close(got.mean, exact["mean"], Fraction(1, 10**12) * mean_size), "mean"
    for name in ("std", "l1", "l2"):
        assert close(getattr(got, name), exact[name], Fraction(1, 10**9) * exact[name]), name


@pytest.fixture(params=["sorted", "counted"])
def way(request, monkeypatch):
    """Few elements are sorted; with the limit at nothing they are read as many are."""
    if request.param == "counted":
        monkeypatch.setattr(module, "SMALL", 0)


@pytest.mark.parametrize("values", ADVERSARIAL.values(), ids=ADVERSARIAL)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floats_have_the_figures_of_exact_fractions(shelf, way, dtype, values):
    with np.errstate(all="ignore"):
        stored = np.array(values).astype(dtype.array)
        tensor = shelf.put(stored, dtype.name)
        check(summarise(tensor.info, tensor.pool, Cancel()), stored.astype(np.float64))


@pytest.mark.parametrize("values", INTEGERS.values(), ids=INTEGERS)
@pytest.mark.parametrize("dtype", WHOLE, ids=str)
def test_integers_have_the_figures_of_exact_fractions(shelf, way, dtype, values):
    stored = np.array([value % 2**64 for value in values], np.uint64)
    stored = stored.astype(bool) if dtype.kind is Kind.BOOL else stored.astype(dtype.array)
    tensor = shelf.put(stored, dtype.name)
    plain = stored.view(np.uint8) if dtype.kind is Kind.BOOL else stored
    check(summarise(tensor.info, tensor.pool, Cancel(), exact=True), plain)


def folded(stored, dtype):
    """The figures of the way that small tensors take among many others."""
    records, _ = fold(stored.view(np.uint8), dtype, np.zeros(1, np.int64), np.array([stored.size]))
    profile = Profile(1, lambda _: stored.shape)
    profile.put(np.zeros(1, np.int64), records)
    return profile.statistics(0)


@pytest.mark.parametrize("dtype", [d for d in FLOATS + WHOLE if batched(d)], ids=str)
def test_many_at_once_have_the_figures_of_exact_fractions(dtype):
    for values in (ADVERSARIAL if dtype.kind is Kind.FLOAT else INTEGERS).values():
        if dtype.kind is Kind.FLOAT:
            with np.errstate(all="ignore"):
                stored = np.array(values).astype(dtype.array)
                plain = stored.astype(np.float64)
        else:
            stored = np.array([value % 2**64 for value in values], np.uint64)
            stored = stored.astype(bool if dtype.kind is Kind.BOOL else dtype.array)
            plain = stored.view(np.uint8) if dtype.kind is Kind.BOOL else stored
        check_figures(folded(stored, dtype), plain)


@pytest.mark.parametrize(
    "name", ["normal", "ends of the range", "tiny", "wide magnitudes", "nan first, then numbers"]
)
@pytest.mark.parametrize("dtype", ["complex32", "complex64", "complex128"])
def test_complex_tensors_have_the_figures_of_their_moduli(shelf, way, dtype, name):
    part = {"complex32": np.float16, "complex64": np.float32, "complex128": np.float64}[dtype]
    with np.errstate(all="ignore"):
        real = np.array(ADVERSARIAL[name]).astype(part)
        parts = np.stack([real, real[::-1]], -1)
        raw = parts.reshape(-1).view({"complex32": "u4", "complex64": "u8", "complex128": "c16"}[dtype])
        tensor = shelf.put(raw, dtype)
        check(summarise(tensor.info, tensor.pool, Cancel()), np.hypot(*parts.astype(np.float64).T))


@pytest.mark.parametrize("payload", [0x7FC00000, 0x7F800001, 0xFFC12345, 0xFF800001, 0x7FFFFFFF])
def test_a_nan_of_any_payload_and_sign_is_one(shelf, way, payload):
    values = np.ones(100, np.float32)
    values.view(np.uint32)[[40, 77]] = payload
    for dtype, stored in (("float32", values), ("bfloat16", (values.view(np.uint32) >> 16).astype(np.uint16))):
        if dtype == "bfloat16" and not payload & 0x7F0000:
            continue
        tensor = shelf.put(stored, dtype)
        got = summarise(tensor.info, tensor.pool, Cancel()).statistics
        assert (got.nan, got.first_nan, got.mean, got.std, got.l1) == (2, (40,), 1.0, 0.0, 98.0)


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 7), (5, 40_000)])
def test_pairs_of_four_bits_have_the_figures_of_their_values(shelf, monkeypatch, shape):
    monkeypatch.setattr(plan, "CHUNK", 1000)
    elements = np.random.default_rng(1).integers(0, 16, math.prod(shape)).astype(np.uint8)
    padded = np.append(elements, np.uint8(7))[: (elements.size + 1) // 2 * 2]
    stored = padded[::2] | padded[1::2] << 4
    tensor = shelf.put(stored, "F4", shape=shape)
    with np.errstate(all="ignore"):
        real = elements.view(ml_dtypes.float4_e2m1fn).astype(np.float64).reshape(shape)
    check(summarise(tensor.info, tensor.pool, Cancel()), real)


def test_a_billion_that_cancel_leave_what_is_left():
    atoms = Atoms.empty()
    for values in ([1e17] * 4096, [-1e17] * 4096, [0.1] * 4096):
        fold_atom(np.array(values), atoms.digits)
    atoms.digits *= 100_000  # as if each had been folded so often
    n = 3 * 4096 * 100_000
    sums = atoms.finish(n)
    assert sums.n == n > 1e9
    assert sums.mean == pytest.approx(0.1 / 3, rel=1e-15)
    assert sums.std == pytest.approx(1e17 * math.sqrt(2 / 3), rel=1e-15)


@pytest.mark.parametrize("strides", [(250, 1), (1, 300), (0, 1), (250, 0), (0, 0)])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_quantised_tensors_have_the_figures_of_their_real_values(shelf, way, axis, strides):
    shape = (300, 250)
    source = np.random.default_rng(2)
    storage = source.integers(-128, 128, 75_000).astype(np.int8)
    size = 1 if axis is None else shape[axis]
    scales, zeros = source.random(size) + 0.1, source.integers(-5, 5, size)
    rule = {"axis": axis, "scales": scales.tolist(), "zero_points": zeros.tolist()}
    tensor = shelf.put(storage, "qint8", shape=shape, strides=strides, extra={"quantization": rule})
    broad = [-1 if axis == d else 1 for d in range(2)]
    real = (tensor.values - zeros.reshape(broad).astype(float)) * scales.reshape(broad)
    got, summary = figures(real)[0], summarise(tensor.info, tensor.pool, Cancel())
    for name, value in got.items():
        if name in ("mean", "std", "l2"):
            assert getattr(summary.statistics, name) == pytest.approx(value, rel=1e-9, abs=1e-12), name
        else:
            assert getattr(summary.statistics, name) == value, name
    assert summary.distribution.total == real.size


LAYOUTS = [
    ((7, 900), (900, 1), 0),
    ((900, 7), (1, 900), 0),
    ((30, 5, 40), (1, 1200, 30), 3),
    ((50, 3, 60), (60, 0, 1), 1),
    ((40, 60), (70, 1), 5),
    ((40, 60), (1, 1), 5),
    ((5000,), (1,), 2),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_answer_is_the_same_bit_for_bit_whatever_the_chunks_and_threads(shelf, data):
    dtype = BY_NAME[
        data.draw(st.sampled_from(["float32", "float64", "bfloat16", "float16", "int64", "complex64"]))
    ]
    shape, strides, offset = data.draw(st.sampled_from(LAYOUTS))
    source = np.random.default_rng(data.draw(st.integers(0, 99)))
    with np.errstate(all="ignore"):
        storage = (source.normal(size=7000) * 10.0 ** source.uniform(-3, 3, 7000)).astype(dtype.array)
    if dtype.kind is Kind.FLOAT:
        storage[source.integers(0, 7000, 40)] = source.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], 40)
    tensor = shelf.put(storage, dtype.name, shape=shape, strides=strides, offset=offset)
    answers = []
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as threads:
        patch.setattr(module, "SMALL", data.draw(st.sampled_from([0, 65_536])))
        patch.setattr(module, "INLINE", 0)
        for chunk in (1 << 22, *data.draw(st.lists(st.integers(100, 1 << 15), min_size=2, max_size=3))):
            patch.setattr(plan, "CHUNK", chunk)
            executor = data.draw(st.sampled_from([None, threads]))
            patch.setattr(module, "chunk_executor", lambda executor=executor: executor)
            answers.append(summarise(tensor.info, tensor.pool, Cancel()))
    whole = answers[0]
    for answer in answers[1:]:
        assert answer.statistics == whole.statistics
        assert answer.distribution.lows.tobytes() == whole.distribution.lows.tobytes()
        assert answer.distribution.counts.tolist() == whole.distribution.counts.tolist()
    if dtype.kind is not Kind.COMPLEX:
        with np.errstate(all="ignore"):
            plain = tensor.values if dtype.kind is Kind.SIGNED else tensor.values.astype(np.float64)
            check(whole, plain)
