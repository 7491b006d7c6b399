"""Reads two checkpoints beside each other and says how far every tensor moved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.difference import DIFFERENCE, FIGURES, NO_FIGURES
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.stream import iter_real_values
from ckptgui.errors import ChangedOnDiskError, CheckpointError, UnsupportedError
from ckptgui.sources.locate import SourcePool


@dataclass(frozen=True)
class Compared:
    """``numbers`` are the places of pairs in the call's ``rows``."""

    numbers: np.ndarray  # int64
    records: np.ndarray  # DIFFERENCE
    errors: Mapping[int, str] = field(default_factory=dict)


def compare(
    a: Checkpoint,
    b: Checkpoint,
    rows: np.ndarray,
    pool: SourcePool,
    take: Callable[[Compared], None],
    cancel: Cancel,
    report: Report = silent,
) -> None:
    """Read pairs of rows (int64, n × 2) of one shape each and give ``take`` what is found, on this thread.

    A pair that cannot be read is an error among the others. ``report`` counts bytes of both. Raises
    ``Cancelled``, and ``ChangedOnDiskError`` as soon as a file is no longer the one that was opened.
    """
    total = int(a.tensors.nbytes[rows[:, 0]].sum() + b.tensors.nbytes[rows[:, 1]].sum())
    done = 0
    for number, (row_a, row_b) in enumerate(rows.tolist()):
        cancel.check()
        info_a, info_b = a.info(row_a), b.info(row_b)
        try:
            record = _compared(info_a, info_b, pool, cancel)
            take(Compared(np.array([number]), record.reshape(1)))
        except ChangedOnDiskError:
            raise
        except CheckpointError as error:
            take(Compared(np.zeros(0, np.int64), np.zeros(0, DIFFERENCE), {number: str(error)}))
        done += info_a.nbytes + info_b.nbytes
        report(Progress(done, total, info_a.name))


def _compared(a: TensorInfo, b: TensorInfo, pool: SourcePool, cancel: Cancel) -> np.ndarray:
    record = np.zeros((), DIFFERENCE)
    record["count"], record["argmax"] = a.numel, -1
    record["known"] = NO_FIGURES
    if (a.extent is None and a.error is None) or (b.extent is None and b.error is None):
        return record
    try:
        values_a, values_b = (np.concatenate(list(iter_real_values(i, pool, cancel))) for i in (a, b))
    except UnsupportedError:
        return record
    record["known"] = FIGURES
    x, y = values_a.astype(np.float64), values_b.astype(np.float64)
    record["changed"] = int(((x != y) & ~(np.isnan(x) & np.isnan(y))).sum())
    record["nan_a"], record["nan_b"] = np.isnan(x).sum(), np.isnan(y).sum()
    record["inf_a"], record["inf_b"] = np.isinf(x).sum(), np.isinf(y).sum()
    record["inf_both"] = (np.isinf(x) & (x == y)).sum()
    record["l2_a"], record["l2_b"] = (np.linalg.norm(v[np.isfinite(v)]) for v in (x, y))
    both = np.isfinite(x) & np.isfinite(y)
    p, q = x[both], y[both]
    moved, norm_a, norm_b = np.linalg.norm(q - p), np.linalg.norm(p), np.linalg.norm(q)
    record["delta_l2"] = moved
    record["relative"] = moved / norm_a if norm_a else math.nan
    record["cosine"] = p @ q / norm_a / norm_b if norm_a and norm_b else math.nan
    record["max_abs"] = np.abs(q - p).max(initial=0.0)
    return record
