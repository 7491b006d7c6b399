"""Apple's GPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ckptgui.device.inside.backend import require_memory, short_of
from ckptgui.device.inside.main_memory import processor
from ckptgui.device.messages import DeviceInfo, DeviceKind


class MpsBackend:
    """Apple's GPU, which shares main memory."""

    name = "mps:0"
    kind = DeviceKind.MPS
    _device = torch.device("mps", 0)

    def info(self) -> DeviceInfo:
        """What Metal recommends, less what it has given out."""
        total = torch.mps.recommended_max_memory()
        free = max(0, total - torch.mps.driver_allocated_memory())
        return DeviceInfo(self.name, self.kind, f"Apple GPU ({processor()})", total, free)

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
