"""Singular values of a matrix, and what they say of its rank."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BLOCK = 4
"""Rows that are taken into the triangle at a time, as a multiple of the shorter side."""


@dataclass(frozen=True)
class Spectrum:
    """``values`` are the singular values in falling order, float64, as many as the matrix's shorter side."""

    shape: tuple[int, int]
    values: np.ndarray

    @property
    def stable_rank(self) -> float:
        """Squared Frobenius norm over squared spectral norm: how many directions carry the weight; 0 of zeros."""
        if not self.values[0]:
            return 0.0
        shares = self.values / self.values[0]
        return float(np.square(shares).sum())

    @property
    def effective_rank(self) -> float:
        """The exponential of the entropy of the values' shares (Roy and Vetterli, 2007); 0 of zeros."""
        if not self.values[0]:
            return 0.0
        shares = self.values / self.values[0]
        shares = shares / shares.sum()
        some = shares[shares > 0]
        return float(np.exp(-(some * np.log(some)).sum()))

    @property
    def numerical_rank(self) -> int:
        """Values above what rounding of float32 makes of zero: the largest times the longer side times 2**-23."""
        return int((self.values > self.values[0] * max(self.shape) * 2.0**-23).sum())

    def directions_for(self, share: float) -> int:
        """The fewest directions that hold ``share`` of the squared norm."""
        squares = np.cumsum(np.square(self.values / (self.values[0] or 1.0)))
        return int(np.searchsorted(squares, share * squares[-1]) + 1) if squares[-1] else 0


def operations(shape: tuple[int, int]) -> float:
    """About how many multiplications and additions it takes to find them."""
    longer, shorter = max(shape), min(shape)
    triangle = 2.0 * longer * shorter**2 if longer > shorter else 0.0
    return triangle + 8.0 / 3.0 * shorter**3


def spectrum(matrix: np.ndarray, step: Callable[[float], None]) -> Spectrum:
    """Find them. ``matrix`` is of float32 or float64 and finite, ``step`` hears the share of work that is done.

    A long matrix is first made a triangle, block by block, which changes no singular value; so float64 is only
    ever needed for two squares of its shorter side.
    """
    rows, columns = matrix.shape
    tall = matrix if rows >= columns else matrix.T
    longer, shorter = tall.shape
    total = operations(matrix.shape)
    if longer > shorter:
        triangle = np.zeros((0, shorter))
        for start in range(0, longer, BLOCK * shorter):
            block = tall[start : start + BLOCK * shorter].astype(np.float64)
            triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, block]), mode="r"))
            step(min(1.0, 2.0 * (start + len(block)) * shorter**2 / total))
    else:
        triangle = tall.astype(np.float64)
    values = np.linalg.svd(triangle, compute_uv=False)
    step(1.0)
    return Spectrum((rows, columns), values)
