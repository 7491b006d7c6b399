"""What the process that has torch is asked, and what it answers: small frozen values, all of them plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ckptgui.core.tensors import TensorInfo
from ckptgui.errors import CheckpointError


class DeviceError(CheckpointError):
    """Something that a device would not do, in a sentence."""


class OutOfMemoryError(DeviceError):
    """The device has not the memory; what was there before is there still."""


class DeviceLostError(DeviceError):
    """The process or its device is gone, and with it every tensor that it held; a new one starts on next need."""


class DeviceKind(Enum):
    """What sort of device it is."""

    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"
    SIMULATED = "simulated"  # for trials without a GPU: main memory with a limit, latency and faults of its own


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device and its memory in bytes. ``name`` is how torch calls it (``cuda:0``), ``title`` the hardware."""

    name: str
    kind: DeviceKind
    title: str
    total: int
    free: int

    @property
    def is_accelerator(self) -> bool:
        """Whether it is anything but the CPU."""
        return self.kind is not DeviceKind.CPU


@dataclass(frozen=True, slots=True)
class Inventory:
    """The devices there are, the CPU first; ``why_none`` says why there is no real accelerator, if so."""

    devices: tuple[DeviceInfo, ...]
    torch_version: str
    why_none: str = ""

    @property
    def accelerators(self) -> tuple[DeviceInfo, ...]:
        """Those that are not the CPU."""
        return tuple(device for device in self.devices if device.is_accelerator)


Token = int
"""The number under which the process holds a tensor; never given twice while this program runs."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A tensor that the process holds: contiguous, row-major, conjugation and negation applied.

    ``device`` is what the tensor itself reports. ``digest`` was taken of the bytes as they lie there, ``checked``
    that it is that of the bytes that were read from the file. ``info`` is the tensor as the file has it.
    """

    token: Token
    info: TensorInfo
    device: str
    nbytes: int
    digest: bytes
    checked: bool
