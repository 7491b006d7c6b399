"""A stable order of a million whole numbers in some hundredths of a second.

numpy sorts 16-bit numbers by counting, several times faster than wider ones; wider ones are sorted digit by digit.
"""

from __future__ import annotations

import numpy as np

_DIGIT = 16


def stable_order(keys: np.ndarray) -> np.ndarray:
    """int64 indices that put ``keys`` (integers, none negative) in ascending order, equal ones as they stand."""
    keys = keys.astype(np.uint64, copy=False)
    if not len(keys):
        return np.zeros(0, np.int64)
    order: np.ndarray | None = None
    bits = int(keys.max()).bit_length()
    for shift in range(0, max(bits, 1), _DIGIT):
        digit = (keys >> np.uint64(shift)).astype(np.uint16)
        if order is None:
            order = np.argsort(digit, kind="stable")
        else:
            order = order[np.argsort(digit[order], kind="stable")]
    assert order is not None
    return order
