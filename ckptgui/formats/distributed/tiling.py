"""Whether rectangular pieces make up a tensor without hole or overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ckptgui.core.display import amount

MOST_CELLS = 1 << 24
"""Cells of the grid that the pieces' edges cut the tensor into; programs cut along a few lines each way."""

Box = tuple[tuple[int, ...], tuple[int, ...]]
"""Where a piece begins and its sizes, in elements."""


def tiling_error(shape: tuple[int, ...], pieces: Sequence[Box]) -> str | None:
    """Why the pieces, each with elements, are not exactly the tensor; None when they are."""
    total = math.prod(shape)
    covered = 0
    for offsets, sizes in pieces:
        for offset, size, whole in zip(offsets, sizes, shape):
            if offset < 0 or size < 1 or offset + size > whole:
                return f"Its piece at {told(offsets)} of sizes {told(sizes)} lies outside its shape {told(shape)}."
        covered += math.prod(sizes)
    if covered < total:
        return (
            f"Its pieces leave a hole: they hold {amount(covered)} of its {amount(total)} elements"
            f"{'' if pieces else ', and there are none'}."
        )
    if covered > total or not (len(pieces) == 1 or _in_a_row(shape, pieces) or _in_a_grid(shape, pieces)):
        return f"Its pieces overlap: they hold {amount(covered)} elements, it has {amount(total)}."
    return None


def _in_a_row(shape: tuple[int, ...], pieces: Sequence[Box]) -> bool:
    """Whether the pieces follow each other along one dimension and are whole in all others: the common case."""
    first = pieces[0][1]
    axes = [axis for axis in range(len(shape)) if first[axis] != shape[axis]]
    if len(axes) != 1:
        return False
    axis = axes[0]
    others = (*first[:axis], *first[axis + 1 :])
    reached = 0
    for offsets, sizes in sorted(pieces, key=lambda piece: piece[0][axis]):
        if offsets[axis] != reached or (*sizes[:axis], *sizes[axis + 1 :]) != others:
            return False
        reached += sizes[axis]
    return True


def _in_a_grid(shape: tuple[int, ...], pieces: Sequence[Box]) -> bool:
    """Whether each cell between any two edges belongs to one piece."""
    starts = np.array([offsets for offsets, _ in pieces], np.int64)
    stops = starts + np.array([sizes for _, sizes in pieces], np.int64)
    edges = [np.unique(np.concatenate([starts[:, axis], stops[:, axis]])) for axis in range(len(shape))]
    cells = [len(edge) - 1 for edge in edges]
    if math.prod(cells) > MOST_CELLS:
        return False
    low = np.stack([np.searchsorted(edge, starts[:, axis]) for axis, edge in enumerate(edges)], axis=1)
    high = np.stack([np.searchsorted(edge, stops[:, axis]) for axis, edge in enumerate(edges)], axis=1)
    taken = np.zeros(cells, bool)
    for begin, end in zip(low.tolist(), high.tolist()):
        cell = tuple(map(slice, begin, end))
        if taken[cell].any():
            return False
        taken[cell] = True
    return bool(taken.all())


def told(numbers: tuple[int, ...]) -> str:
    """Sizes or offsets in a sentence, of which a file may claim many and of many digits."""
    return f"({', '.join(map(amount, numbers[:8]))}{', …' if len(numbers) > 8 else ''})"
