"""Two checkpoints beside each other: every figure is what long doubles say, whatever lies how in the files."""

import os
import threading
import time
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ckptgui.analysis.difference import DIFFERENCE, FIGURES, NO_FIGURES, Differences
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.series import series_of
from ckptgui.core.series.status import Status, statuses
from ckptgui.engine import compare_one
from ckptgui.engine.compare import compare
from ckptgui.engine.compare_batches import SMALL
from ckptgui.engine.job import Cancel
from ckptgui.errors import Cancelled, ChangedOnDiskError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.local import LocalSource
from ckptgui.sources.locate import SourcePool
from tests.engine.differences import agrees, oracle
from tests.engine.tables import lay_out

pytestmark = pytest.mark.filterwarnings(*(f"ignore:.*{word}" for word in ("Sparse", "quantiz", "ComplexHalf")))


@pytest.fixture
def pool():
    pool = SourcePool()
    yield pool
    pool.close()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


def read(a, b, pool, rows=None, cancel=None):
    """Records and errors by number."""
    records, errors = {}, {}

    def take(found):
        for number, record in zip(found.numbers.tolist(), found.records, strict=True):
            assert number not in records
            records[number] = record
        errors.update(found.errors)

    rows = np.stack([np.arange(len(a))] * 2, axis=1) if rows is None else np.array(rows)
    compare(a, b, rows, pool, take, cancel or Cancel())
    assert len(records) + len(errors) == len(rows)
    return records, errors


def saved(tmp_path, name, state):
    path = tmp_path / name
    if name.endswith(".pt"):
        torch.save(state, path)
    else:
        save_file(state, path)
    return open_checkpoint(str(path))


def told(tmp_path, pool, before, after):
    """The one record of two tensors that ``torch.save`` wrote, the whole one where it has components."""
    a, b = (saved(tmp_path, f"{n}.pt", {"w": tensor}) for n, tensor in (("a", before), ("b", after)))
    rows = [next(row for row in range(len(c)) if c.info(row).path == ("w",)) for c in (a, b)]
    records, errors = read(a, b, pool, [rows])
    assert not errors
    return records[0]


def real(tensor):
    """A tensor's values as numpy has them, as exactly as can be."""
    if tensor.is_quantized:
        tensor = _real_of_quantised(tensor)
    if tensor.is_floating_point():
        tensor = tensor.double()
    return tensor.resolve_conj().resolve_neg().numpy()


def _real_of_quantised(tensor):
    stored = tensor.int_repr().double()
    if tensor.qscheme() == torch.per_tensor_affine:
        return (stored - tensor.q_zero_point()) * tensor.q_scale()
    shape = [-1 if axis == tensor.q_per_channel_axis() else 1 for axis in range(tensor.dim())]
    return (stored - tensor.q_per_channel_zero_points().reshape(shape)) * tensor.q_per_channel_scales().reshape(
        shape
    )


FLOATS = [
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
    torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
]  # fmt: skip
INTEGERS = [
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
]


@pytest.mark.parametrize("shape", [(), (1,), (7, 5), (300, 401)])
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_floats(dtype, shape, tmp_path, pool, generator):
    before = torch.randn(shape, generator=generator)
    after = before + 0.1 * torch.randn(shape, generator=generator)
    before, after = before.to(dtype), after.to(dtype)
    agrees(told(tmp_path, pool, before, after), oracle(real(before), real(after)))


@pytest.mark.parametrize("dtype", FLOATS[:6], ids=str)
def test_values_that_are_not_finite(dtype, tmp_path, pool, generator):
    before, after = torch.randn(2, 100, 60, generator=generator)
    special = torch.tensor([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    before[3, :36], after[3, :36] = special.repeat(6), special.repeat_interleave(6)
    before, after = before.to(dtype), after.to(dtype)
    record = told(tmp_path, pool, before, after)
    agrees(record, oracle(real(before), real(after)))
    assert record["nan_a"] and (record["inf_both"] or dtype == torch.float8_e4m3fn)


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_integers_are_compared_exactly(dtype, tmp_path, pool):
    ends = np.iinfo(str(dtype).removeprefix("torch."))
    before = np.array([ends.min, ends.max, ends.max - 1, 0, 1, ends.max // 2, ends.min], ends.dtype)
    after = np.array([ends.max, ends.max - 1, ends.max - 1, 0, 2, ends.max // 2 + 1, ends.min], ends.dtype)
    record = told(tmp_path, pool, torch.from_numpy(before), torch.from_numpy(after))
    agrees(record, oracle(before, after))
    assert record["changed"] == 4


def test_integers_beyond_what_a_float_tells_apart(tmp_path, pool):
    before = torch.full((5000,), 2**62 + 1)
    after = before.clone()
    after[4321] += 1
    record = told(tmp_path, pool, before, after)
    assert (record["changed"], record["max_abs"], record["delta_l2"], record["argmax"]) == (1, 1.0, 1.0, 4321)


def test_signed_and_unsigned_integers_beside_each_other(tmp_path, pool):
    before = np.array([2**63 - 1, -5, -(2**63), 0, 17], np.int64)
    after = np.array([2**63, 2**64 - 5, 2**64 - 1, 0, 18], np.uint64)
    for one, other in ((before, after), (after, before)):
        record = told(tmp_path, pool, torch.from_numpy(one), torch.from_numpy(other))
        agrees(record, oracle(one.astype(np.longdouble), other.astype(np.longdouble)))


def test_bool(tmp_path, pool, generator):
    before, after = torch.rand(2, 50, 50, generator=generator) > 0.5
    expected = oracle(before.numpy().astype(np.uint8).astype(float), after.numpy().astype(float))
    agrees(told(tmp_path, pool, before, after), expected)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128, torch.complex32], ids=str)
def test_complex_numbers_are_one_thing_each(dtype, tmp_path, pool, generator):
    before, after = torch.randn(2, 40, 30, generator=generator, dtype=torch.complex128)
    after[5] = before[5]
    before[6, :4] = torch.tensor(
        [complex(np.nan, 1), complex(np.inf, 1), complex(1, -np.inf), complex(np.nan, np.nan)]
    )
    after[6, :4] = torch.tensor([complex(1, np.nan), complex(np.inf, 1), complex(2, 2), complex(1, 1)])
    before, after = before.to(dtype), after.to(dtype)
    expected = oracle(before.to(torch.complex128).numpy(), after.to(torch.complex128).numpy())
    agrees(told(tmp_path, pool, before, after), expected)


def test_a_conjugated_view_is_another_value(tmp_path, pool, generator):
    values = torch.randn(30, 20, generator=generator, dtype=torch.complex64)
    record = told(tmp_path, pool, values, values.conj())
    agrees(record, oracle(values.numpy(), values.conj().resolve_conj().numpy()))


@pytest.mark.parametrize("per", ["tensor", "channel"])
def test_quantised_tensors_are_compared_by_what_they_stand_for(per, tmp_path, pool, generator):
    values = torch.randn(12, 30, generator=generator)
    if per == "tensor":
        pair = [torch.quantize_per_tensor(values, scale, 3, torch.qint8) for scale in (0.05, 0.07)]
    else:
        scales = torch.rand(12, generator=generator, dtype=torch.float64) / 10 + 0.01
        zeros = torch.arange(12)
        pair = [torch.quantize_per_channel(values, s, zeros, 0, torch.qint8) for s in (scales, 2 * scales)]
    agrees(told(tmp_path, pool, *pair), oracle(*map(real, pair)))


RETYPED = [
    (torch.float32, torch.bfloat16), (torch.float16, torch.float32), (torch.float64, torch.float32),
    (torch.int64, torch.int32), (torch.int32, torch.float32), (torch.uint8, torch.float8_e4m3fn),
    (torch.bool, torch.int64), (torch.float32, torch.complex64), (torch.uint64, torch.int64),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), RETYPED, ids=str)
def test_retyped_tensors_are_compared_by_value(one, other, tmp_path, pool, generator):
    values = torch.randn(90, 80, generator=generator).abs() * 9
    before, after = values.to(one), values.to(other)
    expected = oracle(*(v.numpy().astype(np.uint8) if v.dtype == torch.bool else real(v) for v in (before, after)))
    agrees(told(tmp_path, pool, before, after), expected)


VIEWS = {
    "transposed": lambda t: t.T,
    "every other": lambda t: t[:, ::2],
    "a part": lambda t: t[3:, 5:],
    "repeated": lambda t: t[:1].expand(70, -1),
    "permuted": lambda t: t.reshape(10, 6, 70).permute(2, 0, 1),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("both", [True, False])
def test_views(name, both, tmp_path, pool, generator, monkeypatch):
    monkeypatch.setattr(compare_one, "CHUNK", 1000)  # many pieces
    before, after = torch.randn(2, 60, 70, generator=generator)
    one, other = VIEWS[name](before), VIEWS[name](after)
    record = told(tmp_path, pool, one, other if both else other.contiguous())
    agrees(record, oracle(one.numpy(), other.numpy()))


def test_the_first_of_the_largest_changes_is_told(tmp_path, pool, monkeypatch):
    monkeypatch.setattr(compare_one, "CHUNK", 400)
    before = torch.zeros(30, 40)
    after = before.clone()
    after[7, 30] = after[20, 2] = after[7, 31] = 2.0
    assert told(tmp_path, pool, before.T, after.T)["argmax"] == 2 * 30 + 20
    assert told(tmp_path, pool, before, after)["argmax"] == 7 * 40 + 30


def test_equal_tensors_moved_nowhere(tmp_path, pool, generator):
    values = torch.randn(50, 50, generator=generator)
    record = told(tmp_path, pool, values, values.clone())
    agrees(record, oracle(values.numpy(), values.numpy()))
    assert (record["changed"], record["delta_l2"], record["relative"], record["argmax"]) == (0, 0.0, 0.0, -1)


def test_signs_of_zero_and_kinds_of_nan_are_no_change(tmp_path, pool):
    before = torch.tensor([0.0, np.nan, np.inf])
    after = torch.tensor([-0.0, np.nan, np.inf])
    after.view(torch.int32)[1] ^= 1
    assert told(tmp_path, pool, before, after)["changed"] == 0


def test_zero_norms_have_no_ratio(tmp_path, pool):
    record = told(tmp_path, pool, torch.zeros(9), torch.ones(9))
    assert np.isnan(record["relative"]) and np.isnan(record["cosine"]) and record["delta_l2"] == 3.0


def test_empty_tensors_are_the_same(tmp_path, pool):
    record = told(tmp_path, pool, torch.zeros(0, 4), torch.zeros(0, 4))
    assert (record["known"], record["count"], record["changed"]) == (FIGURES, 0, 0)


def test_tensors_without_values(tmp_path, pool):
    meta = torch.empty(3, 4, device="meta")
    record = told(tmp_path, pool, meta, meta)
    assert (record["known"], record["changed"]) == (NO_FIGURES, 0)
    assert told(tmp_path, pool, meta, torch.zeros(3, 4))["changed"] > 0


@pytest.mark.parametrize("layout", ["coo", "csr"])
def test_sparse_tensors_are_what_their_components_are(layout, tmp_path, pool):
    dense = torch.eye(6) * 3
    moved = dense.clone()
    moved[2, 2] = 4
    elsewhere = dense.roll(1, 0)
    as_sparse = (lambda t: t.to_sparse()) if layout == "coo" else (lambda t: t.to_sparse_csr())
    for other, same in ((dense, True), (moved, False), (elsewhere, False)):
        record = told(tmp_path, pool, as_sparse(dense), as_sparse(other))
        assert record["known"] == NO_FIGURES and bool(record["changed"] == 0) is same
        found = Differences(np.array([Status.MATCHED], np.uint8), record.reshape(1))
        assert found.status[0] == (Status.SAME if same else Status.CHANGED) and found.known.all()


@pytest.mark.parametrize("count", [1, 2, 9, 4097])
def test_floats_of_four_bits(count, tmp_path, pool):
    rng = np.random.default_rng(count)
    values = [rng.integers(0, 256, (count + 1) // 2, dtype=np.uint8) for _ in range(2)]
    table = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6])
    files = []
    for number, stored in enumerate(values):
        shape = (count,)
        files.append(lay_out(tmp_path / f"{number}", [("uint8", stored)], more=[("F4", shape, 0, {})]))
    halves = [np.stack([v & 15, v >> 4], axis=1).reshape(-1)[:count] for v in values]
    expected = oracle(*(table[h & 7] * np.where(h & 8, -1, 1) for h in halves))
    records, _ = read(*files, pool, [[1, 1]])
    agrees(records[0], expected)


def test_packed_bits_of_unknown_meaning_are_the_same_or_not(tmp_path, pool):
    stored = np.arange(50, dtype=np.uint8)
    other = stored.copy()
    other[7] = 0
    files = [
        lay_out(tmp_path / f"{number}", [("uint8", v)], more=[("quint4x2", (100,), 0, {})])
        for number, v in enumerate((stored, stored, other))
    ]
    assert read(files[0], files[1], pool, [[1, 1]])[0][0]["changed"] == 0
    found = read(files[0], files[2], pool, [[1, 1]])[0][0]
    assert (found["known"], found["changed"]) == (NO_FIGURES, 1)


def test_a_deflated_file_beside_a_plain_one(tmp_path, pool, generator):
    state = {"large": torch.randn(700, 500, generator=generator), "small": torch.randn(9, generator=generator)}
    plain = saved(tmp_path, "a.pt", state)
    moved = {name: tensor + 0.5 for name, tensor in state.items()}
    torch.save(moved, tmp_path / "b.pt")
    with zipfile.ZipFile(tmp_path / "b.pt") as source, zipfile.ZipFile(tmp_path / "c.pt", "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry), zipfile.ZIP_DEFLATED)
    records, errors = read(plain, open_checkpoint(str(tmp_path / "c.pt")), pool)
    assert not errors
    for row, name in enumerate(state):
        agrees(records[row], oracle(state[name].numpy(), moved[name].numpy()))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_tensors_are_cut_into_pieces(dtype, tmp_path, pool, monkeypatch):
    monkeypatch.setattr(compare_one, "CHUNK", 1 << 16)
    rng = np.random.default_rng(2)
    before = (rng.normal(size=SMALL + 77) + 1e4).astype(dtype)
    after = (before + rng.normal(size=before.size) * 1e-3).astype(dtype)
    after[::1000] = np.nan
    a, b = (lay_out(tmp_path / name, [(dtype, v)]) for name, v in (("a", before), ("b", after)))
    agrees(read(a, b, pool)[0][0], oracle(before, after))


def test_many_small_tensors_at_odd_places(tmp_path, pool):
    rng = np.random.default_rng(3)
    dtypes = ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"]
    tensors = [
        [(dtypes[n % 7], (rng.normal(size=n % 50) * 9).astype(dtypes[n % 7])) for n in range(3000)]
        for _ in range(2)
    ]
    a = lay_out(tmp_path / "a", tensors[0], gaps=(0, 3, 8, 5000))
    b = lay_out(tmp_path / "b", tensors[1], gaps=(1, 0, 64))
    order = rng.permutation(3000)
    records, errors = read(a, b, pool, np.stack([order, order], axis=1))
    assert not errors
    for number, row in enumerate(order.tolist()):
        x, y = (side[row][1] for side in tensors)
        agrees(records[number], oracle(*(v.view(np.uint8) if v.dtype == bool else v for v in (x, y))))


def test_names_in_another_order_across_formats(tmp_path, pool, generator):
    state = {f"w{n}": torch.randn(n + 1, 3, generator=generator) for n in range(20)}
    moved = {name: state[name] * 1.5 for name in sorted(state, reverse=True)}
    saved(tmp_path, "a.pt", state), saved(tmp_path, "b.safetensors", moved)
    members = [RunMember(p, 0, checkpoint=open_checkpoint(p)) for p in map(str, sorted(tmp_path.iterdir()))]
    series = series_of(members)
    a, b = (member.checkpoint for member in members)
    records, _ = read(a, b, pool, series.matching.rows)
    for number, name in enumerate(series.matching.names):
        agrees(records[number], oracle(state[name].numpy(), moved[name].numpy()))


def test_what_headers_tell(tmp_path):
    before = {"same": torch.zeros(3), "gone": torch.zeros(2), "grown": torch.zeros(2, 3), "other": torch.zeros(4)}
    after = {
        "other": torch.zeros(4).half(),
        "grown": torch.zeros(3, 2),
        "new": torch.zeros(1),
        "same": torch.zeros(3),
    }
    members = [
        RunMember(f"{n}", 0, checkpoint=saved(tmp_path, f"{n}.pt", s)) for n, s in enumerate((before, after))
    ]
    matching = series_of(members).matching
    found = dict(zip(matching.names, map(Status, statuses(matching, 0, 1))))
    assert found == {
        "same": Status.MATCHED, "gone": Status.REMOVED, "grown": Status.RESHAPED, "other": Status.RETYPED,
        "new": Status.ADDED,
    }  # fmt: skip


def counting_reads(monkeypatch):
    """The bytes that are read from now on, in a list."""
    read, lock = [], threading.Lock()
    plain = LocalSource.read_into

    def counted(self, offset, buffer):
        with lock:
            read.append(len(buffer))
        return plain(self, offset, buffer)

    monkeypatch.setattr(LocalSource, "read_into", counted)
    return read


def test_tied_tensors_are_read_once(tmp_path, pool, monkeypatch, generator):
    files = []
    for name in "ab":
        weight = torch.randn(400, 500, generator=generator)
        files.append(saved(tmp_path, f"{name}.pt", {"tok": weight, "head": weight, "turned": weight.T}))
    read_bytes = counting_reads(monkeypatch)
    records, _ = read(*files, pool)
    assert sum(read_bytes) == 2 * 2 * 800_000  # the turned view is another one
    assert records[0] == records[1] and records[2]["argmax"] != records[0]["argmax"]


def test_tied_here_and_not_there(tmp_path, pool, generator):
    weight, other = torch.randn(2, 20, 30, generator=generator)
    a = saved(tmp_path, "a.pt", {"x": weight, "y": weight, "z": weight})
    b = saved(tmp_path, "b.pt", {"x": weight + 1, "y": other, "z": other})
    records, _ = read(a, b, pool)
    for row, value in enumerate((weight + 1, other, other)):
        agrees(records[row], oracle(weight.numpy(), value.numpy()))


def test_what_lies_in_one_place_is_read_once(tmp_path, pool, monkeypatch, generator):
    a = saved(tmp_path, "a.pt", {"large": torch.randn(600, 500, generator=generator), "small": torch.ones(10)})
    os.link(tmp_path / "a.pt", tmp_path / "b.pt")
    read_bytes = counting_reads(monkeypatch)
    records, _ = read(a, open_checkpoint(str(tmp_path / "b.pt")), pool)
    assert sum(read_bytes) < 1_300_000 and records[0]["changed"] == 0 and records[0]["l2_b"] > 0


@pytest.mark.parametrize("small", [True, False])
def test_a_pair_that_cannot_be_read_is_an_error_among_others(small, tmp_path, pool, generator):
    state = {f"w{n}": torch.randn(*((4, 4) if small else (300, 300)), generator=generator) for n in range(5)}
    paths = [tmp_path / "a.safetensors", tmp_path / "b.safetensors"]
    for path in paths:
        save_file(state, path)
    a, b = (open_checkpoint(str(path)) for path in paths)
    data = paths[1].read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(data[: len(data) - (20 if small else 90_000)])
    c = open_checkpoint(str(cut))
    records, errors = read(a, c, pool)
    assert list(errors) == [4] and all(records[n]["changed"] == 0 for n in range(4))
    assert not read(a, b, pool)[1]


def test_a_file_that_changed_ends_it(tmp_path, pool, generator):
    a = saved(tmp_path, "a.pt", {"w": torch.randn(50, generator=generator)})
    b = saved(tmp_path, "b.pt", {"w": torch.randn(50, generator=generator)})
    time.sleep(0.01)
    torch.save({"w": torch.zeros(70)}, tmp_path / "b.pt")
    with pytest.raises(ChangedOnDiskError):
        read(a, b, pool)


def test_it_stops_when_asked_to(tmp_path, pool):
    values = np.zeros(1 << 22, np.float32)
    a, b = (lay_out(tmp_path / name, [("float32", values)] * 4) for name in "ab")
    cancel = Cancel()
    seen = []
    timer = threading.Timer(0.005, lambda: (seen.append(time.monotonic()), cancel.cancel()))
    timer.start()
    with pytest.raises(Cancelled):
        for _ in range(1000):
            read(a, b, pool, cancel=cancel)
    assert time.monotonic() - seen[0] < 0.5  # 0.2 on a machine that has nothing else to do
    assert not [t for t in threading.enumerate() if t.name.startswith("ckptgui-tensor")]


def test_progress_counts_bytes_of_both(tmp_path, pool):
    values = np.arange(1 << 20, dtype=np.float32)
    a, b = (lay_out(tmp_path / name, [("float32", values), ("float32", values[:10])]) for name in "ab")
    told = []
    rows = np.array([[0, 0], [1, 1]])
    compare(a, b, rows, pool, lambda _: None, Cancel(), lambda p: told.append((p.done, p.total)))
    total = 2 * (values.nbytes + 40)
    assert told[-1] == (total, total) and told == sorted(told)


def test_nothing_to_compare(tmp_path, pool):
    a = saved(tmp_path, "a.pt", {"w": torch.zeros(1)})
    assert read(a, a, pool, np.zeros((0, 2), np.int64)) == ({}, {})
    assert np.zeros(1, DIFFERENCE)["known"] == 0
