"""What a device must be able to do for the process; ``tests/device/conformance.py`` holds every backend to it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import torch
from torch import Tensor

from ckptgui.core.plain_numbers import size
from ckptgui.device.messages import DeviceInfo, DeviceKind, OutOfMemoryError


class DeviceGone(Exception):  # noqa: N818 - the end of the process rather than of a request
    """The device answers nothing any more; only a new process can use it again. Says why in a sentence."""


class Backend(Protocol):
    """One device. Bytes lie in flat uint8 tensors; ``start`` and lengths are bytes.

    For several threads at once. Raises ``OutOfMemoryError`` where the memory does not suffice, with everything
    as it was, and ``DeviceGone`` where the device fails otherwise.
    """

    @property
    def name(self) -> str:
        """What tensors on it report (``cuda:0``)."""
        ...

    @property
    def kind(self) -> DeviceKind:
        """What sort of device it is."""
        ...

    def info(self) -> DeviceInfo:
        """The device and its memory now; memory that torch keeps for its next use counts as free."""
        ...

    def allocate(self, nbytes: int) -> Tensor:
        """Memory of its own for a tensor, contents undefined."""
        ...

    def free(self, where: Tensor) -> None:
        """The memory is not needed any more, once nobody holds the tensor."""
        ...

    def give_back(self) -> None:
        """Return what torch keeps for its next use, to which nothing refers any more."""
        ...

    def staging(self, nbytes: int) -> Tensor:
        """Main memory from which and to which this device copies fastest."""
        ...

    def lane(self) -> AbstractContextManager[None]:
        """What a thread that copies works in: its copies overlap those of other threads."""
        ...

    def write(self, where: Tensor, start: int, chunk: Tensor) -> None:
        """Copy ``chunk`` (staging) to the device; it lies there when this returns."""
        ...

    def read(self, where: Tensor, start: int, into: Tensor) -> None:
        """Copy bytes of the device to ``into`` (staging); they are there when this returns."""
        ...

    def direct(self, where: Tensor) -> memoryview | None:
        """The bytes themselves where they lie in main memory and may be read as they are."""
        ...

    def transfer(self, nbytes: int) -> AbstractContextManager[None]:
        """Announce that so many bytes come in all."""
        ...

    def scratch(self, nbytes: int) -> AbstractContextManager[None]:
        """Announce that work takes so much of its memory meanwhile; raises where that is not there."""
        ...

    def reported(self, tensor: Tensor) -> str:
        """The device that the tensor itself says it is on."""
        ...

    def synchronise(self) -> None:
        """Wait until all work on it is done."""
        ...


def require_memory(info: DeviceInfo, needed: int) -> None:
    """Raise where a device has less memory free than that."""
    if needed > info.free:
        raise short_of(info, needed)


def short_of(info: DeviceInfo, needed: int) -> OutOfMemoryError:
    """The refusal for want of memory, with both numbers."""
    if needed <= info.free:
        return OutOfMemoryError(f"{info.name} has {size(info.free)} free, but not {size(needed)} in one piece.")
    return OutOfMemoryError(f"{info.name} has {size(max(0, info.free))} free; {size(needed)} are needed.")


def flat_bytes(tensor: Tensor) -> memoryview:
    """The bytes of a flat uint8 tensor in main memory."""
    assert tensor.dtype is torch.uint8 and tensor.device.type == "cpu"
    return tensor.numpy().data
