"""A GPU behind CUDA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ckptgui.core.display import display
from ckptgui.device.inside.backend import DeviceGone, require_memory, short_of
from ckptgui.device.messages import DeviceInfo, DeviceKind

_OF_THE_DEVICE = ("CUDA error", "HIP error", "CUDA driver error", "cudaError", "_STATUS_EXECUTION_FAILED")
"""How torch begins what the driver said, apart from its own refusals."""

_TAKEN = ("out of memory", "busy or unavailable")
"""How the driver says that other programs leave nothing, not even for a first look at the device."""


class CudaBackend:
    """A GPU behind CUDA (or ROCm, which torch calls the same). A lane copies on a stream of its own."""

    kind = DeviceKind.CUDA

    def __init__(self, number: int) -> None:
        self.name = f"cuda:{number}"
        self._device = torch.device("cuda", number)

    def info(self) -> DeviceInfo:
        """What the driver says, and what torch keeps unused on top; nothing where other programs have it all."""
        with self._failures(None):
            found = torch.cuda.get_device_properties(self._device)
            unused = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(self._device)
            try:
                free, _ = torch.cuda.mem_get_info(self._device)
            except RuntimeError as error:
                if not _is_taken(error):
                    raise
                free = 0
        return DeviceInfo(self.name, self.kind, display(found.name), found.total_memory, free + unused)

    def allocate(self, nbytes: int) -> Tensor:
        """From torch's own store of the device's memory."""
        with self._failures(nbytes):
            return torch.empty(nbytes, dtype=torch.uint8, device=self._device)

    def free(self, where: Tensor) -> None:
        """Back to torch's store; see ``give_back``."""

    def give_back(self) -> None:
        """What torch keeps is anybody's again; waits for the work that is under way."""
        if torch.cuda.memory_reserved(self._device):
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
        """A stream of this thread's own, which waits for no other: bytes are read while a spectrum takes minutes.

        Who writes has synchronised after allocating, and nobody writes to a tensor that is held.
        """
        with self._failures(0):
            stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
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
    def _failures(self, needed: int | None) -> Iterator[None]:
        """Out of memory leaves the device as it was; after any other failure of CUDA it answers no more.

        ``needed`` is None where it is looked up how much memory there is, which must not look that up again.
        """
        try:
            yield
        except RuntimeError as error:
            if needed is not None and (isinstance(error, torch.OutOfMemoryError) or _is_taken(error)):
                raise short_of(self.info(), needed) from error
            if not _is_of_the_device(error):
                raise
            raise DeviceGone(f"{self.name} failed: {display(_first_line(error))}") from error


def _is_of_the_device(error: RuntimeError) -> bool:
    return any(name in _first_line(error) for name in _OF_THE_DEVICE)


def _is_taken(error: RuntimeError) -> bool:
    return _is_of_the_device(error) and any(words in _first_line(error) for words in _TAKEN)


def _first_line(error: RuntimeError) -> str:
    return str(error).partition("\n")[0]
