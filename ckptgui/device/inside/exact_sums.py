"""Sums of floats in which nothing is lost, on a device: floats are counted by their leading bits, and what trails
those bits is added up as integers, so that it does not matter in which order the device adds.

A float is a whole number of its exponent's unit: what its leading bits say, plus what trails them. So the sum of
the floats of one code is known from their count and from the sum of what trails, and that of their squares from
the sum of its squares too. Trailing bits are cut into limbs, lest a sum of products outgrow 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ckptgui.analysis.sums import Sums

_OFTEN = 1 << 30
"""Elements after which the device's tables are emptied: no entry has outgrown 63 bits by then."""


@dataclass(frozen=True)
class Width:
    """How floats of a width are cut: their bits and mantissa, the bits that trail a code, and those of a limb."""

    bits: int
    mantissa: int
    trailing: int
    limb: int

    @property
    def codes(self) -> int:
        """Sign, exponent and leading mantissa as a number below this."""
        return 1 << (self.bits - self.trailing)

    @property
    def limbs(self) -> int:
        """Limbs of what trails."""
        return self.trailing // self.limb

    @property
    def rows(self) -> int:
        """Counts, the sum of each limb, and that of products by the place that they belong to."""
        return 1 + self.limbs + 2 * self.limbs - 1


SINGLE = Width(32, 23, 16, 16)
DOUBLE = Width(64, 52, 45, 15)


class FloatSums:
    """Counts by code and exact sums of floats, given as integers of their width."""

    def __init__(self, width: Width, device: torch.device) -> None:
        self._width = width
        self._tables = torch.zeros((width.rows, width.codes), dtype=torch.int64, device=device)
        self._whole: np.ndarray | None = None  # of Python's integers, where tables were emptied
        self._room = _OFTEN

    def add(self, bits: torch.Tensor) -> None:
        """Take in some floats."""
        self._room -= bits.numel()
        if self._room < 0:
            self._whole, self._room = self._emptied(), _OFTEN - bits.numel()
        width, tables = self._width, self._tables
        codes = ((bits >> width.trailing) & (width.codes - 1)).long()
        mask = (1 << width.limb) - 1
        limbs = [((bits >> at) & mask).long() for at in range(0, width.trailing, width.limb)]
        tables[0] += torch.bincount(codes, minlength=width.codes)
        for row, limb in enumerate(limbs, 1):
            tables[row].scatter_add_(0, codes, limb)
        for place in range(2 * len(limbs) - 1):
            pairs = [(j, place - j) for j in range(len(limbs)) if 0 <= place - j < len(limbs)]
            products = sum((limbs[j] * limbs[k] for j, k in pairs[1:]), limbs[pairs[0][0]] * limbs[pairs[0][1]])
            tables[1 + len(limbs) + place].scatter_add_(0, codes, products)

    def _emptied(self) -> np.ndarray:
        mine = self._tables.cpu().numpy().astype(object)
        self._tables.zero_()
        return mine if self._whole is None else self._whole + mine

    def finish(self) -> tuple[np.ndarray, Sums]:
        """Counts by code, those of NaN and infinities included, and the sums of the finite values."""
        tables = self._tables.cpu().numpy() if self._whole is None else self._emptied()
        counts = tables[0].astype(np.int64)
        width, exponents = self._width, 1 << (self._width.bits - 1 - self._width.mantissa)
        leading = width.codes // 2 // exponents  # codes of one exponent
        held = np.flatnonzero(counts)
        exponent = held // leading % exponents
        held, exponent = held[exponent < exponents - 1], exponent[exponent < exponents - 1]
        limbs = tables[1 : 1 + width.limbs, held].astype(object)
        products = tables[1 + width.limbs :, held].astype(object)
        trail = sum((row << (width.limb * k) for k, row in enumerate(limbs)), np.zeros(held.size, object))
        squares = sum((row << (width.limb * k) for k, row in enumerate(products)), np.zeros(held.size, object))
        hidden = np.where(exponent > 0, leading, 0)
        base = (hidden + held % leading).astype(object) << width.trailing
        many = counts[held].astype(object)
        sizes = many * base + trail
        squares = many * base * base + 2 * base * trail + squares
        ups = np.maximum(exponent - 1, 0).astype(object)
        signs = np.where(held >= width.codes // 2, -1, 1).astype(object)
        sizes, squares = sizes << ups, squares << 2 * ups
        unit = 2 - exponents // 2 - width.mantissa  # the exponent of the smallest subnormal
        total, size, square = (int(part.sum()) for part in (signs * sizes, sizes, squares))
        return counts, Sums(int(counts[held].sum()), total, size, square, unit)
