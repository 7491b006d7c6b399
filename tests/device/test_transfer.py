"""What lies on a device is what the file holds, bit for bit, for every type and layout; or nothing lies there."""

import numpy as np
import pytest
import torch

from ckptgui.analysis.digest import Blocks
from ckptgui.core.dtypes import BY_NAME
from ckptgui.device.inside import transfer
from ckptgui.device.inside.holding import Holding
from ckptgui.device.inside.main_memory import CpuBackend
from ckptgui.device.inside.simulated import Settings, SimulatedBackend
from ckptgui.device.messages import DeviceError, OutOfMemoryError
from ckptgui.engine.executors import shutdown_executors
from ckptgui.engine.identity import plain_tag
from ckptgui.engine.job import Cancel, silent
from ckptgui.engine.stream import iter_values
from ckptgui.errors import Cancelled, CheckpointError, UnsupportedError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool
from tests.device.conformance import noise

_PLAIN = (
    "float",
    "bfloat",
    "complex",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
)
TYPES = [name for name in BY_NAME if name.startswith(_PLAIN) and hasattr(torch, name)]
"""Those that torch makes tensors of from bytes."""


@pytest.fixture
def backend():
    return SimulatedBackend(Settings(memory=1 << 30))


@pytest.fixture(scope="module", autouse=True)
def no_threads_left():
    yield
    shutdown_executors()


@pytest.fixture
def saved(tmp_path):
    def save(tensor, **how):
        torch.save({"w": tensor}, tmp_path / "w.pt", **how)
        return open_checkpoint(str(tmp_path / "w.pt")).info(0)

    return save


def move(info, backend, cancel=None):
    return transfer.move([info], 1, backend, cancel or Cancel(), silent)[0]


def file_bytes(info):
    pool = SourcePool()
    try:
        return b"".join(values.tobytes() for values in iter_values(info, pool, Cancel()))
    finally:
        pool.close()


@pytest.mark.parametrize("name", TYPES)
def test_every_type_arrives_as_torch_has_it(saved, backend, name):
    dtype = getattr(torch, name)
    original = noise(16 * 12).view(torch.bool if dtype is torch.bool else torch.uint8)
    original = (original.view(torch.uint8) & 1 if dtype is torch.bool else original).view(dtype)
    held = move(saved(original), backend)
    assert held.tensor.dtype is (torch.uint8 if name == "float4_e2m1fn_x2" else dtype)
    assert held.raw.numpy().tobytes() == original.view(torch.uint8).numpy().tobytes()
    assert held.checked
    assert held.digest == Blocks().add(0, held.raw.numpy().data).digest(plain_tag(name, tuple(original.shape)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.randn(300, 200).t(),
        lambda: torch.randn(50, 60, 70)[::3, 5:40:2],
        lambda: torch.randn(7).expand(2000, 7),
        lambda: torch.randn(40, 30, dtype=torch.complex64).conj(),
        lambda: torch.randn(40, 30, dtype=torch.complex64).conj().imag,
        lambda: torch.tensor(3.5),
        lambda: torch.empty(0, 4),
        lambda: torch.randn(3_000_000),  # several chunks, the last one not whole
        lambda: torch.randn(1500, 2000).t(),
    ],
)
def test_every_view_arrives_row_major(saved, backend, make):
    original = make()
    info = saved(original)
    held = move(info, backend)
    assert held.tensor.shape == original.shape
    assert held.tensor.is_contiguous()
    assert held.device == "sim:0"
    plain = original.resolve_conj().resolve_neg().contiguous()
    assert torch.equal(held.tensor, plain)
    assert held.raw.numpy().tobytes() == file_bytes(info)


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantised_tensors_are_their_stored_integers(saved, backend):
    original = torch.quantize_per_tensor(torch.randn(30, 20), 0.1, 3, torch.qint8)
    held = move(saved(original), backend)
    assert torch.equal(held.tensor, original.int_repr())


def test_legacy_files_are_read_too(saved, backend):
    original = torch.randn(100, 10)
    assert torch.equal(move(saved(original, _use_new_zipfile_serialization=False), backend).tensor, original)


def test_the_whole_of_a_sparse_tensor_is_refused(tmp_path, backend):
    torch.save({"w": torch.eye(4).to_sparse()}, tmp_path / "w.pt")
    whole = next(i for i in open_checkpoint(str(tmp_path / "w.pt")).tensors if "components" in i.extra)
    with pytest.raises(UnsupportedError, match="made of other tensors"):
        move(whole, backend)


def test_a_cut_file_leaves_nothing_there(saved, backend, tmp_path):
    info = saved(torch.randn(2_000_000))
    (tmp_path / "w.pt").write_bytes((tmp_path / "w.pt").read_bytes()[:1_000_000])
    with pytest.raises(CheckpointError):
        move(info, backend)
    assert backend.info().free == backend.info().total


class Faulty(SimulatedBackend):
    """Loses a bit of what it is given."""

    def write(self, where, start, chunk):
        super().write(where, start, chunk)
        where[start + chunk.numel() // 2] ^= 1


def test_a_device_that_loses_a_bit_is_found_out(saved):
    faulty = Faulty(Settings(memory=1 << 30))
    with pytest.raises(DeviceError, match="“w” lies on sim:0 otherwise than it was read, at bytes 0 to 40,000"):
        move(saved(torch.randn(10_000)), faulty)
    assert faulty.info().free == faulty.info().total


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_out_of_memory_in_the_middle_leaves_nothing_there(saved, share):
    small = SimulatedBackend(Settings(memory=1 << 30, fault="oom", share=share))
    with pytest.raises(OutOfMemoryError):
        move(saved(torch.randn(4_000_000)), small)
    assert small.info().free == small.info().total


def test_a_cancel_leaves_nothing_there(saved, backend):
    cancel = Cancel()

    class Impatient(SimulatedBackend):
        def write(self, where, start, chunk):
            super().write(where, start, chunk)
            cancel.cancel()

    backend = Impatient(Settings(memory=1 << 30))
    with pytest.raises(Cancelled):
        move(saved(torch.randn(8_000_000)), backend, cancel)
    assert backend.info().free == backend.info().total


def test_a_tensor_goes_from_device_to_device_and_keeps_its_digest(saved, backend):
    holding = Holding()
    original = torch.randn(2_000_000)
    holding.put([move(saved(original), backend)])
    before = holding[1]
    holding.replace(transfer.bring([before], CpuBackend(), Cancel(), silent))
    after = holding[1]
    assert after.device == "cpu"
    assert after.digest == before.digest
    assert torch.equal(after.tensor, original)
    assert backend.info().free == backend.info().total


def test_what_changed_on_its_device_does_not_go_on(saved, backend):
    held = move(saved(torch.randn(1000)), backend)
    held.tensor[3] = 7.0
    with pytest.raises(DeviceError, match="“w” has changed on sim:0"):
        transfer.bring([held], SimulatedBackend(Settings()), Cancel(), silent)


def test_what_is_freed_while_it_is_brought_is_not_told(saved, backend):
    holding = Holding()
    holding.put([move(saved(torch.randn(1000)), backend)])
    other = SimulatedBackend(Settings())
    brought = transfer.bring([holding[1]], other, Cancel(), silent)
    holding.free([1])
    assert holding.replace(brought) == []
    assert other.info().free == other.info().total
    with pytest.raises(DeviceError, match="no longer on the device"):
        holding[1]


def test_bytes_of_a_tensor_come_in_order(saved, backend):
    info = saved(torch.from_numpy(np.arange(3_000_000, dtype=np.float32)))
    held = move(info, backend)
    assert b"".join(bytes(piece) for piece in transfer.bytes_of(held, Cancel())) == file_bytes(info)
