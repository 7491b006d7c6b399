"""Why there is no picture of a difference, and what did not move, in sentences."""

from __future__ import annotations

import numpy as np

from ckptgui.core.series.status import Status
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.difference_plane import Moved
from ckptgui.engine.plane import Plane
from ckptgui.gui.numbers import integer, shape_text, tr


def why_none(status: int, a: TensorInfo | None, b: TensorInfo | None, names: tuple[str, str]) -> str:
    """A sentence, empty where there is a picture; ``names`` are those of A and B."""
    if status == Status.ABSENT:
        return tr("It is neither in {a} nor in {b}.").format(a=names[0], b=names[1])
    if status == Status.ADDED or a is None:
        return tr("It is new in {b}; {a} has no such tensor.").format(a=names[0], b=names[1])
    if status == Status.REMOVED or b is None:
        return tr("It is gone in {b}; {a} had it.").format(a=names[0], b=names[1])
    if status == Status.RESHAPED:
        words = tr("Its shape went from {a} to {b}, so there is no difference to show.")
        return words.format(a=shape_text(a.shape), b=shape_text(b.shape))
    return tr("It has no values.") if not b.numel else ""


def unmoved_text(plane: Plane, moved: Moved) -> str:
    """How many rows and columns, or a convolution's outputs and inputs, did not move; empty where all did."""
    parts = []
    kernels = max(plane.tile) > 1
    names = (tr("outputs"), tr("inputs")) if kernels else (tr("rows"), tr("columns"))
    if plane.down and plane.across and plane.down[0] > plane.across[0]:
        names = names[::-1]
    for name, side, tile in zip(names, (moved.rows, moved.columns), plane.tile):
        still: np.ndarray = ~np.asarray(side.reshape(-1, tile).any(axis=1))
        if still.any() and len(still) > 1:
            parts.append(_counted(still, name))
    if not parts or not moved.rows.any():
        return ""
    return " ".join(parts)


def _counted(still: np.ndarray, name: str) -> str:
    words = tr("{count} of {all} {name} did not move.")
    return words.format(count=integer(int(still.sum())), all=integer(len(still)), name=name)
