"""The first reading of a resident tensor on its device: what ``analysis`` finds of a file, found with integers.

Each pass takes pieces of stored bits and comes to the ``Found`` that the CPU's pass of the same values comes to:
counts by the same codes, extremes and first places, and sums without loss. What is made of it is the CPU's code.
"""

from __future__ import annotations

from typing import Protocol

import torch

from ckptgui.analysis.found import Found
from ckptgui.core.dtypes import DType, Kind
from ckptgui.device.inside.float_pass import Floats
from ckptgui.device.inside.integer_pass import Integers
from ckptgui.device.inside.narrow_pass import NarrowCodes
from ckptgui.device.inside.stored import Piece


class FirstPass(Protocol):
    """A first reading. One object a tensor."""

    def add(self, piece: Piece) -> None:
        """Take in the next piece."""
        ...

    def finish(self) -> Found:
        """What was found."""
        ...


def has_pass(dtype: DType) -> bool:
    """Whether elements are folded on the device: floats, integers and truth values of any width.

    The others go to the CPU: a modulus is rounded there by a function of its own, and what is packed or quantised
    is small or rare.
    """
    return dtype.kind in (Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)


def fitting(dtype: DType, small: bool, device: torch.device) -> FirstPass:
    """The pass for a dtype; of ``small`` tensors every value is kept apart."""
    if dtype.bits <= 16:
        return NarrowCodes(dtype, small)
    if dtype.kind is Kind.FLOAT:
        return Floats(dtype, small, device)
    return Integers(dtype, small, device)
