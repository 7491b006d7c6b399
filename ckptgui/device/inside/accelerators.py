"""The devices that torch itself knows: main memory, CUDA's, and Apple's; and why there is no accelerator."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from ckptgui.core.display import display
from ckptgui.device.inside.backend import DeviceGone, flat_bytes, require_memory, short_of
from ckptgui.device.messages import DeviceInfo, DeviceKind

_UNASKED = 1 << 20
"""Bytes of main memory that are taken without a look at how much there is, which takes longer."""

_OF_THE_DEVICE = ("CUDA error", "HIP error", "CUDA driver error", "cudaError", "_STATUS_EXECUTION_FAILED")
"""How torch begins what the driver said, apart from its own refusals."""


class CpuBackend:
    """Main memory."""

    name = "cpu"
    kind = DeviceKind.CPU

    def info(self) -> DeviceInfo:
        """Main memory and how much of it could be taken."""
        total, free = main_memory()
        return DeviceInfo(self.name, self.kind, _processor(), total, free)

    def allocate(self, nbytes: int) -> Tensor:
        """Asked for before it is taken: the system would promise more than it has and end the process later."""
        if nbytes > _UNASKED:
            require_memory(self.info(), nbytes)
        try:
            return torch.empty(nbytes, dtype=torch.uint8)
        except RuntimeError as error:
            raise short_of(self.info(), nbytes) from error

    def free(self, where: Tensor) -> None:
        """Nothing but the tensor holds it."""

    def give_back(self) -> None:
        """Nothing is kept."""

    def staging(self, nbytes: int) -> Tensor:
        """Plain memory."""
        return torch.empty(nbytes, dtype=torch.uint8)

    @contextmanager
    def lane(self) -> Iterator[None]:
        """Nothing to prepare."""
        yield

    def write(self, where: Tensor, start: int, chunk: Tensor) -> None:
        """A copy in memory."""
        where[start : start + chunk.numel()].copy_(chunk)

    def read(self, where: Tensor, start: int, into: Tensor) -> None:
        """A copy in memory."""
        into.copy_(where[start : start + into.numel()])

    def direct(self, where: Tensor) -> memoryview | None:
        """The tensor's own memory."""
        return flat_bytes(where)

    @contextmanager
    def transfer(self, nbytes: int) -> Iterator[None]:
        """Nothing to prepare."""
        yield

    @contextmanager
    def scratch(self, nbytes: int) -> Iterator[None]:
        """Looked up beforehand, as in ``allocate``."""
        require_memory(self.info(), nbytes)
        yield

    def reported(self, tensor: Tensor) -> str:
        """What torch says."""
        return str(tensor.device)

    def synchronise(self) -> None:
        """Nothing is under way."""


class CudaBackend:
    """A GPU behind CUDA (or ROCm, which torch calls the same). A lane copies on a stream of its own."""

    kind = DeviceKind.CUDA

    def __init__(self, number: int) -> None:
        self.name = f"cuda:{number}"
        self._device = torch.device("cuda", number)

    def info(self) -> DeviceInfo:
        """What the driver says, and what torch keeps unused on top."""
        with self._failures(0):
            free, total = torch.cuda.mem_get_info(self._device)
            unused = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
            title = torch.cuda.get_device_name(self._device)
        return DeviceInfo(self.name, self.kind, display(title), total, free + unused)

    def allocate(self, nbytes: int) -> Tensor:
        """From torch's own store of the device's memory."""
        with self._failures(nbytes):
            return torch.empty(nbytes, dtype=torch.uint8, device=self._device)

    def free(self, where: Tensor) -> None:
        """Back to torch's store; see ``give_back``."""

    def give_back(self) -> None:
        """What torch keeps is anybody's again."""
        with self._failures(0), torch.cuda.device(self._device):
            torch.cuda.empty_cache()

    def staging(self, nbytes: int) -> Tensor:
        """Pinned memory; plain where the system lets us pin none, which is only slower."""
        try:
            return torch.empty(nbytes, dtype=torch.uint8, pin_memory=True)
        except RuntimeError:
            return torch.empty(nbytes, dtype=torch.uint8)

    @contextmanager
    def lane(self) -> Iterator[None]:
        """A stream of this thread's own, behind what was begun before."""
        with self._failures(0):
            stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.default_stream(self._device))
            with torch.cuda.device(self._device), torch.cuda.stream(stream):
                try:
                    yield
                finally:
                    stream.synchronize()

    def write(self, where: Tensor, start: int, chunk: Tensor) -> None:
        """On the lane's stream; other lanes' copies and reads go on meanwhile."""
        with self._failures(0):
            where[start : start + chunk.numel()].copy_(chunk, non_blocking=True)
            torch.cuda.current_stream(self._device).synchronize()

    def read(self, where: Tensor, start: int, into: Tensor) -> None:
        """On the lane's stream."""
        with self._failures(0):
            into.copy_(where[start : start + into.numel()], non_blocking=True)
            torch.cuda.current_stream(self._device).synchronize()

    def direct(self, where: Tensor) -> memoryview | None:
        """They do not lie in main memory."""
        return None

    @contextmanager
    def transfer(self, nbytes: int) -> Iterator[None]:
        """Nothing to prepare."""
        yield

    @contextmanager
    def scratch(self, nbytes: int) -> Iterator[None]:
        """Looked up beforehand; the work may still find less."""
        require_memory(self.info(), nbytes)
        with self._failures(nbytes):
            yield

    def reported(self, tensor: Tensor) -> str:
        """What torch says."""
        return str(tensor.device)

    def synchronise(self) -> None:
        """All streams."""
        with self._failures(0):
            torch.cuda.synchronize(self._device)

    @contextmanager
    def _failures(self, needed: int) -> Iterator[None]:
        """Out of memory leaves the device as it was; after any other failure of CUDA it answers no more."""
        try:
            yield
        except torch.OutOfMemoryError as error:
            raise short_of(self.info(), needed) from error
        except RuntimeError as error:
            first = str(error).partition("\n")[0]
            if not any(name in first for name in _OF_THE_DEVICE):
                raise
            raise DeviceGone(f"{self.name} failed: {display(first)}") from error


class MpsBackend:
    """Apple's GPU, which shares main memory."""

    name = "mps:0"
    kind = DeviceKind.MPS
    _device = torch.device("mps", 0)

    def info(self) -> DeviceInfo:
        """What Metal recommends, less what it has given out."""
        total = torch.mps.recommended_max_memory()
        free = max(0, total - torch.mps.driver_allocated_memory())
        return DeviceInfo(self.name, self.kind, f"Apple GPU ({_processor()})", total, free)

    def allocate(self, nbytes: int) -> Tensor:
        """Looked up beforehand: what exceeds it would be taken from all other programs."""
        require_memory(self.info(), nbytes)
        try:
            return torch.empty(nbytes, dtype=torch.uint8, device=self._device)
        except RuntimeError as error:
            raise short_of(self.info(), nbytes) from error

    def free(self, where: Tensor) -> None:
        """Back to torch's store; see ``give_back``."""

    def give_back(self) -> None:
        """What torch keeps is anybody's again."""
        torch.mps.empty_cache()

    def staging(self, nbytes: int) -> Tensor:
        """Plain memory, which is the same memory."""
        return torch.empty(nbytes, dtype=torch.uint8)

    @contextmanager
    def lane(self) -> Iterator[None]:
        """There is one queue for all."""
        yield

    def write(self, where: Tensor, start: int, chunk: Tensor) -> None:
        """A copy that waits for its end."""
        where[start : start + chunk.numel()].copy_(chunk)
        torch.mps.synchronize()

    def read(self, where: Tensor, start: int, into: Tensor) -> None:
        """A copy that waits for its end."""
        into.copy_(where[start : start + into.numel()])

    def direct(self, where: Tensor) -> memoryview | None:
        """They may not be read as they are."""
        return None

    @contextmanager
    def transfer(self, nbytes: int) -> Iterator[None]:
        """Nothing to prepare."""
        yield

    @contextmanager
    def scratch(self, nbytes: int) -> Iterator[None]:
        """Looked up beforehand."""
        require_memory(self.info(), nbytes)
        yield

    def reported(self, tensor: Tensor) -> str:
        """What torch says."""
        return str(tensor.device)

    def synchronise(self) -> None:
        """Wait for the queue."""
        torch.mps.synchronize()


def accelerators() -> list[CudaBackend | MpsBackend]:
    """Those that this torch can use here."""
    found: list[CudaBackend | MpsBackend] = []
    if torch.cuda.is_available():
        found += [CudaBackend(number) for number in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append(MpsBackend())
    return found


def why_none() -> str:
    """Why there is no accelerator, in a sentence."""
    version = torch.__version__
    if platform.system() == "Darwin":
        if not torch.backends.mps.is_built():
            return f"This PyTorch ({version}) was built without MPS, so tensors cannot be moved to a GPU."
        return "PyTorch finds no GPU that MPS can use; it takes macOS 12.3 or newer and a Metal device."
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        return f"This PyTorch ({version}) was built for CPU only, so tensors cannot be moved to a GPU."
    hidden = "CUDA_VISIBLE_DEVICES" if torch.version.hip is None else "HIP_VISIBLE_DEVICES"
    if os.environ.get(hidden) in ("", "-1"):
        return f"{hidden} is empty, which hides every GPU from PyTorch."
    if torch.version.hip is None and not Path("/proc/driver/nvidia/version").exists():
        return f"PyTorch ({version}) finds no NVIDIA driver on this machine."
    return f"PyTorch ({version}) finds no GPU that it can use on this machine."


def main_memory() -> tuple[int, int]:
    """Bytes of main memory, and those that could be taken without swapping."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        told = {line.partition(":")[0]: int(line.split()[1]) << 10 for line in lines if line.endswith("kB")}
        return told["MemTotal"], told["MemAvailable"]
    except (OSError, KeyError, ValueError):  # no Linux
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        known = "SC_AVPHYS_PAGES" in os.sysconf_names
        return total, page * os.sysconf("SC_AVPHYS_PAGES") if known else total


@lru_cache(maxsize=1)
def _processor() -> str:
    """The processor as the system calls it."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name.strip() == "model name":
                    return display(value.strip())
    except OSError:
        pass
    return display(platform.processor() or platform.machine())
