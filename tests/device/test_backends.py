"""Main memory, a simulated device and a real one do the same."""

import pytest

from ckptgui.device.inside.accelerators import accelerators, why_none
from ckptgui.device.inside.main_memory import CpuBackend
from ckptgui.device.inside.simulated import Settings, SimulatedBackend, parse
from ckptgui.device.messages import DeviceError, OutOfMemoryError
from tests.device.conformance import BackendConformance, noise


class TestMainMemory(BackendConformance):
    @pytest.fixture
    def backend(self):
        return CpuBackend()


class TestSimulated(BackendConformance):
    @pytest.fixture
    def backend(self):
        return SimulatedBackend(Settings(memory=100 << 20))

    def test_its_memory_is_counted(self, backend):
        where = backend.allocate(60 << 20)
        with pytest.raises(OutOfMemoryError, match=r"sim:0 has 40\.0 MiB free; 60\.0 MiB are needed\."):
            backend.allocate(60 << 20)
        with backend.scratch(30 << 20):
            assert backend.info().free == 10 << 20
        backend.free(where)
        assert backend.info().free == 100 << 20

    def test_its_memory_ends_where_it_was_told_to(self):
        backend = SimulatedBackend(parse("fault=oom@0.5"))
        where = backend.allocate(100)
        with backend.transfer(100):
            backend.write(where, 0, noise(40))
            with pytest.raises(OutOfMemoryError, match="as simulated"):
                backend.write(where, 40, noise(40))


@pytest.mark.gpu
class TestAccelerator(BackendConformance):
    @pytest.fixture
    def backend(self):
        found = accelerators()
        if not found:
            pytest.skip(why_none())
        return found[0]


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("1", None),
        ("memory=2GB", Settings(memory=2 * 10**9)),
        ("memory=512MiB,latency=5ms", Settings(memory=512 << 20, latency=0.005)),
        ("memory=1.5gb, latency=0.1s, fault=none", Settings(memory=1_500_000_000, latency=0.1)),
        ("fault=killed@0.25", Settings(fault="killed", share=0.25)),
        ("fault=fire@0.5", None),
        ("memory=much", None),
    ],
)
def test_what_is_simulated_is_told_in_a_variable(text, settings):
    if settings is None:
        with pytest.raises(DeviceError, match=r"CKPTGUI_SIMULATED_DEVICE does not know “.*”; it reads memory=2GB"):
            parse(text)
    else:
        assert parse(text) == settings


@pytest.mark.parametrize(
    ("built", "hip", "visible", "said"),
    [
        (False, None, None, "was built for CPU only, so tensors cannot be moved to a GPU."),
        (True, None, "", "CUDA_VISIBLE_DEVICES is empty, which hides every GPU from PyTorch."),
        (True, "6.2", "-1", "HIP_VISIBLE_DEVICES is empty, which hides every GPU from PyTorch."),
        (True, "6.2", None, "finds no GPU that it can use on this machine."),
    ],
)
def test_why_there_is_none_is_said_in_words(monkeypatch, built, hip, visible, said):
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("torch.backends.cuda.is_built", lambda: built)
    monkeypatch.setattr("torch.version.hip", hip)
    for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
        if visible is not None:
            monkeypatch.setenv(name, visible)
    assert why_none().endswith(said)
