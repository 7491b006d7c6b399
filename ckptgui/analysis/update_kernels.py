"""The compiled loop behind the optimizer's last update. Import it late (see ``analysis.compiled``)."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.compiled import njit


@njit(nogil=True, cache=True)
def fold_update(weights, first, second, form, scale, root, eps, shrink):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """See ``update_rules.sums_of``; ``second`` is read for forms 1 and 2 alone."""
    squares = changes = largest = 0.0
    skipped = 0
    for i in range(weights.size):
        w = np.float64(weights[i])
        change = -scale * np.float64(first[i])
        if form == 1:
            change /= np.sqrt(np.float64(second[i])) * root + eps
        elif form == 2:
            change /= np.float64(second[i])
        # What decay took of the parameter was proportional to it as it was before.
        if shrink != 1.0:
            change = w - (w - change) / shrink
        if np.isfinite(w) and np.isfinite(change):
            squares += w * w
            changes += change * change
            largest = max(largest, abs(change))
        else:
            skipped += 1
    return squares, changes, largest, skipped


def warm() -> None:
    """Compile or fetch the loop, for the width that parameters usually have."""
    one = np.ones(2, np.float32)
    fold_update(one, one, one, 1, 1.0, 1.0, 1.0, 1.0)
