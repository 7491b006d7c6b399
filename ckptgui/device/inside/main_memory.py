"""Main memory as a device."""

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
from ckptgui.device.inside.backend import flat_bytes, require_memory, short_of
from ckptgui.device.messages import DeviceInfo, DeviceKind

_UNASKED = 1 << 20
"""Bytes of main memory that are taken without a look at how much there is, which takes longer."""


class CpuBackend:
    """Main memory."""

    name = "cpu"
    kind = DeviceKind.CPU

    def info(self) -> DeviceInfo:
        """Main memory and how much of it could be taken."""
        total, free = main_memory()
        return DeviceInfo(self.name, self.kind, processor(), total, free)

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
def processor() -> str:
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
