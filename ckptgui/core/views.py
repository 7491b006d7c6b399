"""Plain tensors in columns, as a reader that met very many of them hands them over, and their geometry judged.

Shapes are matrices: a row a tensor, as many columns as the widest has dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ckptgui.core.dtypes import DType

SURE = 2**48
"""Numbers up to here need no thought about overflow."""


@dataclass(frozen=True)
class Views:
    """Strided views of whole storages, one a row.

    ``shape`` has 1 and ``strides`` 0 beyond a row's ``ndim``; sizes, strides and offsets count elements.
    ``strides`` is None where all are row-major. ``dtype`` and ``device`` are places in ``dtypes`` and
    ``devices``, ``storage`` a row that the builder gave.
    """

    shape: np.ndarray  # int64, (n, widest)
    ndim: np.ndarray  # int64
    strides: np.ndarray | None  # int64, (n, widest)
    dtype: np.ndarray
    dtypes: tuple[DType, ...]
    device: np.ndarray
    devices: tuple[str, ...]
    storage: np.ndarray
    offset: np.ndarray  # int64
    requires_grad: np.ndarray  # bool
    parameter: np.ndarray | None = None  # bool; None where none is

    def __len__(self) -> int:
        return len(self.ndim)

    @property
    def steps(self) -> np.ndarray:
        """The strides, worked out where they are row-major (a zero-size dimension counts as one)."""
        return row_major(self.shape, self.ndim) if self.strides is None else self.strides

    @property
    def within(self) -> np.ndarray:
        """bool, (n, widest): which columns of each row are dimensions."""
        return within(self.ndim, self.shape.shape[1])


class Measure(NamedTuple):
    """Of each view: its elements, the elements from its first to its last, and whether both are beyond doubt."""

    numel: np.ndarray
    span: np.ndarray
    sure: np.ndarray


def within(ndim: np.ndarray, widest: int) -> np.ndarray:
    """bool, (n, widest): which columns of each row are dimensions."""
    inside: np.ndarray = np.arange(widest) < ndim[:, None]
    return inside


def row_major(shape: np.ndarray, ndim: np.ndarray) -> np.ndarray:
    """Strides of row-major tensors, 0 beyond their dimensions; where they overflow ``measure`` is in doubt."""
    steps = np.ones_like(shape)
    if shape.shape[1] > 1:
        sizes = np.maximum(shape[:, :0:-1], 1)
        steps[:, :-1] = np.cumprod(sizes, axis=1)[:, ::-1]
    return np.where(within(ndim, shape.shape[1]), steps, 0)


def measure(shape: np.ndarray, steps: np.ndarray) -> Measure:
    """Judge all views at once; zero-size, overlapping negative and enormous ones are left in doubt."""
    numel = np.prod(shape, axis=1)
    span = 1 + ((shape - 1) * steps).sum(axis=1)
    elements = np.prod(shape, axis=1, dtype=np.float64)  # these do not wrap round
    reach = ((shape - 1.0) * steps).sum(axis=1)
    sure = (elements <= SURE) & (reach < SURE) & (shape >= 1).all(axis=1) & (steps >= 0).all(axis=1)
    return Measure(numel, span, sure)
