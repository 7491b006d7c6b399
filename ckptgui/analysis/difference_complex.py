"""Two complex arrays beside each other: an element is one thing, sums run over its two parts.

Largest is the modulus of a difference, an element is changed if either part is, and the product behind the cosine
is the real part of the inner one. An element with an infinite part is infinite, as its modulus is, else one with
a NaN is NaN.
"""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.difference_sums import INF_A, INF_B, INF_BOTH, NAN_A, NAN_B, WHOLE_A, WHOLE_B, PairSums
from ckptgui.core.dtypes import BY_NAME


def fold_complex(a: np.ndarray, b: np.ndarray) -> PairSums:
    """Two 1-d arrays of equal length, at least one of them complex."""
    x, y = _parts(a), _parts(b)
    inf_x, inf_y = np.isinf(x).any(axis=1), np.isinf(y).any(axis=1)
    nan_x, nan_y = np.isnan(x).any(axis=1) & ~inf_x, np.isnan(y).any(axis=1) & ~inf_y
    broken_x, broken_y = inf_x | nan_x, inf_y | nan_y
    same = ((x == y) | (np.isnan(x) & np.isnan(y))).all(axis=1) | (nan_x & nan_y)
    if broken_x.any() or broken_y.any():
        whole = _folded(_without(x, broken_x), _without(y, broken_y))
        x, y = (_without(each, broken_x | broken_y) for each in (x, y))
        found = _folded(x, y)
        for column in (WHOLE_A, WHOLE_B):
            found.sums[:, column], found.powers[:, column] = whole.sums[:, column], whole.powers[:, column]
    else:
        found = _folded(x, y)
    for column, which in (
        (NAN_A, nan_x), (NAN_B, nan_y), (INF_A, inf_x), (INF_B, inf_y), (INF_BOTH, inf_x & inf_y & same),
    ):  # fmt: skip
        found.counts[0, column] = which.sum()
    found.counts[0, 0] = (~same).sum()
    with np.errstate(over="ignore"):
        moved = np.hypot(*(y - x).T)
    place = int(np.argmax(moved)) if moved.size else -1
    found.peaks[0] = moved[place] if place >= 0 else 0.0
    found.places[0] = place if found.peaks[0] > 0 else -1
    return found


def _folded(x: np.ndarray, y: np.ndarray) -> PairSums:
    from ckptgui.analysis.difference_fold import fold

    double = BY_NAME["float64"]
    return fold(x.reshape(-1), y.reshape(-1), double, double)


def _parts(values: np.ndarray) -> np.ndarray:
    """float64, n × 2."""
    with np.errstate(invalid="ignore"):  # a NaN that signals
        if values.dtype.kind == "c":
            return values.view(f"f{values.itemsize // 2}").reshape(-1, 2).astype(np.float64)
        if values.dtype.name == "complex32":
            return values.view(np.float16).reshape(-1, 2).astype(np.float64)
        return np.stack([values.astype(np.float64), np.zeros(values.size)], axis=1)


def _without(parts: np.ndarray, which: np.ndarray) -> np.ndarray:
    return np.where(which[:, None], 0.0, parts)
