"""Pairs that have no figures of their own: they are the same or not, by their components or their stored bytes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ckptgui.analysis.difference import without_figures
from ckptgui.analysis.difference_sums import PairSums
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.compare_one import compare_pair
from ckptgui.engine.gather import require_whole
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.engine.stream import iter_values
from ckptgui.errors import UnsupportedError
from ckptgui.sources.locate import SourcePool

_DEEPEST = 8
"""Components of components."""


def compare_rows(
    a: Checkpoint,
    b: Checkpoint,
    rows: tuple[int, int],
    pool: SourcePool,
    cancel: Cancel,
    report: Report = silent,
    alone: bool = False,
    depth: int = 0,
) -> np.ndarray:
    """The record (``DIFFERENCE``, 1) of two rows of one shape, whatever they are.

    A sparse or nested whole and a wrapper are compared by their components, packed bits of unknown meaning byte
    by byte: ``changed`` then counts components' elements or bytes.
    """
    one, other = a.info(rows[0]), b.info(rows[1])
    for info in (one, other):
        if info.error is not None:
            require_whole(info)
    if one.extent is None or other.extent is None:
        return without_figures(one.numel, _changed_parts(a, b, one, other, pool, cancel, depth))
    if one.numel == 0:
        return PairSums.nothing(1).records(np.zeros(1, np.int64))
    found = compare_pair(one, other, pool, cancel, report, alone)
    if found is not None:
        return found
    return without_figures(one.numel, _changed_bytes(one, other, pool, cancel))


def _changed_parts(
    a: Checkpoint, b: Checkpoint, one: TensorInfo, other: TensorInfo, pool: SourcePool, cancel: Cancel, depth: int
) -> int:
    parts_a, parts_b = _parts(a, one), _parts(b, other)
    if not parts_a and not parts_b and one.extent is None and other.extent is None:
        return 0  # neither has values, as on the meta device
    if parts_a.keys() != parts_b.keys() or not parts_a or depth == _DEEPEST:
        return one.numel
    changed = 0
    for name, row in parts_a.items():
        mine, theirs = a.info(row), b.info(parts_b[name])
        if (mine.shape, mine.dtype.name) != (theirs.shape, theirs.dtype.name):
            return max(1, one.numel)
        record = compare_rows(a, b, (row, parts_b[name]), pool, cancel, depth=depth + 1)[0]
        if record["changed"] < 0:
            return -1
        changed += int(record["changed"])
    return changed


def _parts(checkpoint: Checkpoint, info: TensorInfo) -> Mapping[str, int]:
    return {checkpoint.tensors.path(row)[-1]: row for row in info.extra.get("components") or ()}


def _changed_bytes(one: TensorInfo, other: TensorInfo, pool: SourcePool, cancel: Cancel) -> int:
    """How many elements or bytes are stored differently; -1 where what is stored cannot be compared."""
    if one.dtype.name != other.dtype.name:
        return -1
    if repr(one.extra.get("quantization")) != repr(other.extra.get("quantization")):
        return max(1, one.numel)
    try:
        pieces = zip(iter_values(one, pool, cancel), iter_values(other, pool, cancel), strict=True)
        return sum(int(np.count_nonzero(p.view(np.uint8) != q.view(np.uint8))) for p, q in pieces)
    except UnsupportedError:
        return -1
