"""A device that is none: main memory with a limit, a latency and failures of its own, for trials without a GPU."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from ckptgui.core.display import display
from ckptgui.device.inside.backend import DeviceGone, require_memory
from ckptgui.device.messages import DeviceError, DeviceInfo, DeviceKind, OutOfMemoryError

VARIABLE = "CKPTGUI_SIMULATED_DEVICE"
"""The environment variable that asks for it, as ``memory=2GB,latency=5ms,fault=oom@0.5``."""

NAME = "sim:0"
FAULTS = ("oom", "killed", "lost", "hang")

_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}


@dataclass(frozen=True, slots=True)
class Settings:
    """``memory`` in bytes, ``latency`` of each copy in seconds, ``fault`` at ``share`` of each transfer."""

    memory: int = 2 * 10**9
    latency: float = 0.0
    fault: str = ""
    share: float = 0.0


def parse(text: str) -> Settings:
    """What the variable asks for; raises ``DeviceError`` for what it cannot."""
    found = Settings()
    for item in filter(None, text.split(",")):
        key, _, value = item.strip().partition("=")
        found = _with(found, key, value.strip())
    return found


def _with(found: Settings, key: str, value: str) -> Settings:
    memory, latency, fault, share = found.memory, found.latency, found.fault, found.share
    if key == "memory" and (match := re.fullmatch(rf"({_NUMBER})\s*([KMG]?i?B?)", value, re.IGNORECASE)):
        unit = match[2].upper()
        memory = int(float(match[1]) * _UNITS[unit if unit.endswith("B") or not unit else unit + "B"])
    elif key == "latency" and (match := re.fullmatch(rf"({_NUMBER})(ms|s)", value)):
        latency = float(match[1]) / (1000 if match[2] == "ms" else 1)
    elif key == "fault" and value == "none":
        fault = ""
    elif key == "fault" and (match := re.fullmatch(rf"({'|'.join(FAULTS)})@({_NUMBER})", value)):
        fault, share = match[1], float(match[2])
    else:
        known = "memory=2GB,latency=5ms,fault=oom@0.5"
        raise DeviceError(f"{VARIABLE} does not know “{display(f'{key}={value}')}”; it reads {known}.")
    return Settings(memory, latency, fault, share)


class SimulatedBackend:
    """Its tensors are torch's on the CPU; only what is told of them says ``sim:0``."""

    name = NAME
    kind = DeviceKind.SIMULATED

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._taken = 0
        self._due: float | None = None  # bytes until the fault; None while no transfer is announced

    def info(self) -> DeviceInfo:
        """The memory that it pretends to have."""
        total = self._settings.memory
        return DeviceInfo(NAME, self.kind, "Simulated accelerator", total, total - self._taken)

    def allocate(self, nbytes: int) -> Tensor:
        """Main memory, counted against the limit."""
        self._take(nbytes)
        return torch.empty(nbytes, dtype=torch.uint8)

    def free(self, where: Tensor) -> None:
        """Counted back."""
        self._take(-where.numel())

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
        """A copy in memory, which takes its time and may be the one that fails."""
        self._come_to(chunk.numel())
        self._wait()
        where[start : start + chunk.numel()].copy_(chunk)

    def read(self, where: Tensor, start: int, into: Tensor) -> None:
        """A copy in memory, which takes its time."""
        self._wait()
        into.copy_(where[start : start + into.numel()])

    def direct(self, where: Tensor) -> memoryview | None:
        """None, as of a device: reading goes through ``read``."""
        return None

    @contextmanager
    def transfer(self, nbytes: int) -> Iterator[None]:
        """The fault comes once its share of the bytes was written."""
        with self._lock:
            self._due = nbytes * self._settings.share if self._settings.fault else None
        try:
            yield
        finally:
            with self._lock:
                self._due = None

    @contextmanager
    def scratch(self, nbytes: int) -> Iterator[None]:
        """Counted against the limit meanwhile."""
        self._take(nbytes)
        try:
            yield
        finally:
            self._take(-nbytes)

    def reported(self, tensor: Tensor) -> str:
        """Its own name, so that nobody takes it for main memory or for a device."""
        return NAME

    def synchronise(self) -> None:
        """Nothing is under way."""

    def _wait(self) -> None:
        if self._settings.latency:
            time.sleep(self._settings.latency)

    def _take(self, nbytes: int) -> None:
        with self._lock:
            if nbytes > 0:
                require_memory(self.info(), nbytes)
            self._taken += nbytes

    def _come_to(self, nbytes: int) -> None:
        with self._lock:
            if self._due is None:
                return
            self._due -= nbytes
            if self._due > 0:
                return
            self._due = None
        match self._settings.fault:
            case "oom":
                raise OutOfMemoryError(f"{NAME} ran out of memory in the middle of the transfer, as simulated.")
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "lost":
                raise DeviceGone(f"{NAME} failed: simulated loss of the device")
            case "hang":
                threading.Event().wait()
