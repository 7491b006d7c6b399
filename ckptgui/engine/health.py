"""A checkpoint's findings, with the second readings that a few suspicious tensors need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ckptgui.analysis.health.dead import DEAD_NORM, suspects
from ckptgui.analysis.health.evidence import Dead, Evidence
from ckptgui.analysis.health.finding import Finding
from ckptgui.analysis.health.findings import findings
from ckptgui.analysis.health.ranges import OVERFLOW16, beyond
from ckptgui.analysis.profile import Profile
from ckptgui.analysis.reduction import Chunk
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.optimizers.slots import SlotMap
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.channels import channel_norms
from ckptgui.engine.decoding import decoder
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.plan import Layout, Plan
from ckptgui.engine.run import run
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool


def examine(
    checkpoint: Checkpoint,
    profile: Profile,
    slots: SlotMap | None,
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
) -> list[Finding]:
    """Worst first. Only tensors that may have a dead channel, or a value beyond float16, are read again.

    A tensor that cannot be read is left out: its row says why. Raises ``Cancelled``.
    """
    evidence = Evidence(checkpoint, profile, slots)
    looks: list[tuple[int, Callable[..., object]]] = [(row, _dead) for row in suspects(evidence)]
    looks += [(row, _beyond16) for row in beyond(evidence)]
    dead: dict[int, Dead] = {}
    over: dict[int, int] = {}
    for number, (row, look) in enumerate(looks):
        cancel.check()
        report(Progress(number, len(looks)))
        try:
            found = look(checkpoint.info(row), pool, cancel)
        except CheckpointError:
            continue
        if isinstance(found, Dead):
            dead[row] = found
        elif isinstance(found, int):
            over[row] = found
    return findings(replace(evidence, dead=dead, beyond16=over))


def _dead(info: TensorInfo, pool: SourcePool, cancel: Cancel) -> Dead:
    norms = channel_norms(info, pool, cancel)
    rows, columns = (int(np.count_nonzero(side < DEAD_NORM)) for side in (norms.rows, norms.columns))
    return Dead(rows if info.shape[0] > 1 else 0, columns if info.shape[1] > 1 else 0)


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
