"""A checkpoint's findings, with the second readings that a few suspicious tensors need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ckptgui.analysis.health.channels import ChannelFacts, channel_facts
from ckptgui.analysis.health.dead import may_be_dead
from ckptgui.analysis.health.evidence import Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.findings import findings
from ckptgui.analysis.health.ranges import OVERFLOW16, beyond
from ckptgui.analysis.health.spikes import may_spike
from ckptgui.analysis.profile import Profile
from ckptgui.analysis.reduction import Chunk
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.channels import MOST_CHANNELS, channel_norms
from ckptgui.engine.decoding import decoder
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.plan import Layout, Plan
from ckptgui.engine.run import run
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool

MOST_READ = 10_000
"""Tensors that are read once more: where more look suspicious, what is wrong is wrong everywhere."""


def examine(
    checkpoint: Checkpoint,
    profile: Profile,
    slots: SlotMap | None,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
) -> list[Finding]:
    """Worst first. Only tensors that may have a dead channel, a spike or a value beyond float16 are read again.

    A tensor that cannot be read is left out: its row says why. Raises ``Cancelled``.
    """
    evidence = Evidence(checkpoint, profile, slots, between=cancel.check)
    looks: list[tuple[int, Callable[..., object]]] = [(row, _channels) for row in _suspects(evidence)]
    looks += [(row, _beyond16) for row in beyond(evidence)]
    channels: dict[int, ChannelFacts] = {}
    over: dict[int, int] = {}
    for number, (row, look) in enumerate(looks[:MOST_READ]):
        cancel.check()
        report(Progress(number, len(looks)))
        try:
            found = look(checkpoint.info(row), pool, cancel)
        except CheckpointError:
            continue
        if isinstance(found, ChannelFacts):
            channels[row] = found
        elif isinstance(found, int):
            over[row] = found
    return findings(replace(evidence, channels=channels, beyond16=over))


def _suspects(evidence: Evidence) -> list[int]:
    """Weights whose channels are measured; one of too many is a table of numbers."""
    shape = evidence.checkpoint.tensors.shape
    rows = np.flatnonzero(may_be_dead(evidence) | may_spike(evidence)).tolist()
    return [row for row in rows if sum(shape(row)[:2]) <= MOST_CHANNELS]


def _channels(info: TensorInfo, pool: SourcePool, cancel: Cancel) -> ChannelFacts:
    norms = channel_norms(info, pool, cancel)
    return channel_facts(norms.rows, norms.columns)


def _beyond16(info: TensorInfo, pool: SourcePool, cancel: Cancel) -> int:
    layout = Layout.of(info.shape, info.strides)
    decode = decoder(info, layout)
    assert decode is not None and info.extent is not None  # it has figures
    plan = Plan(info, layout, storage_reader(info.extent, pool), _Beyond(OVERFLOW16), decode)
    return run(plan, chunk_executor(), cancel, silent) * layout.times


@dataclass(frozen=True)
class _Beyond:
    """Counts finite values of at least ``limit`` in size."""

    limit: float

    def of(self, chunk: Chunk) -> int:
        values = chunk.values if chunk.values.dtype.itemsize > 2 else chunk.values.astype(np.float32)
        size = np.abs(values)
        return int(np.count_nonzero((size >= self.limit) & np.isfinite(size)))

    def merge(self, left: int, right: int) -> int:
        return left + right

    def finish(self, whole: int) -> int:
        return whole
