"""Which row of a tensor the values of a chunk belong to; a row is ``width`` neighbours by rank."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.reduction import Chunk


def by_rank(chunk: Chunk) -> Chunk:
    """The same values in the order of their ranks, so that neighbours of a row stand side by side."""
    if chunk.in_order:
        return chunk
    order = sorted(range(len(chunk.sizes)), key=lambda axis: -chunk.weights[axis])
    starts, sizes, weights = (
        tuple(column[axis] for axis in order) for column in (chunk.starts, chunk.sizes, chunk.weights)
    )
    values = chunk.values.reshape(chunk.sizes).transpose(order).reshape(-1)
    return Chunk(values, starts, sizes, weights, in_order=True)


def runs(chunk: Chunk, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of one row begin among the values of a chunk ``by_rank``, and its end; and the row of each."""
    size = chunk.values.size
    if len(chunk.sizes) <= 1 and chunk.weights in ((), (1,)):
        first = int(chunk.ranks([0])[0])
        row = first // width
        starts = np.arange(row * width, first + size, width, dtype=np.int64) - first
        starts[0] = 0
        return np.append(starts, size), np.arange(row, row + starts.size, dtype=np.int64)
    line, step = chunk.sizes[-1], chunk.weights[-1]
    heads = np.arange(0, size, line)
    rows = chunk.ranks(heads) // width
    if line * step > width:  # a line may reach into the next row
        heads = np.arange(size)
        rows = chunk.ranks(heads) // width
    new = np.concatenate([[0], np.flatnonzero(np.diff(rows)) + 1])
    return np.append(heads[new], size), rows[new]
