"""How a tensor of any number of dimensions is laid out as a picture at first, and which other ways there are."""

from __future__ import annotations

from enum import Enum

from ckptgui.engine.plane import Plane
from ckptgui.gui.inspector.slices import Slice

LARGEST_KERNEL = 16
"""Places down and across up to which a convolution's kernels are shown side by side."""


class Kind(Enum):
    """What of a tensor there is to see."""

    NUMBER = "number"  # no dimension
    LINE = "line"  # one
    MATRIX = "matrix"


def kind_of(shape: tuple[int, ...]) -> Kind:
    """What there is to see of a tensor of a shape."""
    return (Kind.NUMBER, Kind.LINE, Kind.MATRIX)[min(len(shape), 2)]


def has_kernels(shape: tuple[int, ...]) -> bool:
    """Whether the shape is that of a convolution's weight: out, in, and up to three small sides."""
    return 3 <= len(shape) <= 5 and max(shape[2:]) <= LARGEST_KERNEL and shape[0] * shape[1] > 1


def sheet(shape: tuple[int, ...]) -> Plane:
    """All kernels at once: outputs down, inputs across, a kernel's planes side by side."""
    down, across = {3: ((0,), (1, 2)), 4: ((0, 2), (1, 3)), 5: ((0, 3), (1, 2, 4))}[len(shape)]
    return Plane(shape, down, across, (0,) * len(shape))


def plane_of(shape: tuple[int, ...], chosen: Slice | None = None) -> Plane:
    """The two dimensions of a slice, by default the last two; a vector lies, a number stands alone."""
    if len(shape) < 2:
        return Plane(shape, (), tuple(range(len(shape))), (0,) * len(shape))
    chosen = chosen or Slice.of(shape)
    return Plane(shape, (chosen.rows,), (chosen.columns,), chosen.fixed)
