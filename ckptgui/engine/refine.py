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
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import decoder, layout_of
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.plan import Plan
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
    layout = layout_of(info)
    decode = decoder(info, layout)
    if info.extent is None or decode is None:
        return distribution
    space = space_of(info.dtype)
    coarse = targets(space)
    if coarse is None:
        return distribution
    ranges, closer = coarse
    plan = Plan(info, layout, storage_reader(info.extent, pool), closer, decode)
    finer = run(plan, chunk_executor() if plan.total > INLINE else None, cancel, report)
    return distribution_of(replaced(ranges, finer, closer), space, distribution.times)
