"""Windows, streams and digests give the tensor's own values, and read no more than they must."""

import hashlib
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckptgui.core.dtypes import BY_NAME
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import digest, iter_storage, iter_values
from ckptgui.engine.window import read_window
from ckptgui.errors import Cancelled, DamagedFileError, LimitExceededError, UnsupportedError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.local import LocalSource
from ckptgui.sources.locate import SourcePool


class CountingSource(LocalSource):
    """Remembers what was read."""

    def __init__(self, path):
        super().__init__(path)
        self.reads = []

    def read_into(self, offset, buffer):
        self.reads.append(len(buffer))
        return super().read_into(offset, buffer)


def counted(tensor):
    source = CountingSource(tensor.info.extent.segments[0].source.path)
    tensor.pool.close()
    tensor.pool.add(source)
    return source


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_window_of_any_view_is_what_numpy_cuts_out(shelf, data):
    shape = tuple(data.draw(st.lists(st.integers(0, 7), max_size=5)))
    strides = tuple(data.draw(st.integers(0, 40)) for _ in shape)
    codec = data.draw(st.sampled_from(["stored", "deflate", "inline"]))
    order = data.draw(st.sampled_from(["little", "big"]))
    storage = np.arange(2000, dtype=np.int32)
    tensor = shelf.put(
        storage, "int32", shape=shape, strides=strides, offset=3, codec=codec, pieces=2, byteorder=order
    )
    index = []
    for size in shape:
        start, stop = data.draw(st.integers(0, size)), data.draw(st.integers(0, size))
        whole = slice(start, stop, data.draw(st.sampled_from([None, 1, 2, 3])))
        index.append(data.draw(st.integers(-size, size - 1)) if size and data.draw(st.booleans()) else whole)
    index = tuple(index[: data.draw(st.integers(0, len(index)))])
    window = read_window(tensor.info, tensor.pool, index)
    assert window.dtype == np.int32 and np.array_equal(window, tensor.values[index])
    chunk = data.draw(st.sampled_from([4, 40, 4000]))
    streamed = list(iter_values(tensor.info, tensor.pool, Cancel(), chunk=chunk))
    assert all(part.ndim == 1 for part in streamed)
    assert np.array_equal(np.concatenate([np.empty(0, np.int32), *streamed]), tensor.values.reshape(-1))


def test_a_table_reads_only_the_rows_that_it_shows(shelf):
    values = np.arange(5_000 * 1_024, dtype=np.float32).reshape(5_000, 1_024)
    tensor = shelf.put(values, "float32")
    source = counted(tensor)
    window = read_window(tensor.info, tensor.pool, (slice(2_000, 2_060), slice(30, 50)))
    assert np.array_equal(window, values[2_000:2_060, 30:50])
    assert sum(source.reads) <= 60 * 4_096 and len(source.reads) == 1


def test_rows_that_lie_far_apart_are_read_one_by_one(shelf):
    values = np.arange(60 * 50_000, dtype=np.float32).reshape(60, 50_000)
    tensor = shelf.put(values, "float32")
    source = counted(tensor)
    window = read_window(tensor.info, tensor.pool, (slice(0, 60), slice(30, 50)))
    assert np.array_equal(window, values[:, 30:50])
    assert source.reads == [80] * 60


def test_a_window_of_a_64_dimensional_tensor(shelf):
    shape = (2,) * 10 + (1,) * 54
    tensor = shelf.put(np.arange(1024, dtype=np.int16).reshape(shape), "int16")
    assert read_window(tensor.info, tensor.pool, (1,) * 9 + (slice(None),) + (0,) * 54).tolist() == [1022, 1023]


def test_a_window_that_is_too_large_or_outside_is_refused(shelf):
    tensor = shelf.put(np.float32([1]), "float32", shape=(10**6, 10**6), strides=(0, 0))
    assert read_window(tensor.info, tensor.pool, (slice(10**6 - 2, None), slice(3))).tolist() == [[1] * 3] * 2
    with pytest.raises(LimitExceededError):
        read_window(tensor.info, tensor.pool, ())
    with pytest.raises(IndexError):
        read_window(tensor.info, tensor.pool, (10**6,))


def test_sub_byte_types_have_no_window_but_a_digest(shelf):
    tensor = shelf.put(np.arange(50, dtype=np.uint8), "F4", shape=(100,))
    with pytest.raises(UnsupportedError):
        read_window(tensor.info, tensor.pool, ())
    assert digest(tensor.info, tensor.pool, Cancel()) == hashlib.sha256(bytes(range(50))).hexdigest()


@pytest.mark.parametrize("codec", ["stored", "deflate", "inline"])
def test_a_storage_streams_in_bounded_chunks(shelf, codec):
    data = np.random.default_rng(0).integers(0, 4, 1_000_001).astype(np.uint8)
    tensor = shelf.put(data, "uint8", codec=codec, pieces=4)
    chunks = list(iter_storage(tensor.info.extent, tensor.pool, Cancel(), chunk=65_536))
    assert max(map(len, chunks)) == 65_536 and b"".join(chunks) == data.tobytes()


def test_going_back_in_deflated_bytes_gives_the_same(shelf):
    data = np.random.default_rng(0).integers(0, 4, (3_000, 5_000)).astype(np.uint8)
    tensor = shelf.put(data.T.copy().T, "uint8", codec="deflate")
    turned = shelf.put(data, "uint8", codec="deflate", shape=(5_000, 3_000), strides=(1, 5_000))
    assert np.array_equal(
        np.concatenate(list(iter_values(turned.info, turned.pool, Cancel()))), data.T.reshape(-1)
    )
    assert digest(tensor.info, tensor.pool, Cancel()) == hashlib.sha256(data.tobytes()).hexdigest()


def test_a_bomb_of_zeros_costs_time_and_no_memory(shelf):
    tensor = shelf.put(np.zeros(64 << 20, np.uint8), "uint8", codec="deflate")
    assert tensor.info.extent.segments[0].length < 1 << 20
    tracemalloc.start()
    try:
        for _ in iter_storage(tensor.info.extent, tensor.pool, Cancel()):
            pass
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_streaming_a_transposed_tensor_takes_bounded_memory(shelf):
    values = np.arange(4_000 * 4_000, dtype=np.float32)
    tensor = shelf.put(values, "float32", shape=(4_000, 4_000), strides=(1, 4_000))
    expected = hashlib.sha256(values.reshape(4_000, 4_000).T.tobytes()).hexdigest()
    tracemalloc.start()
    try:
        assert digest(tensor.info, tensor.pool, Cancel()) == expected
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_conjugation_and_negation_are_applied_as_torch_does(shelf):
    z = torch.tensor([1 + 2j, -0.0 + 0j, complex(float("nan"), -1)], dtype=torch.complex64)
    tensor = shelf.put(z.numpy(), "complex64", conj=True)
    got = read_window(tensor.info, tensor.pool, ())
    assert got.tobytes() == z.conj().resolve_conj().numpy().tobytes()
    w = z.conj().imag
    assert w.is_neg()
    tensor = shelf.put(z.numpy().view(np.float32), "float32", shape=(3,), strides=(2,), offset=1, neg=True)
    assert read_window(tensor.info, tensor.pool, ()).tobytes() == w.resolve_neg().numpy().tobytes()


def test_a_tensor_without_bytes_says_why(shelf):
    broken = shelf.put(np.zeros(4, np.float32), "float32", error="It is cut.")
    for read in (lambda i, p: read_window(i, p, ()), lambda i, p: list(iter_values(i, p, Cancel()))):
        with pytest.raises(DamagedFileError, match=r"It is cut\."):
            read(broken.info, broken.pool)


def test_streams_stop_when_asked(shelf):
    tensor = shelf.put(np.zeros(100, np.float32), "float32")
    cancel = Cancel()
    stream = iter_values(tensor.info, tensor.pool, cancel, chunk=40)
    next(stream)
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(stream)


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")  # torch's own remark
def test_every_dtype_of_a_real_torch_file_is_torchs_bit_for_bit(tmp_path):
    torch.manual_seed(0)
    raw = torch.randint(0, 256, (960,), dtype=torch.uint8)
    names = [name for name in BY_NAME if BY_NAME[name].kind.value in ("float", "signed", "unsigned", "complex")]
    saved = {}
    for name in names:
        dtype = getattr(torch, name, None)
        if dtype is not None and BY_NAME[name].array_name:
            saved[name] = raw.clone().view(dtype).reshape(10, -1)
            saved[name + ".t"] = saved[name].t()
            saved[name + ".part"] = saved[name][2:7, 1::2]
    path = tmp_path / "all.pt"
    torch.save(saved, path)
    checkpoint = open_checkpoint(str(path))
    pool = SourcePool()
    for info in map(checkpoint.info, range(len(checkpoint))):
        tensor = saved[info.path[-1]]
        expected = tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
        assert read_window(info, pool, ()).tobytes() == expected, info.path
        assert digest(info, pool, Cancel()) == hashlib.sha256(expected).hexdigest()
    pool.close()
