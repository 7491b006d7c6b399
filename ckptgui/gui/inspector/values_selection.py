"""What a selection of cells comes to: how many, the least, the largest, the mean. No widgets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.gui.numbers import counted, significant, tr


def selection_text(rows: Sequence[np.ndarray]) -> str:
    """``12 values, −0.0210 to 0.0410, mean 0.0012``; what is not finite is counted apart."""
    values = np.concatenate([np.asarray(row).reshape(-1) for row in rows]) if rows else np.zeros(0)
    parts = [counted(values.size, "value", "values")]
    if values.dtype == bool:
        parts.append(tr("{0} true").format(significant(int(values.sum()))))
        return ", ".join(parts)
    if values.dtype.kind in "iu":
        low, high = int(values.min()), int(values.max())
        mean = float(np.mean(values, dtype=np.float64))
        return ", ".join([*parts, _range(low, high), tr("mean {0}").format(significant(mean))])
    if values.dtype.kind == "c" or values.dtype.name == "complex32":
        return parts[0]
    with np.errstate(invalid="ignore", over="ignore"):
        real = values.astype(np.float64)
        finite = real[np.isfinite(real)]
        if finite.size:
            parts.append(_range(float(finite.min()), float(finite.max())))
            parts.append(tr("mean {0}").format(significant(float(finite.mean()))))
    nan = int(np.isnan(real).sum())
    if nan:
        parts.append(tr("{0} NaN").format(significant(nan)))
    if real.size - finite.size - nan:
        parts.append(tr("{0} infinite").format(significant(int(real.size - finite.size - nan))))
    return ", ".join(parts)


def _range(low: float | int, high: float | int) -> str:
    return tr("{0} to {1}").format(significant(low), significant(high))
