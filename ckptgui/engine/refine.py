"""A closer look at part of a tensor's distribution: what a narrow view shows is read again and counted finely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckptgui.analysis.closer import for_view
from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.exact_bars import for_bars
from ckptgui.analysis.histogram import Scale
from ckptgui.analysis.keys import Ranges, Space
from ckptgui.analysis.refinement import RefinementPass, distribution_of, replaced
from ckptgui.core.dtypes import DType
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import decoder, layout_of
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.plan import Layout, Plan
from ckptgui.engine.reader import StorageReader
from ckptgui.engine.run import run
from ckptgui.engine.summarise import INLINE, space_of
from ckptgui.sources.locate import SourcePool

Targets = Callable[[Space], tuple[Ranges, RefinementPass] | None]
"""What of a distribution is to be counted again; None where nothing is."""


def refine(
    info: TensorInfo,
    pool: SourcePool,
    distribution: Distribution,
    low: float,
    high: float,
    cancel: Cancel,
    report: Report = silent,
    scale: Scale = "linear",
) -> Distribution:
    """``distribution`` (the tensor's own) with spans from ``low`` to ``high`` fine enough for 1,000 bars.

    The same object where it is fine enough already, and for what has no bytes of its own; otherwise the tensor
    is read once more. Raises ``CheckpointError`` when the bytes cannot be had, ``Cancelled``.
    """
    return _counted_again(
        info, pool, distribution, lambda space: for_view(distribution, space, low, high, scale), cancel, report
    )


def refine_bars(
    info: TensorInfo,
    pool: SourcePool,
    distribution: Distribution,
    edges: np.ndarray,
    cancel: Cancel,
    report: Report = silent,
) -> Distribution:
    """``distribution`` (the tensor's own) with no span across any of ``edges``, so that bars there are exact.

    As ``refine`` in all else. One reading is enough for every dtype.
    """
    return _counted_again(
        info, pool, distribution, lambda space: for_bars(distribution, space, edges), cancel, report
    )


def _counted_again(
    info: TensorInfo,
    pool: SourcePool,
    distribution: Distribution,
    targets: Targets,
    cancel: Cancel,
    report: Report,
) -> Distribution:
    if info.extent is None:
        return distribution
    reader = storage_reader(info.extent, pool)
    return counted_again(reader, info, layout_of(info), distribution, targets, cancel, report)


def counted_again(
    reader: StorageReader,
    info: TensorInfo,
    layout: Layout,
    distribution: Distribution,
    targets: Targets,
    cancel: Cancel,
    report: Report = silent,
) -> Distribution:
    """``distribution`` with the targets counted again in the bytes that a reader gives, laid out so."""
    decode = decoder(info, layout)
    if decode is None:
        return distribution

    def again(closer: RefinementPass) -> Ranges:
        plan = Plan(info, layout, reader, closer, decode)
        return run(plan, chunk_executor() if plan.total > INLINE else None, cancel, report)

    return finer_by(info.dtype, distribution, targets, again)


def finer_by(
    dtype: DType, distribution: Distribution, targets: Targets, again: Callable[[RefinementPass], Ranges]
) -> Distribution:
    """``distribution`` with its targets told by another reading; the same where there are none."""
    space = space_of(dtype)
    coarse = targets(space)
    if coarse is None:
        return distribution
    ranges, closer = coarse
    return distribution_of(replaced(ranges, again(closer), closer), space, distribution.times)
