"""Reads a finished file back with our own readers and compares it with its source, value by value."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import display
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import iter_values
from ckptgui.errors import CheckpointError, ExportError
from ckptgui.export.request import ExportPlan
from ckptgui.formats.registry import open_checkpoint
from ckptgui.sources.locate import SourcePool


def verify(
    plan: ExportPlan, written: str, pool: SourcePool, cancel: Cancel, compared: Callable[[int], None]
) -> None:
    """Raise ``ExportError`` unless ``written`` holds what was planned; ``compared`` hears of bytes."""
    try:
        result = open_checkpoint(written, cancel.check)
    except CheckpointError as error:
        raise ExportError(f"What was written cannot be read back: {error}") from error
    _same_names(plan, result)
    back = SourcePool()
    try:
        for row, (name, source) in enumerate(zip(plan.names, plan.tensors)):
            found = result.tensors.info(row)
            if (found.dtype, found.shape) != (source.dtype, source.shape) or found.error is not None:
                raise ExportError(f"{display(name)} was written wrongly; nothing was changed.")
            if found.extra.get("quantization") != source.extra.get("quantization"):
                raise ExportError(f"The rule of {display(name)} was written wrongly; nothing was changed.")
            if not same_values(source, pool, found, back, cancel, compared):
                raise ExportError(f"The values of {display(name)} read back differently; nothing was changed.")
    finally:
        back.close()


def same_values(
    source: TensorInfo,
    pool: SourcePool,
    found: TensorInfo,
    back: SourcePool,
    cancel: Cancel,
    compared: Callable[[int], None] = lambda nbytes: None,
) -> bool:
    """Whether both have the same bytes of values, read side by side; stronger than equal digests, and faster."""
    if source.nbytes == 0:
        return found.nbytes == 0
    ours, theirs = _bytes(source, pool, cancel), _bytes(found, back, cancel)
    left = right = np.empty(0, np.uint8)
    done = 0
    while done < source.nbytes:
        left = left if left.size else next(ours, left)
        right = right if right.size else next(theirs, right)
        length = min(left.size, right.size)
        if length == 0 or not np.array_equal(left[:length], right[:length]):
            return False
        left, right = left[length:], right[length:]
        done += length
        compared(length)
    return left.size == right.size == 0


def _bytes(tensor: TensorInfo, pool: SourcePool, cancel: Cancel) -> Iterator[np.ndarray]:
    for values in iter_values(tensor, pool, cancel):
        yield np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _same_names(plan: ExportPlan, result: Checkpoint) -> None:
    paths = [result.tensors.path(row) for row in range(len(result.tensors))]
    if paths != list(plan.paths):
        raise ExportError("The names read back differently; nothing was changed.")
