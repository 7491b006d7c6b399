"""What the CUDA backend makes of what torch raises; no GPU takes part, torch's own calls are stood in for."""

from types import SimpleNamespace

import pytest
import torch

from ckptgui.device.inside.backend import DeviceGone
from ckptgui.device.inside.cuda import CudaBackend
from ckptgui.device.inside.falling_back import worked_out
from ckptgui.device.messages import OutOfMemoryError

GONE = torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nCUDA kernel errors might …")
FULL = torch.AcceleratorError("CUDA error: out of memory\nCompile with …")
BUSY = torch.AcceleratorError("CUDA error: CUDA-capable device(s) is/are busy or unavailable")


@pytest.fixture
def said(monkeypatch):
    """What the driver says to a look at the memory, and to who waits for all work: a value, or what is raised."""
    answers = {"mem_get_info": (6 << 30, 8 << 30), "synchronize": None}

    def answer(name):
        def call(_):
            if isinstance(answers[name], Exception):
                raise answers[name]
            return answers[name]

        return call

    for name in answers:
        monkeypatch.setattr(torch.cuda, name, answer(name))
    properties = SimpleNamespace(name="Some GPU", total_memory=8 << 30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 1 << 30)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 0)
    monkeypatch.setattr(CudaBackend, "give_back", lambda self: None)
    return answers


def raising(error):
    def there():
        raise error

    return there


def test_memory_that_torch_keeps_unused_counts_as_free(said):
    info = CudaBackend(0).info()
    assert (info.name, info.title, info.free, info.total) == ("cuda:0", "Some GPU", 7 << 30, 8 << 30)


@pytest.mark.parametrize("error", [FULL, BUSY])
def test_a_device_that_others_have_whole_is_listed_all_the_same(said, error):
    said["mem_get_info"] = error
    backend = CudaBackend(0)
    assert backend.info().total == 8 << 30
    with (
        pytest.raises(OutOfMemoryError, match=r"cuda:0 has 1\.00 GiB free; 2\.00 GiB are needed\."),
        backend.scratch(2 << 30),
    ):
        pass


@pytest.mark.parametrize(
    "error",
    [
        NotImplementedError("\"index_cuda\" not implemented for 'UInt16'"),
        RuntimeError("cusolver error: CUSOLVER_STATUS_INTERNAL_ERROR"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        FULL,
    ],
)
def test_what_a_device_that_answers_refuses_is_worked_out_on_the_cpu(said, error):
    found, why = worked_out(CudaBackend(0), 1 << 20, raising(error), lambda: "found")
    assert found == "found"
    assert why.startswith("cuda:0 ")
    assert why.endswith("It was worked out on the CPU instead.")


def test_a_device_that_answers_no_more_is_gone(said):
    said["synchronize"] = GONE
    with pytest.raises(DeviceGone, match="cuda:0 failed: CUDA error: an illegal memory access was encountered"):
        worked_out(CudaBackend(0), 1 << 20, raising(GONE), lambda: "found")
