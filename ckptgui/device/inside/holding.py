"""The tensors that the process holds, by token."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import Backend
from ckptgui.device.messages import DeviceError, Token


@dataclass(frozen=True, slots=True)
class Held:
    """A tensor on a device. ``raw`` are its bytes as a flat uint8 tensor, ``tensor`` the same memory as values.

    ``tensor`` has the file's dtype and shape, row-major; quantised ones are their stored integers, and what torch
    has no type for (packed, shell types) is flat bytes. ``info`` is the tensor as the file has it.
    """

    token: Token
    info: TensorInfo
    backend: Backend
    raw: Tensor
    tensor: Tensor
    digest: bytes = b""
    checked: bool = False

    @property
    def device(self) -> str:
        """What the tensor reports."""
        return self.backend.reported(self.tensor)


class Holding:
    """What is held; any thread may ask. A tensor that was let go lives on for whoever still works with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Token, Held] = {}

    def __getitem__(self, token: Token) -> Held:
        with self._lock:
            held = self._held.get(token)
        if held is None:
            raise DeviceError("It is no longer on the device.")
        return held

    def put(self, arrived: Iterable[Held]) -> None:
        """Hold these, under tokens that nothing had before."""
        with self._lock:
            self._held.update((held.token, held) for held in arrived)

    def replace(self, arrived: Iterable[Held]) -> list[Held]:
        """Hold these in place of their elders; those that were freed meanwhile are let go. Returns the others."""
        kept, gone = [], []
        with self._lock:
            for held in arrived:
                elder = self._held.get(held.token)
                gone.append(elder or held)
                if elder is not None:
                    self._held[held.token] = held
                    kept.append(held)
        for held in gone:
            held.backend.free(held.raw)
        return kept

    def free(self, tokens: Iterable[Token]) -> None:
        """Let go; a token that is not held is no error. See ``Backend.give_back``."""
        with self._lock:
            gone = [self._held.pop(token) for token in tokens if token in self._held]
        for held in gone:
            held.backend.free(held.raw)


def torch_dtype(dtype: DType) -> torch.dtype | None:
    """How torch calls the elements; None where they are kept as the bytes that they are."""
    if dtype.kind is Kind.PACKED:
        return None
    found = getattr(torch, dtype.array_name if dtype.kind is Kind.QUANTIZED else dtype.name, None)
    return found if isinstance(found, torch.dtype) else None


def as_values(raw: Tensor, info: TensorInfo) -> Tensor:
    """Bytes as values, where torch has the type."""
    dtype = torch_dtype(info.dtype)
    if dtype is None:
        return raw
    if not raw.numel():
        return torch.empty(info.shape, dtype=dtype, device=raw.device)
    return raw.view(dtype).reshape(info.shape)
