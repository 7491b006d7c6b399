"""What stored bits stand for as float64 on a device: every value of the dtype exactly, but for long integers."""

from __future__ import annotations

import torch

from ckptgui.analysis.narrow import code_values
from ckptgui.core.dtypes import DType, Kind


def has_float64(device: torch.device) -> bool:
    """Whether the device computes in float64 at all."""
    return device.type != "mps"


class Reals:
    """Turns bits of one dtype, of a kind that passes fold on a device, into float64 there."""

    def __init__(self, dtype: DType, device: torch.device) -> None:
        self._dtype = dtype
        self._table = torch.from_numpy(code_values(dtype)).to(device) if dtype.bits <= 16 else None

    def __call__(self, bits: torch.Tensor) -> torch.Tensor:
        """The values; integers of 64 bits are rounded once. Those of float64 are the same memory."""
        dtype = self._dtype
        if self._table is not None:
            return self._table[bits.long() & (1 << dtype.bits) - 1]
        if dtype.kind is Kind.FLOAT:
            return bits.view(torch.float32 if dtype.bits == 32 else torch.float64).double()
        if dtype.kind is Kind.SIGNED:
            return bits.double()
        return unsigned_reals(bits) if dtype.bits == 64 else (bits.long() & 0xFFFFFFFF).double()


def unsigned_reals(bits: torch.Tensor) -> torch.Tensor:
    """float64 of unsigned integers of 64 bits, given as signed ones; rounded once, half to even."""
    halved = ((bits >> 1) & (1 << 63) - 1) | (bits & 1)  # the last bit stays, lest a half be taken for less
    return torch.where(bits < 0, halved.double() * 2.0, bits.double())
