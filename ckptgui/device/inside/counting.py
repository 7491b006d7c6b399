"""Counts on a device: how often each code stands there, and how many keys lie in given ranges.

Counts are integers, so they are the same in whatever order a device adds them up.
"""

from __future__ import annotations

import numpy as np
import torch

from ckptgui.analysis.keys import Space
from ckptgui.analysis.refinement import RefinementPass
from ckptgui.core.dtypes import DType, Kind

LOWEST = -(1 << 63)


def keys_of(space: Space, bits: torch.Tensor, dtype: DType) -> torch.Tensor:
    """The keys (int64, ``analysis.keys``) of elements of 32 or 64 bits."""
    if space in ("float32", "float64"):
        magnitude = bits & ((1 << dtype.bits - 1) - 1)
        return torch.where(bits < 0, -magnitude, magnitude).long()
    if space == "uint64":
        return bits ^ LOWEST
    return bits.long() & 0xFFFFFFFF if dtype.kind is Kind.UNSIGNED else bits.long()


def counts_by(codes: torch.Tensor, size: int) -> torch.Tensor:
    """How often each number below ``size`` stands among ``codes``."""
    return torch.bincount(codes, minlength=size)


class RangeCounts:
    """What ``RefinementPass`` counts, of keys on a device."""

    def __init__(self, closer: RefinementPass, device: torch.device) -> None:
        self._closer = closer
        shifts, places = closer.shifts, closer.places()
        # Distances are unsigned and shifted as such; what fills them up from the left is taken off.
        masks = np.array([-1 if shift == 0 else (1 << 64 - int(shift)) - 1 for shift in shifts], np.int64)
        arrays = closer.lows, closer.highs, shifts, places, masks
        self._lows, self._highs, self._shifts, self._places, self._masks = (
            torch.from_numpy(np.ascontiguousarray(array, np.int64)).to(device) for array in arrays
        )
        self._size = int(places[-1])
        self._counts = torch.zeros(self._size, dtype=torch.int64, device=device)

    def add(self, keys: torch.Tensor) -> None:
        """Take in some keys."""
        target = torch.searchsorted(self._lows, keys, right=True) - 1
        inside = (target >= 0) & (keys <= self._highs[target.clamp(min=0)])
        keys, target = keys[inside], target[inside]
        steps = ((keys - self._lows[target]) >> self._shifts[target]) & self._masks[target]
        self._counts += counts_by(self._places[target] + steps, self._size)

    @property
    def counts(self) -> np.ndarray:
        """What was counted, on the CPU."""
        return self._counts.cpu().numpy()
