"""The compiled loops behind pictures of matrices: blocks of values folded, blocks joined, cells given colours.

Import this module late (see ``analysis.compiled``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ckptgui.analysis.compiled import njit

_TILE = 1024
_LARGEST = 1.7976931348623157e308
_NAN, _POSINF, _NEGINF = np.uint32(1 << 31), np.uint32(1 << 30), np.uint32(1 << 29)
_COUNT = np.uint32((1 << 28) - 1)
_SIGNS = np.uint32(7 << 29)
_NOT_SHOWN = np.uint32(15 << 28)
_FAST = {"reassoc", "nsz", "contract"}


@njit()
def fold_odd_block(block):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold one block in which values are not finite, or whose sum is not."""
    low, high = np.inf, -np.inf
    count = 0
    signs = np.uint32(0)
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            x = block[i, j]
            if x != x:
                signs |= _NAN
            elif x == np.inf:
                signs |= _POSINF
            elif x == -np.inf:
                signs |= _NEGINF
            else:
                low = min(low, np.float64(x))
                high = max(high, np.float64(x))
                count += 1
    bad = block.size - count
    odd = signs | np.uint32(min(bad, np.int64(_COUNT)))
    if count == 0:
        return np.nan, np.nan, np.nan, odd
    mean = 0.0
    for i in range(block.shape[0]):
        for j in range(block.shape[1]):
            x = np.float64(block[i, j])
            if abs(x) <= _LARGEST:
                mean += x / count  # divided first: the sum may not fit
    return low, high, mean, odd


@njit(fastmath=_FAST)
def fold_blocks(values, rows, columns, low, high, mean, odd):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold each block of ``rows`` by ``columns`` values into one cell of the four last arrays.

    First down the rows, a tile of columns at a time, which the vector unit does; then along each cell. A sum
    that is not finite sends its cell the slow way.
    """
    height, width = values.shape
    tile = max(columns, _TILE // columns * columns)
    least = np.empty(tile, values.dtype)
    most = np.empty(tile, values.dtype)
    total = np.empty(tile, np.float64)
    for top in range(0, height, rows):
        bottom = min(height, top + rows)
        for left in range(0, width, tile):
            size = min(width - left, tile)
            row = values[top, left : left + size]
            for j in range(size):
                least[j] = row[j]
                most[j] = row[j]
                total[j] = row[j]
            for i in range(top + 1, bottom):
                row = values[i, left : left + size]
                for j in range(size):
                    x = row[j]
                    least[j] = x if x < least[j] else least[j]
                    most[j] = x if x > most[j] else most[j]
                    total[j] += x
            for first in range(0, size, columns):
                last = min(size, first + columns)
                a, b, whole = least[first], most[first], total[first]
                for j in range(first + 1, last):
                    a = min(a, least[j])
                    b = max(b, most[j])
                    whole += total[j]
                r, c = top // rows, (left + first) // columns
                if abs(whole) <= _LARGEST:
                    low[r, c] = a
                    high[r, c] = b
                    mean[r, c] = whole / ((bottom - top) * (last - first))
                    odd[r, c] = 0
                else:
                    block = values[top:bottom, left + first : left + last]
                    low[r, c], high[r, c], mean[r, c], odd[r, c] = fold_odd_block(block)


@njit()
def join_blocks(low, high, mean, odd, sizes, rows, columns, out_low, out_high, out_mean, out_odd):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Join ``rows`` by ``columns`` cells into one; ``sizes`` are the values across a cell, down and at the edges.

    ``sizes`` is (rows of a cell, columns of a cell, rows of the last, columns of the last).
    """
    height, width = low.shape
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            a, b, total, count, bad = np.inf, -np.inf, 0.0, 0.0, np.int64(0)
            signs = np.uint32(0)
            for i in range(top, min(height, top + rows)):
                down = sizes[2] if i == height - 1 else sizes[0]
                for j in range(left, min(width, left + columns)):
                    across = sizes[3] if j == width - 1 else sizes[1]
                    mark = odd[i, j]
                    worse = np.int64(mark & _COUNT)
                    here = np.float64(down * across - worse)
                    signs |= mark & _NOT_SHOWN
                    bad += worse
                    if here > 0 and low[i, j] == low[i, j]:
                        a = min(a, np.float64(low[i, j]))
                        b = max(b, np.float64(high[i, j]))
                        count += here
                        total += np.float64(mean[i, j]) * here
            r, c = top // rows, left // columns
            known = count > 0
            middle = total / count if known else np.nan
            if known and not abs(total) <= _LARGEST:  # the sum does not fit, the mean does
                middle = 0.0
                for i in range(top, min(height, top + rows)):
                    down = sizes[2] if i == height - 1 else sizes[0]
                    for j in range(left, min(width, left + columns)):
                        across = sizes[3] if j == width - 1 else sizes[1]
                        here = np.float64(down * across - np.int64(odd[i, j] & _COUNT))
                        if here > 0 and mean[i, j] == mean[i, j]:
                            middle += np.float64(mean[i, j]) * (here / count)
            out_low[r, c] = a if known else np.nan
            out_high[r, c] = b if known else np.nan
            out_mean[r, c] = middle
            out_odd[r, c] = signs | np.uint32(min(bad, np.int64(_COUNT)))


@njit()
def shade(values, odd, low, middle, high, colours, bad, unread, hatch, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Give each cell the colour of its value: the first of ``colours`` at ``low``, the last at ``high``.

    The middle colour stands at ``middle``. Cells in which something is not finite are ``bad``, with diagonal
    lines of ``unread`` through them where they are so many that none has a mark of its own (``hatch``).
    """
    last = colours.size - 1
    half = last / 2.0
    under, over = 2 * (middle / 2 - low / 2), 2 * (high / 2 - middle / 2)
    below = half / under if under > 0 else 0.0
    above = half / over if over > 0 else 0.0
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            mark = odd[i, j]
            x = np.float64(values[i, j])
            if mark & _SIGNS:
                out[i, j] = unread if hatch and (i + j) % 4 == 0 else bad
            elif mark & _NOT_SHOWN or x != x:
                out[i, j] = unread
            else:
                place = half + (x - middle) * (below if x < middle else above)
                out[i, j] = colours[np.int64(min(max(place + 0.5, 0.0), np.float64(last)))]


def _settle(loop: Any, signature: str) -> None:
    """Compile or fetch a loop for both widths and no other arrays: parts of some need no loop of their own."""
    for wide in ("float32", "float64"):
        loop.compile(signature.format(wide, cells=f"{wide}[:,:], {wide}[:,:], {wide}[:,:], uint32[:,:]"))
    loop.disable_compile()


# Whoever imports this module finds all loops ready; the first time ever that takes some seconds.
_settle(fold_blocks, "void({0}[:,::1], int64, int64, {cells})")
_settle(join_blocks, "void({cells}, int64[::1], int64, int64, {cells})")
_settle(
    shade,
    "void({0}[:,:], uint32[:,:], float64, float64, float64, uint32[::1], uint32, uint32, boolean, uint32[:,:])",
)
