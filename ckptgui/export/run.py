"""Carries a plan out: writes it, reads it back and puts it in place."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import Any

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.export.atomic import SYSTEM, write_file
from ckptgui.export.atomic_folder import NewFile, write_folder
from ckptgui.export.damage import DamagedTensorError, contradicted, damaged, tensor_of
from ckptgui.export.filling import DamagedPieceError
from ckptgui.export.output import Output
from ckptgui.export.planning import plan_without
from ckptgui.export.request import ExportPlan, ExportResult, PlannedFile
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
    """Carry a plan out. The target is untouched unless this returns, and then whole, and verified if asked for.

    A rescue holds the source's own checksums against it first; where it still meets a tensor that cannot be read,
    it is planned anew without all that is damaged and begun again. Raises ``CheckpointError`` and ``Cancelled``.
    """
    cancel = cancel or Cancel()
    began = time.perf_counter()
    if plan.request.rescue and (found := contradicted(plan, pool, cancel)):
        plan = plan_without(plan, found)
    while True:
        try:
            size = _write(plan, pool, cancel, report, system)
            break
        except DamagedTensorError as error:
            if not plan.request.rescue:
                raise
            plan = plan_without(plan, damaged(plan, pool, cancel, {error.place: error.reason}))
    return ExportResult(
        out=plan.out,
        format=plan.request.format,
        tensor_count=len(plan.names),
        bytes=size,
        source_bytes=plan.checkpoint.nbytes,
        dropped=plan.dropped,
        tied=plan.tied,
        verified=plan.request.verify,
        seconds=time.perf_counter() - began,
        lost=plan.lost,
    )


def _write(plan: ExportPlan, pool: SourcePool, cancel: Cancel, report: Report, system: System) -> int:
    total = plan.data_bytes + (plan.value_bytes if plan.request.verify else 0)
    written = _Counter(total, "Writing", report)

    def fill(file: PlannedFile, output: Output) -> None:
        try:
            file.layout.write(output, pool, cancel, written.add)
        except DamagedPieceError as error:
            raise tensor_of(plan, file, error) from error
        written.tell()

    def check(temporary: str) -> None:
        if plan.request.verify:
            compared = _Counter(total, "Verifying", report, written.done)
            verify(plan, temporary, pool, cancel, compared.add)
            compared.tell()

    options: dict[str, Any] = {
        "nbytes": plan.nbytes,
        "verify": check,
        "force": plan.request.force,
        "cancel": cancel,
        "system": system,
    }
    if plan.files[0].name:
        files = [NewFile(file.name, partial(fill, file)) for file in plan.files]
        return write_folder(plan.out, files, **options)
    return write_file(plan.out, partial(fill, plan.files[0]), **options)


def is_source(checkpoint: Checkpoint, out: str) -> bool:
    """Whether ``out`` is a file that the checkpoint is read from, by whatever path."""
    try:
        there = os.stat(out)
    except (OSError, ValueError):
        return False
    return any((s.device, s.inode) == (there.st_dev, there.st_ino) for s in checkpoint.sources)


class _Counter:
    """Adds up bytes from any thread, reports them from the one that made it; ``start`` is what came before."""

    def __init__(self, total: int, note: str, report: Report, start: int = 0) -> None:
        self.done = start
        self._total = total
        self._note = note
        self._report = report
        self._thread = threading.get_ident()
        self._lock = threading.Lock()

    def add(self, nbytes: int) -> None:
        with self._lock:
            self.done += nbytes
        if threading.get_ident() == self._thread:
            self.tell()

    def tell(self) -> None:
        self._report(Progress(self.done, self._total, self._note))
