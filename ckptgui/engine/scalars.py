"""Values of tensors that are numbers: a loss, a best score. A few bytes each, read when someone looks."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.dtypes import Kind
from ckptgui.core.lookup import row_at
from ckptgui.core.tensors import Path
from ckptgui.engine.job import Cancel
from ckptgui.engine.stream import iter_values
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool

MAX_READ = 256
"""Numbers that are read at once."""

_NUMBERS = (Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED)


def read_scalars(
    checkpoint: Checkpoint, paths: Iterable[Path], pool: SourcePool, cancel: Cancel
) -> dict[Path, float]:
    """The value at each path that is a tensor of one real, finite element and can be read; others are left out."""
    found: dict[Path, float] = {}
    for path in list(dict.fromkeys(paths))[:MAX_READ]:
        row = row_at(checkpoint.tensors, path)
        if row is None or checkpoint.tensors.numel[row] != 1:
            continue
        info = checkpoint.info(row)
        if info.extent is None or info.error is not None or info.dtype.kind not in _NUMBERS:
            continue
        try:
            stored = next(iter_values(info, pool, cancel))
        except CheckpointError:
            continue  # its row says why
        value = float(stored.view(info.dtype.array)[0])
        if math.isfinite(value):
            found[path] = value
    return found
