"""The devices of this process and what it holds on them."""

from __future__ import annotations

import torch

from ckptgui.device.inside import accelerators, simulated
from ckptgui.device.inside.backend import Backend, flat_bytes
from ckptgui.device.inside.holding import Holding
from ckptgui.device.inside.main_memory import CpuBackend
from ckptgui.device.messages import DeviceKind, Inventory, Token


class Devices:
    """``backends`` by the name that tensors on them report, the CPU first. For several threads at once."""

    def __init__(self, simulating: str) -> None:
        """Look which there are; ``simulating`` asks for one that is none (see ``simulated.parse``)."""
        found: list[Backend] = [CpuBackend(), *accelerators.accelerators()]
        if simulating:
            found.append(simulated.SimulatedBackend(simulated.parse(simulating)))
        self.backends: dict[str, Backend] = {backend.name: backend for backend in found}
        self.holding = Holding()

    def inventory(self) -> Inventory:
        """What there is, with its memory now."""
        devices = tuple(backend.info() for backend in self.backends.values())
        real = any(device.is_accelerator and device.kind is not DeviceKind.SIMULATED for device in devices)
        return Inventory(devices, str(torch.__version__), "" if real else accelerators.why_none())

    def give_back(self) -> None:
        """Return what torch keeps of memory that nobody uses any more; may wait for work that is under way."""
        for backend in self.backends.values():
            backend.give_back()

    def read(self, token: Token, start: int, length: int) -> memoryview:
        """Bytes of a tensor where it lies, fewer at its end. Raises ``DeviceError`` where it is not held."""
        held = self.holding[token]
        length = max(0, min(length, held.raw.numel() - start))
        direct = held.backend.direct(held.raw)
        if direct is not None:
            return direct[start : start + length]
        staging = held.backend.staging(length)
        with held.backend.lane():
            held.backend.read(held.raw, start, staging)
        return flat_bytes(staging)
