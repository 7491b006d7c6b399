"""The norms of a tensor's channels: of each place of the first dimension, and of each of the second."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.reduction import Chunk
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import decoder, quantisation
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import require_whole
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.plan import Layout, Plan
from ckptgui.engine.run import run
from ckptgui.errors import LimitExceededError, UnsupportedError
from ckptgui.sources.locate import SourcePool

MOST_CHANNELS = 1 << 22
"""Rows and columns together that norms are kept of."""


@dataclass(frozen=True)
class Channels:
    """Euclidean norms over the finite values, float64: ``rows[i]`` of ``tensor[i]``, ``columns[j]`` of
    ``tensor[:, j]``.
    """

    rows: np.ndarray
    columns: np.ndarray


def has_channels(info: TensorInfo) -> bool:
    """Whether a tensor has rows and columns that can be measured."""
    known = info.dtype.kind is not Kind.PACKED and (
        info.dtype.kind is not Kind.QUANTIZED or quantisation(info) is not None
    )
    return len(info.shape) >= 2 and info.numel > 0 and info.error is None and info.extent is not None and known


def channel_norms(info: TensorInfo, pool: SourcePool, cancel: Cancel, report: Report = silent) -> Channels:
    """Read a tensor of two or more dimensions once. Quantised values count as what they stand for, complex ones
    by their modulus. Raises ``CheckpointError``, ``Cancelled``.
    """
    require_whole(info)
    if len(info.shape) < 2 or info.numel == 0:
        raise UnsupportedError("It has no rows and columns.")
    if sum(info.shape[:2]) > MOST_CHANNELS:
        raise LimitExceededError(
            f"{info.shape[0]:,} rows and {info.shape[1]:,} columns are more than are looked at."
        )
    layout = Layout.of(info.shape, info.strides)
    decode = decoder(info, layout)
    if decode is None or info.extent is None:
        raise UnsupportedError("What its elements stand for is not known.")
    axes = [*layout.axes]
    reduction = _Squares(info.dtype.kind is Kind.BOOL, axes[0], axes[1], math.prod(axes[2:]))
    plan = Plan(info, layout, storage_reader(info.extent, pool), reduction, decode)
    rows, columns = run(plan, chunk_executor(), cancel, report)
    # Dimensions that are repeated were read once: what they repeat is in every place alike.
    times = math.prod(info.shape[2:]) // math.prod(axes[2:])
    rows = np.sqrt(rows * (times * info.shape[1] // axes[1]))
    columns = np.sqrt(columns * (times * info.shape[0] // axes[0]))
    return Channels(np.broadcast_to(rows, info.shape[0]), np.broadcast_to(columns, info.shape[1]))


@dataclass
class _Part:
    """Sums of squares of the rows from ``first`` on, and of all columns."""

    first: int
    rows: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class _Squares:
    """Adds squares by row and column; ranks are row-major over ``rows`` × ``columns`` × ``inner``."""

    is_bool: bool
    rows: int
    columns: int
    inner: int

    def of(self, chunk: Chunk) -> _Part:
        from ckptgui.analysis.channel_kernels import add_squares

        values = chunk.values.view(np.uint8) != 0 if self.is_bool else chunk.values
        if values.dtype not in (np.float32, np.float64):
            values = values.astype(np.float64 if values.dtype.itemsize > 2 else np.float32)
        columns = np.zeros(self.columns)
        if chunk.in_order:
            rank, step = int(chunk.ranks([0])[0]), self.columns * self.inner
            first, last = rank // step, (rank + values.size - 1) // step
            rows = np.zeros(last - first + 1)
            add_squares(values, rank, self.inner, self.columns, first, rows, columns)
            return _Part(first, rows, columns)
        places = chunk.ranks(np.arange(values.size)) // self.inner
        squares = np.where(np.isfinite(values), values, 0).astype(np.float64) ** 2
        by_row = np.bincount(places // self.columns, squares, self.rows)
        return _Part(0, by_row, np.bincount(places % self.columns, squares, self.columns))

    def merge(self, left: _Part, right: _Part) -> _Part:
        """Both; ``left`` grows to all rows the first time."""
        if len(left.rows) < self.rows:
            whole = np.zeros(self.rows)
            whole[left.first : left.first + len(left.rows)] = left.rows
            left = _Part(0, whole, left.columns)
        left.rows[right.first : right.first + len(right.rows)] += right.rows
        left.columns += right.columns
        return left

    def finish(self, whole: _Part) -> tuple[np.ndarray, np.ndarray]:
        return whole.rows, whole.columns
