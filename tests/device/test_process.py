"""The real process with a simulated device in it: what it holds, what reads from there, and how it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch

from ckptgui.device.messages import DeviceError, DeviceKind, DeviceLostError, OutOfMemoryError
from ckptgui.device.process import DeviceProcess
from ckptgui.device.residence import resident_checkpoint
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import digest, iter_values
from ckptgui.errors import Cancelled, UnreadableFileError
from ckptgui.export.planning import plan_export
from ckptgui.export.request import ExportRequest
from ckptgui.export.run import export
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool

ROOT = Path(__file__).parents[2]
MEMORY = 64 << 20


@pytest.fixture(scope="module")
def process():
    """One for all tests here; a slow device, so that there is time to look in the middle."""
    found = DeviceProcess(f"memory={MEMORY},latency=4ms", limit=20)
    found.inventory(Cancel())
    yield found
    found.close()


@pytest.fixture
def devices(process):
    """It, holding nothing."""
    yield process
    process.free(list(process.residents()))
    process.changed.clear()
    process.lost.clear()


@pytest.fixture
def model(tmp_path):
    """A checkpoint with a tied tensor, a transposed one and a buffer that nobody moves."""
    weight = torch.randn(300, 200)
    state = {
        "embed": weight,
        "head": weight,
        "proj": torch.randn(40, 50).t(),
        "scale": torch.randn(20).to(torch.bfloat16),
        "steps": torch.arange(5),
    }
    torch.save(state, tmp_path / "model.pt")
    return open_checkpoint(str(tmp_path / "model.pt"))


@pytest.fixture
def many(tmp_path):
    """A move that takes a while."""
    torch.save({f"w{n}": torch.randn(50) for n in range(600)}, tmp_path / "many.pt")
    return list(open_checkpoint(str(tmp_path / "many.pt")).tensors)


def named(checkpoint, *names):
    return [checkpoint[(name,)] for name in names]


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(true, seconds=3.0):
    late = time.monotonic() + seconds
    while not true() and time.monotonic() < late:
        time.sleep(0.02)
    return true()


def test_it_tells_its_devices(devices):
    inventory = devices.inventory(Cancel())
    cpu, *others = inventory.devices
    assert (cpu.name, cpu.kind, cpu.is_accelerator) == ("cpu", DeviceKind.CPU, False)
    assert 0 < cpu.free <= cpu.total
    simulated = others[-1]
    assert (simulated.name, simulated.kind, simulated.free) == ("sim:0", DeviceKind.SIMULATED, MEMORY)
    assert inventory.torch_version == torch.__version__
    assert type(inventory.torch_version) is str  # torch's own class would bring torch along


def test_it_leaves_the_processors_to_others_first(devices):
    assert psutil.Process(devices.pid).nice() >= 5


def test_what_arrives_is_what_the_file_holds(devices, model):
    heard, told = [], []
    devices.changed.append(lambda: told.append(len(devices.residents())))
    infos = named(model, "embed", "proj", "scale")
    residents = devices.move(infos, "sim:0", Cancel(), heard.append)
    assert [resident.info for resident in residents] == infos
    assert {resident.device for resident in residents} == {"sim:0"}
    assert all(resident.checked for resident in residents)
    assert dict(devices.residents()) == {resident.token: resident for resident in residents}
    assert told == [3]
    pool = SourcePool()
    for resident in residents:
        assert devices.digest(resident.token, Cancel()) == digest(resident.info, pool, Cancel())
    pool.close()
    free = devices.inventory(Cancel()).devices[-1].free
    assert free == MEMORY - sum(resident.nbytes for resident in residents)


def test_a_token_is_never_given_twice(devices, model):
    first = devices.move(named(model, "scale"), "sim:0", Cancel())
    devices.free([each.token for each in first])
    second = devices.move(named(model, "scale"), "sim:0", Cancel())
    assert {each.token for each in first}.isdisjoint(each.token for each in second)


def test_it_comes_back_to_main_memory_bit_for_bit(devices, model):
    there = devices.move(named(model, "embed", "proj"), "sim:0", Cancel())
    back = devices.bring([each.token for each in there], "cpu", Cancel())
    assert [(each.token, each.digest) for each in back] == [(each.token, each.digest) for each in there]
    assert {each.device for each in back} == {"cpu"}
    assert devices.inventory(Cancel()).devices[-1].free == MEMORY


def test_a_resident_tensor_is_read_after_its_file_is_gone(devices, model, tmp_path):
    pool = SourcePool()
    expected = b"".join(each.tobytes() for each in iter_values(model[("proj",)], pool, Cancel()))
    pool.close()
    (resident,) = devices.move(named(model, "proj"), "sim:0", Cancel())
    os.unlink(tmp_path / "model.pt")
    source = devices.source(resident.token)
    data = bytearray(resident.nbytes + 10)
    assert source.read_into(0, memoryview(data)) == source.size == resident.nbytes
    assert bytes(data[: resident.nbytes]) == expected
    part = bytearray(9)
    assert source.read_into(5, memoryview(part)) == 9
    assert bytes(part) == expected[5:14]


def test_an_export_of_residents_needs_no_file_and_keeps_ties(devices, model, tmp_path):
    residents = devices.move(named(model, "embed", "proj", "scale", "steps"), "sim:0", Cancel())
    rows = {resident.info.index: resident for resident in residents}
    original = torch.load(tmp_path / "model.pt")
    os.unlink(tmp_path / "model.pt")
    there, sources = resident_checkpoint(model, rows, devices.source)
    assert len(sources) == 4
    assert there.tied_to(0) == [1]  # the head went with the embedding
    pool = SourcePool()
    for source in sources:
        pool.add(source)
    export(plan_export(there, str(tmp_path / "out.pt"), ExportRequest()), pool, Cancel())
    pool.close()
    loaded = torch.load(tmp_path / "out.pt", weights_only=True)
    assert {name: torch.equal(value, original[name]) for name, value in loaded.items()} == dict.fromkeys(
        original, True
    )
    assert loaded["embed"].data_ptr() == loaded["head"].data_ptr()


def test_rows_that_stayed_are_as_they_were(devices, model):
    (resident,) = devices.move(named(model, "proj"), "sim:0", Cancel())
    there, sources = resident_checkpoint(model, {resident.info.index: resident}, devices.source)
    assert [source.identity for source in sources] == [there[("proj",)].extent.segments[0].source]
    assert there[("proj",)].is_contiguous and not model[("proj",)].is_contiguous
    assert there[("proj",)].device == model[("proj",)].device
    assert [there.info(row) for row in (0, 1, 3, 4)] == [model.info(row) for row in (0, 1, 3, 4)]
    assert resident_checkpoint(model, {}, devices.source) == (model, ())


def test_freeing_is_final_and_may_be_repeated(devices, model):
    (resident,) = devices.move(named(model, "embed"), "sim:0", Cancel())
    source = devices.source(resident.token)
    devices.free([resident.token])
    devices.free([resident.token, 12345])
    assert devices.residents() == {}
    assert devices.inventory(Cancel()).devices[-1].free == MEMORY
    with pytest.raises(UnreadableFileError, match="no longer on a device"):
        source.read_into(0, memoryview(bytearray(10)))
    with pytest.raises(DeviceError, match="no longer on a device"):
        devices.source(resident.token)
    with pytest.raises(DeviceError, match="no longer on the device"):
        devices.digest(resident.token, Cancel())


def test_more_than_fits_is_refused_and_what_was_there_stays(devices, model, tmp_path):
    torch.save({"w": torch.zeros(20 << 20)}, tmp_path / "large.pt")
    (resident,) = devices.move(named(model, "embed"), "sim:0", Cancel())
    large = open_checkpoint(str(tmp_path / "large.pt")).info(0)
    with pytest.raises(OutOfMemoryError, match=r"sim:0 has 63\.8 MiB free; 80\.0 MiB are needed\."):
        devices.move([large], "sim:0", Cancel())
    assert list(devices.residents()) == [resident.token]
    assert devices.source(resident.token).read_into(0, memoryview(bytearray(4))) == 4


def test_a_device_that_is_not_there_is_named_with_those_that_are(devices, model):
    with pytest.raises(DeviceError, match=r"There is no cuda:7 here; there is cpu.*sim:0"):
        devices.move(named(model, "embed"), "cuda:7", Cancel())


def test_reading_and_memory_do_not_wait_for_a_long_move(devices, model, many):
    (resident,) = devices.move(named(model, "scale"), "sim:0", Cancel())
    heard = []
    cancel = Cancel()

    def move():
        with pytest.raises(Cancelled):
            devices.move(many, "sim:0", cancel, heard.append)

    moving = threading.Thread(target=move)
    moving.start()
    assert wait_until(lambda: heard)
    for _ in range(3):
        began = time.monotonic()
        devices.source(resident.token).read_into(0, memoryview(bytearray(40)))
        devices.inventory(Cancel())
        assert time.monotonic() - began < 0.5
    assert moving.is_alive()
    cancel.cancel()
    began = time.monotonic()
    moving.join()
    assert time.monotonic() - began < 0.4
    assert list(devices.residents()) == [resident.token]
    assert wait_until(lambda: devices.inventory(Cancel()).devices[-1].free == MEMORY - resident.nbytes)
    assert [each.total for each in heard] == [600 * 200] * len(heard)


def test_a_killed_process_is_told_and_replaced(model):
    devices = DeviceProcess("memory=1GB,fault=killed@0.5")
    lost = []
    devices.lost.append(lost.append)
    try:
        (resident,) = devices.move(named(model, "scale"), "cpu", Cancel())
        source, pid = devices.source(resident.token), devices.pid
        with pytest.raises(DeviceLostError, match="was killed"):
            devices.move(named(model, "embed"), "sim:0", Cancel())
        assert devices.residents() == {}
        assert [str(error) for error in lost] == [
            "The process that has torch was killed (SIGKILL), as the system does where memory runs out; "
            "what it held on a device is gone from there, the files are untouched."
        ]
        with pytest.raises(UnreadableFileError):
            source.read_into(0, memoryview(bytearray(4)))
        assert not alive(pid)
        (again,) = devices.move(named(model, "scale"), "cpu", Cancel())
        assert devices.source(again.token).identity != source.identity
        assert devices.pid != pid
    finally:
        devices.close()
    assert devices.pid is None


def test_it_does_not_outlive_a_killed_program_nor_import_from_its_folder_nor_share_torch(tmp_path):
    for name in ("torch", "numpy", "multiprocessing", "socket", "ckptgui"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'PLANTED')!r}, 'w')")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from ckptgui.device.process import DeviceProcess; from ckptgui.engine.job import Cancel\n"
        "d = DeviceProcess(); d.inventory(Cancel()); print(d.pid, 'torch' in sys.modules, flush=True)\n"
        "sys.stdin.read()"
    )
    program = subprocess.Popen(
        [sys.executable, "-P", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    with program:
        pid, has_torch = program.stdout.readline().split()
        pid = int(pid)
        assert alive(pid) and has_torch == "False"
        program.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not alive(pid))
    assert not (tmp_path / "PLANTED").exists()
