"""Reads parameters beside their optimizer's moments, and measures the update that each took last."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.update_rules import Coefficients, UpdateSize, coefficients, sums_of
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.dtypes import Kind
from ckptgui.core.optimizers.updates import LastUpdate
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.access import storage_reader
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.gather import Box, boxes, gather, raw_dtype, require_whole, resolve
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.reader import StorageReader
from ckptgui.engine.run import partials
from ckptgui.engine.stream import iter_values
from ckptgui.errors import CheckpointError, UnsupportedError
from ckptgui.sources.locate import SourcePool

CHUNK = 1 << 19
"""Elements of each tensor that are held at once by a thread."""

Took = Callable[[LastUpdate, UpdateSize | str], None]


def measure_updates(
    checkpoint: Checkpoint,
    updates: tuple[LastUpdate, ...],
    pool: SourcePool,
    take: Took,
    cancel: Cancel,
    report: Report = silent,
) -> None:
    """Give ``take`` the size of each update as it is known, or the sentence that says why it is not.

    ``take`` is called on this thread; ``report`` counts bytes. Raises ``Cancelled``.
    """
    nbytes = checkpoint.tensors.nbytes
    weight = [int(nbytes[[update.parameter, *update.moments]].sum()) for update in updates]
    done = 0
    for update, size in zip(updates, weight):
        cancel.check()
        try:
            take(update, measure(checkpoint, update, pool, cancel))
        except CheckpointError as error:
            take(update, str(error))
        done += size
        report(Progress(done, sum(weight)))


def measure(checkpoint: Checkpoint, update: LastUpdate, pool: SourcePool, cancel: Cancel) -> UpdateSize:
    """One parameter's; raises ``CheckpointError`` where a tensor of it cannot be read, ``Cancelled``."""
    step = _step(checkpoint, update, pool, cancel)
    infos = [checkpoint.info(row) for row in (update.parameter, *update.moments)]
    for info in infos:
        require_whole(info)
        if info.dtype.kind is not Kind.FLOAT:
            raise UnsupportedError(f"{info.name} is of {info.dtype}, which no update is worked out for.")
    readers = [storage_reader(info.extent, pool) for info in infos if info.extent is not None]
    parts = _Parts(infos, readers, coefficients(update, step))
    sequential = any(reader.sequential for reader in readers)
    total: tuple[float, ...] = (0.0, 0.0, 0.0, 0)
    executor = None if sequential else chunk_executor()
    for _, found in partials(boxes(infos[0].shape, CHUNK), parts.reduce, executor, cancel):
        total = (total[0] + found[0], total[1] + found[1], max(total[2], found[2]), total[3] + found[3])
    if total[3] == infos[0].numel:
        raise UnsupportedError("Not finite.")
    return UpdateSize(math.sqrt(total[0]), math.sqrt(total[1]), total[2], int(total[3]))


def _step(checkpoint: Checkpoint, update: LastUpdate, pool: SourcePool, cancel: Cancel) -> float:
    step = update.step
    if update.step_row is not None:
        info = checkpoint.info(update.step_row)
        stored = next(iter_values(info, pool, cancel), np.zeros(0))
        step = float(stored[0]) if stored.size and info.dtype.kind is not Kind.COMPLEX else None
    if step is None:
        step = 1.0 if update.rule.value == "momentum" else None
    if step is None or not 1 <= step < 1e15:
        raise UnsupportedError("How many steps the optimizer took is not told.")
    return step


@dataclass(frozen=True)
class _Parts:
    """A parameter and its moments, read box by box; all have one shape."""

    infos: list[TensorInfo]
    readers: list[StorageReader]
    how: Coefficients

    def reduce(self, piece: Box) -> tuple[float, ...]:
        weights, *moments = (self._values(number, piece) for number in range(len(self.infos)))
        return sums_of(weights, moments[0], moments[-1], self.how)

    def _values(self, number: int, piece: Box) -> np.ndarray:
        info = self.infos[number]
        out = np.empty(piece[1], raw_dtype(info.dtype))
        start = info.storage_offset + sum(at * step for at, step in zip(piece[0], info.strides))
        gather(self.readers[number], out, info.strides, start)
        values = resolve(out, info).reshape(-1)
        return values if values.dtype in (np.float32, np.float64) else values.astype(np.float32)
