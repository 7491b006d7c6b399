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


EXACT = 1024
"""The shorter side up to which the values are found of the matrix itself, and not of its product with itself."""


def seconds(shape: tuple[int, int]) -> float:
    """About how long one ordinary core takes to find them."""
    longer, shorter = max(shape), min(shape)
    if shorter <= EXACT:
        return 1e-10 * longer * shorter**2 + 2.5e-10 * shorter**3
    return 2e-11 * longer * shorter**2 + 6e-11 * shorter**3


def spectrum(matrix: np.ndarray, step: Callable[[float], None]) -> Spectrum:
    """Find them. ``matrix`` is of float32 or float64 and finite, ``step`` hears the share of work that is done.

    Of large matrices the squares of the values are found, as the eigenvalues of the smaller product of the matrix
    with itself, in float64: five times as fast, and what is below 1e-8 of the largest value drowns in rounding,
    as it has in a matrix of float32 anyway.
    """
    rows, columns = matrix.shape
    tall = matrix if rows >= columns else matrix.T
    values = _by_triangle(tall, step) if tall.shape[1] <= EXACT else _by_product(tall, step)
    step(1.0)
    return Spectrum((rows, columns), values)


def _by_triangle(tall: np.ndarray, step: Callable[[float], None]) -> np.ndarray:
    """A long matrix is first made a triangle, block by block, which changes no singular value."""
    longer, shorter = tall.shape
    if longer == shorter:
        return np.asarray(np.linalg.svd(tall.astype(np.float64), compute_uv=False))
    triangle = np.zeros((0, shorter))
    for start in range(0, longer, BLOCK * shorter):
        block = tall[start : start + BLOCK * shorter].astype(np.float64)
        triangle = np.asarray(np.linalg.qr(np.concatenate([triangle, block]), mode="r"))
        step(0.7 * (start + len(block)) / longer)
    return np.asarray(np.linalg.svd(triangle, compute_uv=False))


def _by_product(tall: np.ndarray, step: Callable[[float], None]) -> np.ndarray:
    longer, shorter = tall.shape
    scale = float(np.abs(tall).max()) or 1.0  # so that squares fit
    product = np.zeros((shorter, shorter))
    for start in range(0, longer, EXACT):
        block = tall[start : start + EXACT].astype(np.float64) / scale
        product += block.T @ block
        step(0.3 * (start + len(block)) / longer)
    squares = np.linalg.eigvalsh(product)[::-1]
    values: np.ndarray = np.sqrt(np.maximum(squares, 0.0)) * scale
    return values
