"""A closer look at part of a resident tensor's distribution, counted on its device (``engine.refine``)."""

from __future__ import annotations

import numpy as np
import torch

from ckptgui.analysis.closer import for_view
from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.exact_bars import for_bars
from ckptgui.analysis.histogram import Scale
from ckptgui.core.tensors import TensorInfo
from ckptgui.device.inside.backend import Backend
from ckptgui.device.inside.falling_back import worked_out
from ckptgui.device.inside.figures import Reading, memory_for, why_not
from ckptgui.device.inside.stored import Stored
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.refine import Targets, counted_again, finer_by

_TABLES = 64 << 20
"""Bytes of the device's memory for counts, at most: some hundred targets of 2**13 pieces, twice."""


def refine(
    backend: Backend,
    data: torch.Tensor,
    info: TensorInfo,
    distribution: Distribution,
    low: float,
    high: float,
    cancel: Cancel,
    report: Report = silent,
    scale: Scale = "linear",
) -> tuple[Distribution, str]:
    """What ``engine.refine`` makes of the tensor's own distribution, and why it was not found on the device."""
    return _counted_again(
        backend,
        data,
        info,
        distribution,
        lambda space: for_view(distribution, space, low, high, scale),
        cancel,
        report,
    )


def refine_bars(
    backend: Backend,
    data: torch.Tensor,
    info: TensorInfo,
    distribution: Distribution,
    edges: np.ndarray,
    cancel: Cancel,
    report: Report = silent,
) -> tuple[Distribution, str]:
    """What ``engine.refine_bars`` makes of it, and why it was not found on the device."""
    return _counted_again(
        backend, data, info, distribution, lambda space: for_bars(distribution, space, edges), cancel, report
    )


def _counted_again(
    backend: Backend,
    data: torch.Tensor,
    info: TensorInfo,
    distribution: Distribution,
    targets: Targets,
    cancel: Cancel,
    report: Report,
) -> tuple[Distribution, str]:
    stored = Stored.of(backend, data, info)

    def there() -> Distribution:
        return finer_by(info.dtype, distribution, targets, Reading(stored, cancel, report).again)

    def here() -> Distribution:
        return counted_again(stored, stored.resident, stored.layout, distribution, targets, cancel, report)

    if stored.in_main_memory:
        return here(), ""
    return worked_out(backend, memory_for(stored) + _TABLES, there, here, why_not(info))
