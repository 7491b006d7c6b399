"""Numbers written for other programs are the same numbers there, and a file is whole or not there."""

import errno
import io

import numpy as np
import pytest
import torch

from ckptgui.core.dtypes import BY_NAME
from ckptgui.engine.job import Cancel
from ckptgui.engine.views import sliced
from ckptgui.errors import Cancelled, CheckpointError, ExportError
from ckptgui.export.atomic import OutputError
from ckptgui.export.values_file import npy_header, save_values, written_dtype
from ckptgui.formats.registry import open_checkpoint

DTYPES = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.bool,
    torch.complex64, torch.complex128,
)  # fmt: skip


def tensor_of(dtype, shape=(7, 5)):
    torch.manual_seed(2)
    values = torch.randn(*shape, dtype=torch.float64)
    if dtype.is_complex:
        values = torch.complex(values, values.flip(0))
    elif not dtype.is_floating_point:
        values = values * 40
        values = values.abs() if dtype in (torch.uint8, torch.uint16) else values
    tensor = values.to(dtype)
    if dtype.is_floating_point and dtype not in (torch.float8_e4m3fnuz, torch.float8_e5m2fnuz):
        raw = tensor.double()
        raw[0, :3] = torch.tensor([float("nan"), 0.1, -0.0])
        if dtype != torch.float8_e4m3fn:
            raw[1, :2] = torch.tensor([float("inf"), -float("inf")])
        tensor = raw.to(dtype)
    return tensor


def wanted(tensor):
    if tensor.dtype in (torch.float64, torch.float32, torch.float16):
        return tensor.numpy()
    return tensor.float().numpy() if tensor.dtype.is_floating_point else tensor.numpy()


def info_of(tmp_path, tensor):
    torch.save({"w": tensor}, tmp_path / "w.pt")
    return open_checkpoint(str(tmp_path / "w.pt")).info(0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_npy_is_byte_for_byte_what_numpy_saves(tmp_path, pool, dtype):
    tensor = tensor_of(dtype)
    saved = save_values(info_of(tmp_path, tensor), str(tmp_path / "w.npy"), pool, Cancel())
    found = np.load(tmp_path / "w.npy", allow_pickle=False)
    assert np.array_equal(found, wanted(tensor), equal_nan=dtype.is_floating_point)
    assert found.dtype == wanted(tensor).dtype and str(found.dtype) == saved.dtype
    beside = io.BytesIO()
    np.save(beside, wanted(tensor))
    if not dtype.is_floating_point:  # a NaN has many spellings
        assert (tmp_path / "w.npy").read_bytes() == beside.getvalue()
    assert saved.nbytes == len(beside.getvalue())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_csv_reads_back_as_the_same_numbers(tmp_path, pool, dtype):
    tensor = tensor_of(dtype)
    save_values(info_of(tmp_path, tensor), str(tmp_path / "w.csv"), pool, Cancel())
    lines = (tmp_path / "w.csv").read_text().splitlines()
    assert len(lines) == 7
    rows = [line.split(",") for line in lines]
    right = wanted(tensor)
    if dtype == torch.bool:
        found = np.array([[text == "True" for text in row] for row in rows])
    else:
        read = int if right.dtype.kind in "iu" else complex if dtype.is_complex else float
        found = np.array([[read(text) for text in row] for row in rows]).astype(right.dtype)
    assert np.array_equal(found, right, equal_nan=dtype.is_floating_point)
    if dtype.is_floating_point:
        assert np.signbit(found[0, 2]) == np.signbit(right[0, 2])


def test_a_csv_of_float32_has_no_digit_too_many(tmp_path, pool):
    save_values(info_of(tmp_path, torch.tensor([0.1, 2.0, 1e-9])), str(tmp_path / "w.csv"), pool, Cancel())
    assert (tmp_path / "w.csv").read_text() == "0.1\n2.0\n1e-09\n"


@pytest.mark.parametrize("shape", [(), (1,), (3,), (0, 4), (2, 3, 4), (1, 1, 1, 5)])
@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_every_shape_is_written_in_small_pieces(tmp_path, pool, monkeypatch, shape, suffix):
    monkeypatch.setattr("ckptgui.export.values_file.CHUNK", 20)  # cuts through lines
    tensor = torch.arange(int(np.prod(shape)), dtype=torch.float32).reshape(shape)
    target = tmp_path / f"w{suffix}"
    save_values(info_of(tmp_path, tensor), str(target), pool, Cancel())
    if suffix == ".npy":
        assert np.array_equal(np.load(target), tensor.numpy()) and np.load(target).shape == shape
    else:
        lines = target.read_text().splitlines()
        wide = shape[-1] if len(shape) > 1 else 1
        assert {len(line.split(",")) for line in lines} <= {wide}
        assert [float(n) for line in lines for n in line.split(",")] == tensor.flatten().tolist()


@pytest.mark.parametrize(
    ("index", "order"),
    [
        ((2,), ()),
        ((slice(None), 1), (1, 0)),
        ((slice(1, 3), slice(None), 2), ()),
        ((-1, -1, -1), ()),
        ((slice(0, 4, 3), slice(0, 0)), ()),
        ((slice(None), slice(None), slice(None)), (2, 0, 1)),
    ],
)
def test_a_part_is_what_numpy_cuts_out(tmp_path, pool, index, order):
    tensor = torch.arange(60.0).reshape(4, 3, 5)
    part = sliced(info_of(tmp_path, tensor.transpose(0, 2)), [], ())
    assert part.shape == (5, 3, 4)
    part = sliced(info_of(tmp_path, tensor), index, order)
    save_values(part, str(tmp_path / "part.npy"), pool, Cancel())
    right = tensor.numpy()[index]
    right = right.transpose(order) if order else right
    found = np.load(tmp_path / "part.npy")
    assert found.shape == right.shape and np.array_equal(found, right)


def test_a_part_outside_is_refused(tmp_path):
    info = info_of(tmp_path, torch.ones(4, 3))
    for index in ((4,), (0, -4), (0, 0, 0), (slice(None, None, -1),)):
        with pytest.raises((IndexError, ValueError)):
            sliced(info, index)


@pytest.mark.filterwarnings("ignore")  # torch deprecates its own quantised tensors
@pytest.mark.parametrize("index", [(), (1,), (slice(None), 2), (slice(None), slice(1, 4), 0)], ids=str)
def test_quantised_values_are_written_as_the_numbers_they_stand_for(tmp_path, pool, index):
    torch.manual_seed(3)
    scales, zeros = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5]), torch.tensor([0, 1, 2, 3, 4])
    tensor = torch.quantize_per_channel(torch.randn(4, 5, 6), scales, zeros, 1, torch.qint8)
    save_values(sliced(info_of(tmp_path, tensor), index), str(tmp_path / "w.npy"), pool, Cancel())
    found = np.load(tmp_path / "w.npy")
    assert found.dtype == np.float64
    assert np.allclose(found, tensor.dequantize().numpy()[index], rtol=1e-6)


def test_an_expanded_tensor_is_written_out(tmp_path, pool):
    tensor = torch.tensor([1.0, 2.0]).expand(3, 2)
    save_values(info_of(tmp_path, tensor), str(tmp_path / "w.npy"), pool, Cancel())
    assert np.load(tmp_path / "w.npy").tolist() == [[1, 2]] * 3


@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_a_cancel_leaves_no_trace(tmp_path, pool, monkeypatch, suffix):
    monkeypatch.setattr("ckptgui.export.values_file.CHUNK", 400)
    info = info_of(tmp_path, torch.ones(1000))
    cancel = Cancel()
    with pytest.raises(Cancelled):
        save_values(info, str(tmp_path / f"w{suffix}"), pool, cancel, lambda progress: cancel.cancel())
    assert [path.name for path in tmp_path.iterdir()] == ["w.pt"]


@pytest.mark.parametrize("call", ["create", "write", "sync", "close", "replace"])
def test_whatever_the_system_refuses_leaves_no_trace_and_the_old_file(tmp_path, pool, failing, call):
    info = info_of(tmp_path, torch.ones(1000))
    target = tmp_path / "w.npy"
    target.write_text("old")
    with pytest.raises(OutputError, match="The disk is full"):
        save_values(info, str(target), pool, Cancel(), force=True, system=failing(1, call, errno.ENOSPC))
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["w.npy", "w.pt"]


def test_a_target_that_is_there_needs_to_be_told(tmp_path, pool):
    info = info_of(tmp_path, torch.ones(3))
    (tmp_path / "w.npy").write_text("old")
    with pytest.raises(ExportError):
        save_values(info, str(tmp_path / "w.npy"), pool, Cancel())
    with pytest.raises(ExportError, match="ends in neither"):
        save_values(info, str(tmp_path / "w.txt"), pool, Cancel())


def test_types_that_numpy_lacks_say_what_is_written():
    class Fake:
        def __init__(self, name):
            self.dtype = BY_NAME[name]

    assert written_dtype(Fake("bfloat16")) == np.float32
    assert written_dtype(Fake("complex32")) == np.complex64
    with pytest.raises(CheckpointError):
        written_dtype(Fake("float4_e2m1fn_x2"))


def test_a_header_is_numpys(tmp_path):
    for shape in ((), (3,), (2, 1 << 40)):
        head = io.BytesIO(npy_header(shape, np.dtype("<f4")))
        assert np.lib.format.read_magic(head) == (1, 0)
        assert np.lib.format.read_array_header_1_0(head) == (shape, False, np.dtype("<f4"))
