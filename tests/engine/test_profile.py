"""The pass over a whole file: the same records as tensor by tensor, errors in place, one generation, no waste."""

import os
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.analysis.profile import FIGURES, NO_FIGURES, RECORD, record_of
from ckptgui.analysis.spread import PLACES, Spread
from ckptgui.core.dtypes import BY_NAME, Kind
from ckptgui.engine import batches, plan
from ckptgui.engine.gate import Gate, Urgency
from ckptgui.engine.job import Cancel
from ckptgui.engine.profile import profile
from ckptgui.engine.summarise import summarise
from ckptgui.errors import Cancelled, ChangedOnDiskError
from ckptgui.sources.local import LocalSource
from ckptgui.sources.locate import SourcePool
from tests.engine.tables import lay_out
from tests.engine.test_summarise import sample

REAL = [d for d in BY_NAME.values() if d.kind in (Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)]


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


def read(checkpoint, pool, rows=None, cancel=None):
    """Records, spreads, errors and summaries by row."""
    records, spreads, errors, summaries = {}, {}, {}, {}

    def take(found):
        for row, record, spread in zip(found.rows.tolist(), found.records, found.spreads, strict=True):
            assert row not in records
            records[row], spreads[row] = record, spread
        errors.update(found.errors)
        summaries.update(found.summaries)

    rows = range(len(checkpoint.tensors)) if rows is None else rows
    profile(checkpoint, rows, pool, take, cancel or Cancel())
    return records, spreads, errors, summaries


def same_record(mine, theirs, finite):
    """Assert that two records tell the same."""
    size = np.abs(finite).mean() if len(finite) else 0.0
    for name in RECORD.names:
        if name == "mean":
            assert mine[name] == pytest.approx(theirs[name], rel=1e-12, abs=2e-12 * size, nan_ok=True)
        elif name == "std":  # what rounding the mean leaves over
            assert mine[name] == pytest.approx(theirs[name], rel=1e-9, abs=1e-15 * size, nan_ok=True)
        elif name in ("l1", "l2"):
            assert mine[name] == pytest.approx(theirs[name], rel=1e-9, nan_ok=True), name
        else:
            np.testing.assert_array_equal(mine[name], theirs[name], err_msg=name)


def same_spread(mine, theirs):
    """Assert that two distributions are one."""
    assert (mine is None) == (theirs is None)
    if mine is not None:
        np.testing.assert_array_equal(mine.places, theirs.places)
        np.testing.assert_array_equal(mine.counts, theirs.counts)
        assert (mine.low, mine.high) == (theirs.low, theirs.high)


def finite_of(values):
    with np.errstate(all="ignore"):
        real = (values.view(np.uint8) if values.dtype == bool else values).astype(np.float64)
    return real[np.isfinite(real)]


def as_one_by_one(checkpoint, pool, arrays):
    """Assert that the pass says of every tensor what reading it alone says."""
    records, spreads, errors, _ = read(checkpoint, pool)
    assert not errors and sorted(records) == list(range(len(checkpoint.tensors)))
    for row, values in enumerate(arrays):
        info = checkpoint.info(row)
        summary = summarise(info, pool, Cancel())
        with np.errstate(all="ignore"):
            same_record(records[row], record_of(summary, info.shape), finite_of(values) / 2)
            same_spread(spreads[row], Spread.of(summary.distribution))


ODD = [
    [np.nan],
    [np.inf, -np.inf, 1.0],
    [-0.0, 0.0],
    [0.0, -0.0],
    [-3.5],
    [1e-300, -1e300, 1e300],
    [5e-324, -5e-324, 0.0],
    [np.nan, 1.0, np.nan, -np.inf, 2.0, np.inf, -1.0],
    [1.0, 1.0 + 2**-23, 1.0 - 2**-24],
    [1e-40, 3e-41, -1e-45, 0.0],
    [2.0**-19, -(2.0**-19), 2.0**-20, 2.0**-25, 2.0**-26],
    [1e8, 1.0, -1e8],
    [3.4e38, -3.4e38, 65504.0],
    [1e308, 1.7e308, -1.7e308],
]


@pytest.mark.parametrize("dtype", REAL, ids=str)
def test_small_tensors_of_every_dtype_come_out_as_one_by_one(tmp_path, pool, dtype):
    rng = np.random.default_rng(0)
    arrays = [sample(dtype, (n,), seed=n, wild=w) for n in (1, 2, 24, 25, 100, 1031) for w in (False, True)]
    arrays += [sample(dtype, shape, wild=True) for shape in ((), (3, 7), (1, 5, 2), (65_536,))]
    arrays.append(np.zeros((4, 0), dtype.array))
    with np.errstate(all="ignore"):
        if dtype.kind is Kind.FLOAT:
            arrays += [np.resize(np.array(odd), n).astype(dtype.array) for odd in ODD for n in (len(odd), 50)]
        elif dtype.kind is not Kind.BOOL:
            ends = np.iinfo(dtype.array)
            arrays += [np.array([ends.max, ends.min, 0, 1, ends.max, ends.max - 1], dtype.array)]
            arrays += [np.full(40, ends.max, dtype.array), rng.integers(0, 3, 300).astype(dtype.array)]
    as_one_by_one(lay_out(tmp_path / "x", [(dtype.name, a) for a in arrays], gaps=(8, 0, 64)), pool, arrays)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_mixture_laid_out_anyhow_comes_out_as_one_by_one(tmp_path, pool, data):
    def array():
        dtype = data.draw(st.sampled_from(REAL))
        raw = data.draw(st.binary(min_size=1, max_size=40 * dtype.itemsize))
        raw += b"\0" * (-len(raw) % dtype.itemsize)
        if dtype.kind is Kind.BOOL:
            raw = bytes(byte & 1 for byte in raw)
        return dtype.name, np.frombuffer(raw, dtype.array)

    tensors = [array() for _ in range(data.draw(st.integers(1, 6)))]
    gaps = data.draw(st.lists(st.sampled_from([0, 1, 3, 8, 64, 5000]), min_size=1, max_size=4))
    as_one_by_one(lay_out(tmp_path / "x", tensors, gaps=gaps), pool, [values for _, values in tensors])


def test_every_kind_of_tensor_has_its_place_in_the_pass(tmp_path, pool):
    rng = np.random.default_rng(1)
    large = rng.normal(size=300_000).astype(np.float32)
    tensors = [("float32", large), ("float32", large[:50]), ("complex64", large[:80].view(np.complex64))]
    more = [
        ("float32", (500, 600), 0, {"strides": (1, 500)}),
        ("float32", (7, 50), 1, {"strides": (0, 1)}),
        ("float32", (3, 4), -1, {"device": "meta"}),
        ("float4_e2m1fn_x2", (40,), 1, {}),
        ("float32", (5,), 1, {"neg": True, "storage_offset": 3}),
        ("qint8", (20,), 1, {"extra": {"quantization": {"scale": 0.5, "zero_point": 3}}}),
    ]
    checkpoint = lay_out(tmp_path / "x", tensors, more=more)
    records, spreads, errors, summaries = read(checkpoint, pool)
    assert not errors and set(summaries) == {0, 3}
    for info in checkpoint.tensors:
        alone = summarise(info, pool, Cancel())
        same_record(records[info.index], record_of(alone, info.shape), np.ones(1))
        same_spread(spreads[info.index], Spread.of(alone.distribution))
    assert [records[row]["known"] for row in (3, 4, 5, 6)] == [FIGURES, FIGURES, NO_FIGURES, NO_FIGURES]


def test_tied_tensors_are_read_once(tmp_path, pool, monkeypatch):
    values = np.random.default_rng(2).normal(size=100_000).astype(np.float32)
    more = [("float32", (100_000,), 0, {}), ("float32", (10, 10_000), 0, {}), ("float32", (10, 10_000), 0, {})]
    checkpoint = lay_out(tmp_path / "x", [("float32", values), ("float32", values[:9])], more=[*more, more[0]])
    asked = []
    plain = LocalSource.read_into

    def counted(self, offset, buffer):
        asked.append(len(buffer))
        return plain(self, offset, buffer)

    monkeypatch.setattr(LocalSource, "read_into", counted)
    records, _, _, summaries = read(checkpoint, pool, rows=[5, 4, 1, 0, 2, 3])
    assert sum(asked) == 2 * values.nbytes + 36
    assert (
        len({records[row].tobytes() for row in (0, 2, 5)}) == len({records[row].tobytes() for row in (3, 4)}) == 1
    )
    assert records[3]["l2"] == records[0]["l2"] and set(summaries) == {0, 2, 3, 4, 5}


def test_equal_values_have_equal_digests_and_others_do_not(tmp_path, pool):
    values = np.arange(600_000, dtype=np.float32)
    other = values.copy()
    other[-1] = np.nextafter(other[-1], 0)
    few = values[:100].copy()
    tensors = [(d, a) for d, a in [("float32", values)] * 2 + [("float32", other)] + [("float32", few)] * 2]
    tensors += [("float32", few.reshape(10, 10)), ("int32", few.view(np.int32)), ("float32", -few * 0.0)]
    tensors += [("float32", few * 0.0)]
    more = [("float32", (10, 10), 3, {"strides": (1, 10)}), ("float32", (2, 100), 3, {"strides": (0, 1)})]
    records, *_ = read(lay_out(tmp_path / "x", tensors, more=more), pool)
    digests = [records[row]["digest"].tobytes() for row in range(len(records))]
    assert digests[0] == digests[1] and digests[3] == digests[4]
    assert len(set(digests)) == len(digests) - 2 and bytes(16) not in digests


@pytest.mark.parametrize("chunk", [1 << 12, 77_777, 1 << 21, 1 << 30])
def test_digests_do_not_depend_on_the_cutting(tmp_path, pool, monkeypatch, chunk):
    values = np.random.default_rng(3).integers(0, 255, (3, 1_100_000), np.uint8)
    checkpoint = lay_out(
        tmp_path / "x", [("uint8", values)], more=[("uint8", (1_100_000, 3), 0, {"strides": (1, 1_100_000)})]
    )
    expected, *_ = read(checkpoint, pool)
    monkeypatch.setattr(plan, "CHUNK", chunk)
    found, *_ = read(checkpoint, pool)
    assert [found[row]["digest"].tobytes() for row in (0, 1)] == [
        expected[row]["digest"].tobytes() for row in (0, 1)
    ]


def test_what_cannot_be_read_is_an_error_among_the_others(tmp_path, pool):
    values = np.ones(50, np.float32)
    checkpoint = lay_out(
        tmp_path / "x", [("float32", values)] * 40, more=[("float32", (3,), -1, {"error": "Gone."})]
    )
    table = checkpoint.tensors
    offset = table.extents.offset.copy()
    offset[7] = 10**12
    offset[9] = checkpoint.nbytes - 100
    checkpoint = replace(checkpoint, tensors=replace(table, extents=replace(table.extents, offset=offset)))
    records, _, errors, _ = read(checkpoint, pool)
    assert sorted(records) == [row for row in range(40) if row not in (7, 9)]
    assert set(errors) == {7, 9, 40} and errors[40] == "Gone." and "ends at byte" in errors[9]


def test_a_file_that_changes_under_the_pass_ends_it(tmp_path, pool, monkeypatch):
    path = tmp_path / "x"
    checkpoint = lay_out(path, [("float32", np.full(60_000, number, np.float32)) for number in range(200)])
    plain, reads = LocalSource._read, []

    def rewriting(self, offset, buffer):
        reads.append(offset)
        if len(reads) == 5:
            with path.open("r+b") as file:
                file.write(np.full(60_000 * 200, -1.0, np.float32).tobytes())
            os.utime(path, ns=(1, 1))
        return plain(self, offset, buffer)

    monkeypatch.setattr(LocalSource, "_read", rewriting)
    seen = []
    with pytest.raises(ChangedOnDiskError):
        profile(checkpoint, range(200), pool, lambda found: seen.extend(found.records["mean"]), Cancel())
    assert -1.0 not in seen and len(seen) < 200


def test_a_view_of_few_bytes_that_claims_terabytes_takes_no_time(tmp_path, pool):
    size = {"strides": (0, 0, 1)}
    checkpoint = lay_out(
        tmp_path / "x",
        [("float32", np.arange(8, dtype=np.float32))],
        more=[("float32", (1 << 20, 1 << 20, 8), 0, size)],
    )
    began = time.monotonic()
    records, *_ = read(checkpoint, pool)
    assert time.monotonic() - began < 5
    assert records[1]["zeros"] == 1 << 40 and records[1]["mean"] == 3.5


@pytest.fixture
def slow_file(tmp_path, monkeypatch):
    """A tensor of 80 chunks each of which takes 10 ms to read, and what was read of it."""
    monkeypatch.setattr(plan, "CHUNK", 1 << 18)
    values = np.random.default_rng(5).normal(size=80 << 16).astype(np.float32)
    plain, reads = LocalSource._read, []

    def slow(self, offset, buffer):
        reads.append(time.monotonic())
        time.sleep(0.01)
        return plain(self, offset, buffer)

    monkeypatch.setattr(LocalSource, "_read", slow)
    return lay_out(tmp_path / "x", [("float32", values)]), values, reads


def test_a_cancel_is_felt_at_once(slow_file, pool):
    checkpoint, _, reads = slow_file
    cancel, ended = Cancel(), []

    def work():
        try:
            profile(checkpoint, [0], pool, lambda _: None, cancel)
        except Cancelled:
            ended.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    while len(reads) < 10:
        time.sleep(0.001)
    began = time.monotonic()
    cancel.cancel()
    thread.join()
    assert ended and ended[0] - began < 0.2 and len(reads) < 60


def test_the_pass_waits_for_the_more_urgent_and_loses_nothing(slow_file, pool):
    checkpoint, values, reads = slow_file
    gate, found = Gate(), []

    def work():
        with gate.turn(Cancel(), Urgency.FRONT) as turn:
            profile(checkpoint, [0], pool, found.append, turn)

    thread = threading.Thread(target=work)
    thread.start()
    while len(reads) < 10:
        time.sleep(0.001)
    with gate.turn(Cancel(), Urgency.SELECTED):
        time.sleep(0.1)
        before = len(reads)
        time.sleep(0.15)
        assert len(reads) == before and thread.is_alive()
    thread.join()
    assert len(reads) == 80
    record = found[-1].records[0]
    assert record["mean"] == pytest.approx(values.mean(dtype=np.float64), rel=1e-9)


def test_spreads_end_to_end_are_those_of_each(tmp_path, pool):
    rng = np.random.default_rng(6)
    arrays = [rng.normal(size=n).astype(np.float32) for n in (5, 1, 300)] + [np.full(3, np.nan, np.float32)]
    found = []
    profile(lay_out(tmp_path / "x", [("float32", a) for a in arrays]), range(4), pool, found.append, Cancel())
    spreads = found[0].spreads
    dense = np.zeros(PLACES, np.int64)
    spreads.add_into(dense)
    whole = Spread.joined(spreads)
    np.testing.assert_array_equal(np.flatnonzero(dense), whole.places)
    assert spreads[3] is None and spreads[-2].total == 300 and dense.sum() == 306
    twice = spreads.taken(np.array([2, 0, 2]))
    assert [spread.total for spread in twice] == [300, 5, 300]


def test_places_far_apart_are_read_apart(tmp_path, pool, monkeypatch):
    values = np.arange(10, dtype=np.int32)
    monkeypatch.setattr(batches, "GAP", 16)
    checkpoint = lay_out(tmp_path / "x", [("int32", values + n) for n in range(12)], gaps=(3, 40, 0))
    as_one_by_one(checkpoint, pool, [values + n for n in range(12)])
