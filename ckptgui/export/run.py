"""Carries a plan out: writes it, reads it back and puts it in place."""

from __future__ import annotations

import os
import time

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.export.atomic import SYSTEM, Output, write_file
from ckptgui.export.request import ExportPlan, ExportResult
from ckptgui.export.system import System
from ckptgui.export.verify import verify
from ckptgui.sources.locate import SourcePool


def export(
    plan: ExportPlan,
    pool: SourcePool,
    cancel: Cancel | None = None,
    report: Report = silent,
    system: System = SYSTEM,
) -> ExportResult:
    """Carry a plan out. The target is untouched unless this returns, and then whole and verified."""
    cancel = cancel or Cancel()
    began = time.perf_counter()
    total = plan.data_bytes + plan.value_bytes
    written = _Counter(total, "Writing", report)

    def fill(output: Output) -> None:
        plan.files[0].layout.write(output, pool, cancel, written.add)

    def check(temporary: str) -> None:
        verify(plan, temporary, pool, cancel, _Counter(total, "Verifying", report, written.done).add)

    size = write_file(plan.out, fill, nbytes=plan.nbytes, verify=check, force=plan.request.force, system=system)
    return ExportResult(
        out=plan.out,
        format=plan.request.format,
        tensor_count=len(plan.names),
        bytes=size,
        source_bytes=plan.checkpoint.nbytes,
        dropped=plan.dropped,
        tied=plan.tied,
        verified=True,
        seconds=time.perf_counter() - began,
    )


def is_source(checkpoint: Checkpoint, out: str) -> bool:
    """Whether ``out`` is a file that the checkpoint is read from, by whatever path."""
    try:
        there = os.stat(out)
    except (OSError, ValueError):
        return False
    return any((s.device, s.inode) == (there.st_dev, there.st_ino) for s in checkpoint.sources)


class _Counter:
    """Adds up bytes and reports them; ``start`` is what an earlier step has done."""

    def __init__(self, total: int, note: str, report: Report, start: int = 0) -> None:
        self.done = start
        self._total = total
        self._note = note
        self._report = report

    def add(self, nbytes: int) -> None:
        self.done += nbytes
        self._report(Progress(self.done, self._total, self._note))
