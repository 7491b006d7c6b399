"""Reads the values that ``--stats`` and ``--digest`` ask for, tensor by tensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ckptgui.analysis.distribution import QUANTILES
from ckptgui.analysis.statistics import Statistics
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Progress
from ckptgui.engine.stream import digest
from ckptgui.engine.summarise import summarise
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool

_EXPANSION = 4
_ALWAYS_READ = 1 << 30
"""A view of a few bytes can claim a terabyte of values (``Tensor.expand``): beyond both they are not read."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which values are asked for."""

    stats: bool = False
    exact: bool = False
    digest: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One tensor and what its bytes said; ``error`` is why they could not be read whole."""

    info: TensorInfo
    error: str | None = None
    summary: Summary | None = None
    sha256: str | None = None

    @property
    def statistics(self) -> Statistics | None:
        """The figures, where they mean something: not of nothing, nor of bits without a known rule."""
        if self.summary is None or self.info.numel == 0 or self.summary.statistics.finite is None:
            return None
        return self.summary.statistics


def readings(checkpoint: Checkpoint, wish: Wish, report: Callable[[Progress], None]) -> Iterator[Reading]:
    """Every tensor in saved order. A failure of one tensor is its own ``error``, and the next is read."""
    pool, cancel = SourcePool(), Cancel()
    total = int(checkpoint.tensors.nbytes.sum()) * (wish.stats + wish.digest)
    done = 0
    try:
        for row in range(len(checkpoint)):
            info = checkpoint.info(row)

            def tell(progress: Progress, before: int = done) -> None:
                report(Progress(before + progress.done, total, "Reading values"))

            yield _read(info, wish, pool, cancel, tell)
            done += info.nbytes * (wish.stats + wish.digest)
    finally:
        cancel.cancel()
        pool.close()


def listed(info: TensorInfo) -> Reading:
    """A tensor none of whose values were asked for."""
    return Reading(info, info.error)


def _read(
    info: TensorInfo, wish: Wish, pool: SourcePool, cancel: Cancel, report: Callable[[Progress], None]
) -> Reading:
    if info.error is not None or info.extent is None:
        return listed(info)
    if (wish.stats or wish.digest) and info.nbytes > max(_EXPANSION * info.extent.nbytes, _ALWAYS_READ):
        made = f"Its {info.nbytes:,} bytes of values repeat {info.extent.nbytes:,} in the file"
        return Reading(info, f"{made}, which is too much to read through.")
    try:
        summary = summarise(info, pool, cancel, report, exact=wish.exact) if wish.stats else None
        sha256 = digest(info, pool, cancel, report) if wish.digest else None
    except CheckpointError as error:
        return Reading(info, str(error))
    return Reading(info, None, summary, sha256)


def statistics_json(reading: Reading) -> dict[str, Any] | None:
    """The ``stats`` of ``info --json``."""
    found = reading.statistics
    if found is None or reading.summary is None:
        return None
    distribution = reading.summary.distribution
    quantiles = reading.summary.quantiles
    return {
        "count": found.count,
        "min": _number(found.min),
        "max": _number(found.max),
        "mean": _number(found.mean),
        "std": _number(found.std),
        "nan": found.nan,
        "inf": found.inf,
        "zeros": found.zeros,
        "l2": _number(found.l2),
        "quantiles": {str(q): _number(quantiles.get(q)) for q in QUANTILES},
        "approximate": [] if distribution is None or distribution.exact else ["quantiles"],
    }


def _number(value: float | int | None) -> float | int | None:
    """JSON has no NaN and no infinity: a figure that is one is none."""
    return None if value is None or (isinstance(value, float) and not math.isfinite(value)) else value
