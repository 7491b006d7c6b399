"""The compiled loop behind channels: sums of squares of a chunk by row and by column.

Import this module late (see ``analysis.compiled``).
"""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.compiled import njit


@njit(nogil=True, cache=True, fastmath={"reassoc", "nsz", "contract"})
def add_squares(values, rank, inner, columns, first_row, rows, cols):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add the squares of finite ``values``, which stand from ``rank`` on in row-major order.

    A row is ``columns`` columns of ``inner`` values each; ``rows[0]`` is row ``first_row``.
    """
    at = 0
    while at < values.size:
        place = (rank + at) // inner
        within = (rank + at) - place * inner
        column = place % columns
        row = place // columns - first_row
        if inner == 1:
            length = min(columns - column, values.size - at)
            total = 0.0
            for i in range(length):
                x = np.float64(values[at + i])
                square = x * x if abs(x) <= 1.7976931348623157e308 else 0.0
                total += square
                cols[column + i] += square
            rows[row] += total
        else:
            length = min(inner - within, values.size - at)
            total = 0.0
            for i in range(length):
                x = np.float64(values[at + i])
                total += x * x if abs(x) <= 1.7976931348623157e308 else 0.0
            rows[row] += total
            cols[column] += total
        at += length


def warm() -> None:
    """Compile or fetch the loop, for both widths that it takes."""
    for dtype in (np.float32, np.float64):
        add_squares(np.ones(2, dtype), 0, 1, 2, 0, np.zeros(1), np.zeros(2))
