"""What the casts of many small tensors would lose, counted together: few reads, one loop, an answer for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.precision import FloatTarget
from ckptgui.core.columns import ragged
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorTable
from ckptgui.engine.batches import read_together
from ckptgui.engine.placing import Places
from ckptgui.sources.locate import SourcePool

SMALL = 1 << 16
"""Bytes of a tensor that is read with others."""


@dataclass(frozen=True)
class CastLosses:
    """In columns, for each of ``numbers``: counts and the largest relative error, as in ``Loss``."""

    numbers: np.ndarray
    changed: np.ndarray
    overflowed: np.ndarray
    zeroed: np.ndarray
    subnormal: np.ndarray
    max_relative: np.ndarray


def castable_together(table: TensorTable, places: Places) -> np.ndarray:
    """bool for each of the places: real numbers that lie as they are, few of them."""
    real = np.array([dtype.kind is Kind.FLOAT for dtype in table.dtypes] or [False])
    found: np.ndarray = places.plain & real[table.dtype[places.rows]] & (table.nbytes[places.rows] <= SMALL)
    return found


def cast_losses(
    table: TensorTable, places: Places, numbers: np.ndarray, target: FloatTarget, pool: SourcePool
) -> CastLosses:
    """Read the places of these ``numbers``, all ``castable_together`` and of one type, and round them.

    Raises ``CheckpointError`` when the bytes of any of them cannot be had.
    """
    from ckptgui.analysis import precision_kernels as kernels

    numbers = numbers[np.lexsort((places.start[numbers], places.source[numbers]))]
    rows = places.rows[numbers]
    data, at = read_together(table, rows, places.source[numbers], places.start[numbers], pool)
    dtype, lengths = table.dtypes[table.dtype[rows[0]]], table.numel[rows]
    raw = data[ragged(at, table.nbytes[rows])].view(dtype.array)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):  # a signalling NaN is a NaN
        single = raw.astype(np.float32)
        before = np.abs(raw.astype(np.float64))
    rounded = np.empty(single.size, np.uint32)
    largest = np.float32(target.largest).view(np.uint32)
    kernels.round_bits(
        single.view(np.uint32),
        23 - target.digits,
        target.exponent + 127,
        largest,
        np.float32(target.quantum),
        rounded,
    )
    after = np.abs(rounded.view(np.float32)).astype(np.float64)
    finite = np.isfinite(before)
    over = finite & ~np.isfinite(after)
    alive = finite & ~over & (after > 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(alive, np.abs(before - after) / before, 0.0)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    def each(flags: np.ndarray) -> np.ndarray:
        return np.add.reduceat(flags.astype(np.int64), starts)

    return CastLosses(
        numbers=numbers,
        changed=each(finite & (before != after)),
        overflowed=each(over),
        zeroed=each(finite & (before > 0) & (after == 0)),
        subnormal=each(alive & (after < target.least)),
        max_relative=np.maximum.reduceat(share, starts),
    )
