"""What casts would lose, as far as figures that are known already tell: at once, exact or within bounds."""

from __future__ import annotations

import math

import numpy as np

from ckptgui.analysis.precision import FloatTarget
from ckptgui.analysis.profile import FIGURES, FLOAT, RECORD, TINY, UNDERFLOW16
from ckptgui.core.dtypes import DType, Kind
from ckptgui.export.losses import FOUND, TARGETS, Losses, casts_of, summed
from ckptgui.export.request import ExportPlan


def quick(plan: ExportPlan, records: np.ndarray | None = None) -> Losses:
    """Bounds of what the plan's casts would lose; reads nothing but ``records``.

    Those are ``analysis.profile.RECORD``, one for each row of the checkpoint, as far as they are known: what was
    kept of it (``workspace.results``), or what the window has read so far.
    """
    if records is None:
        records = np.zeros(len(plan.checkpoint), RECORD)
    casts = casts_of(plan)
    found = np.zeros(len(casts.rows), FOUND)
    numel = plan.checkpoint.tensors.numel
    for (dtype, target), places in casts.groups().items():
        rows = casts.rows[places]
        found[places] = _bounds(dtype, TARGETS[target.name], records, rows, numel[rows])
    return summed(plan, casts, found, exact=False)


def _bounds(
    dtype: DType, target: FloatTarget, records: np.ndarray, rows: np.ndarray, numel: np.ndarray
) -> np.ndarray:
    """``FOUND`` of tensors that share both types, from the figures of their rows."""
    known = (records["known"][rows] == FIGURES) & (records["number"][rows] == FLOAT)
    known &= dtype.kind is Kind.FLOAT  # of complex values the modulus is known, not the parts
    special = sum(records[name][rows] for name in ("nan", "posinf", "neginf", "zeros"))
    live = numel * (2 if dtype.kind is Kind.COMPLEX else 1) - np.where(known, special, 0)
    near = {  # values that are not zero and nearer to it than the limit
        UNDERFLOW16: records["underflow16"][rows],
        TINY: records["tiny"][rows] - records["zeros"][rows],
    }
    own = TARGETS.get(dtype.name)
    found = np.zeros(len(rows), FOUND)
    found["unknown"] = ~known & (live > 0)
    low, high = (records[name][rows].view(np.float64) for name in ("min", "max"))
    beyond = [_overflows(np.abs(value), target) & known & (live > 0) for value in (low, high)]
    over = found["overflowed"]
    over[:, 0] = beyond[0].astype(np.int64) + (beyond[1] & (low != high))
    reaches = own is None or bool(_overflows(np.array([own.largest]), target)[0])
    over[:, 1] = np.where(known, np.where(beyond[0] | beyond[1], live, 0), live if reaches else 0)
    gone = found["zeroed"]
    last = target.quantum / 2  # the largest magnitude that becomes zero
    gone[:, 1] = 0 if own is not None and own.quantum > last else live
    for limit, count in near.items():
        if limit <= last:
            gone[:, 0] = np.where(known, np.maximum(gone[:, 0], count), 0)
        else:
            gone[:, 1] = np.where(known, np.minimum(gone[:, 1], count), gone[:, 1])
    small = found["subnormal"]
    small[:, 1] = 0 if own is not None and own.quantum >= target.least else live
    for limit, count in near.items():
        if target.least <= limit:
            small[:, 1] = np.where(known, np.minimum(small[:, 1], count), small[:, 1])
    small[:, 1] -= np.minimum(small[:, 1], gone[:, 0])
    found["changed"][:, 0] = over[:, 0] + gone[:, 0]
    found["changed"][:, 1] = live
    found["rounding"] = target.within
    found["relative"] = np.where(small[:, 1] > 0, 1.0, target.within) * (live > 0)
    return found


def _overflows(magnitude: np.ndarray, target: FloatTarget) -> np.ndarray:
    """Whether finite magnitudes round to more than the largest value; by way of float32, as torch does it."""
    last = math.frexp(target.largest)[1] - 1 - target.digits  # the exponent of the largest value's last bit
    limit = target.largest + math.ldexp(0.5, last)
    with np.errstate(over="ignore", invalid="ignore"):
        single = magnitude.astype(np.float32).astype(np.float64)
    odd = int(math.ldexp(target.largest, -last)) % 2 == 1  # then half a step more goes up
    beyond: np.ndarray = single >= limit if odd else single > limit
    return beyond
