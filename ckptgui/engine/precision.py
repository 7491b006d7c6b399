"""What casts of one tensor would lose, by reading it once, and once more where int8 is among them."""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ckptgui.analysis.precision import (
    FLOATS,
    SCALE_BYTES,
    STEPS,
    Example,
    FloatTarget,
    Loss,
    StepTarget,
    Target,
)
from ckptgui.analysis.precision_passes import (
    BEYOND,
    FARTHEST,
    LOST,
    NOISE,
    OVERFLOWED,
    RELATIVE,
    SQUARES,
    WORST,
    CastPass,
    Measured,
    PairPass,
    PeaksPass,
    StepsPass,
    step_scale,
)
from ckptgui.analysis.reduction import Reduction
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import decoder
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import require_whole
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.plan import Decode, Layout, Plan
from ckptgui.engine.reader import StorageReader
from ckptgui.engine.run import run
from ckptgui.engine.summarise import INLINE
from ckptgui.errors import UnsupportedError
from ckptgui.sources.locate import SourcePool

P = TypeVar("P")
R = TypeVar("R")

MAX_ROWS = 1 << 22
"""Rows that int8 may have scales of their own for."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The losses, a target each, in the order of ``targets_of``; ``nan`` and ``infinite`` stand in the tensor.

    ``layout`` turns an example's rank into an index. ``parts`` is 2 for complex tensors.
    """

    losses: tuple[Loss, ...]
    nan: int
    infinite: int
    parts: int
    layout: Layout

    def index(self, example: Example) -> tuple[int, ...]:
        """Where an example stands in the tensor."""
        return self.layout.index(example.rank)


def can_forecast(info: TensorInfo) -> bool:
    """Whether the elements are real or complex numbers that a cast would round."""
    return info.dtype.kind in (Kind.FLOAT, Kind.COMPLEX, Kind.QUANTIZED)


def targets_of(info: TensorInfo) -> tuple[Target, ...]:
    """Types that are not wider than the tensor's own; int8 for real numbers, by row where there are rows."""
    dtype = info.dtype
    width = 4 if dtype.kind is Kind.QUANTIZED else dtype.itemsize // (2 if dtype.kind is Kind.COMPLEX else 1)
    own = {"complex32": "float16", "complex64": "float32"}.get(dtype.name, dtype.name)
    floats = [t for t in FLOATS if t.itemsize <= width and t.name != own and not (t.itemsize == width == 4)]
    if dtype.kind is not Kind.FLOAT:
        return tuple(floats)
    rows = len(info.shape) > 1 and info.shape[0] <= MAX_ROWS
    return (*floats, *(t for t in STEPS if rows or not t.by_row))


def precision(info: TensorInfo, pool: SourcePool, cancel: Cancel, report: Report = silent) -> Precision:
    """Read the tensor and count what each cast would do to its values, exactly.

    Raises ``CheckpointError`` when the bytes cannot be had or are no numbers, ``Cancelled``.
    """
    layout, decode, reader = _way_to(info, pool)
    targets = targets_of(info)
    floats = tuple(t for t in targets if isinstance(t, FloatTarget))
    steps = tuple(t for t in targets if isinstance(t, StepTarget))
    by_row = any(t.by_row for t in steps)
    width = math.prod(layout.axes[1:]) if by_row else layout.count
    parts = 2 if info.dtype.kind is Kind.COMPLEX else 1
    passed = 0

    def fold(reduction: Reduction[P, R]) -> R:
        nonlocal passed
        plan = Plan(info, layout, reader, reduction, decode)
        before, passed = passed, passed + plan.total
        executor = chunk_executor() if plan.total > INLINE else None
        total = plan.total * (2 if steps else 1)
        return run(plan, executor, cancel, lambda progress: report(Progress(before + progress.done, total)))

    casts = CastPass(floats, parts)
    if not steps:
        cast, found = fold(casts), []
    else:
        cast, peaks = fold(PairPass(casts, PeaksPass(layout.count // width, width)))
        scales = step_scale(peaks)
        stepped = fold(StepsPass(step_scale(peaks.max(keepdims=True))[0], scales if by_row else None, width))
        stepped.nan, stepped.infinite, stepped.size = cast.nan, cast.infinite, cast.size
        found = [_loss(target, info, layout, stepped, row) for row, target in enumerate(steps)]
    losses = [*(_loss(target, info, layout, cast, row) for row, target in enumerate(floats)), *found]
    return Precision(tuple(losses), cast.nan * layout.times, cast.infinite * layout.times, parts, layout)


def cast_loss(
    info: TensorInfo, target: FloatTarget, pool: SourcePool, cancel: Cancel, executor: Executor | None = None
) -> Loss:
    """What the cast to one type would lose; without an executor everything happens on the calling thread.

    Raises like ``precision``.
    """
    layout, decode, reader = _way_to(info, pool)
    casts = CastPass((target,), 2 if info.dtype.kind is Kind.COMPLEX else 1)
    return _loss(target, info, layout, run(Plan(info, layout, reader, casts, decode), executor, cancel, silent), 0)


def _way_to(info: TensorInfo, pool: SourcePool) -> tuple[Layout, Decode, StorageReader]:
    """How a tensor lies, what makes numbers of it and what reads it."""
    require_whole(info)
    if not can_forecast(info):
        raise UnsupportedError(f"A cast of {info.dtype} rounds nothing.")
    if info.numel == 0:
        raise UnsupportedError("It has no elements.")
    assert info.extent is not None
    layout = Layout.of(info.shape, info.strides)
    return layout, _decoder(info, layout), storage_reader(info.extent, pool)


def _decoder(info: TensorInfo, layout: Layout) -> Decode:
    """Real numbers as float32, float64 where they are that; complex ones as pairs."""
    if info.dtype.kind is Kind.COMPLEX:
        part = {4: np.float16, 8: np.float32, 16: np.float64}[info.dtype.itemsize]
        return lambda values, _: _plain(values.view(part))
    decode = decoder(info, layout)
    if decode is None:
        raise UnsupportedError("The rule of its quantisation is not known, so its values are not.")
    if info.dtype.kind is Kind.QUANTIZED:
        return lambda values, chunk: _single(decode(values, chunk))
    return lambda values, _: _plain(values)


def _single(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _plain(values: np.ndarray) -> np.ndarray:
    plain: np.ndarray
    with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
        plain = values if values.dtype.itemsize >= 4 else values.astype(np.float32)
    return plain


def _loss(target: Target, info: TensorInfo, layout: Layout, found: Measured, row: int) -> Loss:
    """One target's totals as figures."""
    times = layout.times
    counts, sums, peaks = found.counts[row], found.sums[row], found.peaks[row]
    count = found.size - found.nan - found.infinite
    changed, zeroed, subnormal, overflowed, fine, fair, coarse = (int(n) * times for n in counts)
    within = count - int(counts[OVERFLOWED])
    infinite = isinstance(target, FloatTarget) and target.infinite
    nan = isinstance(target, FloatTarget)
    parts = 2 if info.dtype.kind is Kind.COMPLEX else 1
    nbytes = info.numel * parts * target.itemsize
    if isinstance(target, StepTarget):
        nbytes += SCALE_BYTES * (info.shape[0] if target.by_row else 1)
    return Loss(
        target=target,
        count=count * times,
        changed=changed,
        zeroed=zeroed,
        subnormal=subnormal,
        overflowed=overflowed,
        unheld=times * ((0 if infinite else found.infinite) + (0 if nan else found.nan)),
        within=(changed - overflowed - fine, fine - fair, fair - coarse, coarse - zeroed),
        mean_relative=float(sums[RELATIVE]) / within if within else None,
        max_relative=float(peaks[WORST]),
        max_absolute=float(peaks[FARTHEST]),
        snr=_decibels(float(sums[SQUARES]), float(sums[NOISE])),
        worst=_example(found, row, WORST),
        largest_zeroed=_example(found, row, LOST),
        largest_overflowed=_example(found, row, BEYOND),
        nbytes=nbytes,
    )


def _decibels(signal: float, noise: float) -> float | None:
    if not 0 < signal < math.inf or not noise < math.inf:
        return None
    return math.inf if noise == 0 else 10 * math.log10(signal / noise)


def _example(found: Measured, row: int, which: int) -> Example | None:
    rank = int(found.places[row, which])
    return Example(float(found.examples[row, which]), rank) if rank >= 0 else None
