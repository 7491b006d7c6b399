"""Which element type each tensor is written as: one for all, exceptions by glob, floating-point numbers alone.

float8 stays as it is, since its numbers mean little without the scales that stand beside them; so do complex ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckptgui.core.display import display
from ckptgui.core.dtypes import BY_NAME, DType
from ckptgui.errors import ExportError
from ckptgui.export.globs import fitting

KEEP = "keep"

CAST_DTYPES = ("float64", "float32", "float16", "bfloat16")
"""What can be cast, and to what."""


def cast_dtypes(
    names: Sequence[str], saved: Sequence[DType], dtype: str, dtype_for: Sequence[tuple[str, str]]
) -> tuple[list[DType], tuple[str, ...]]:
    """What each tensor, called ``names[i]`` and saved as ``saved[i]``, is written as, and globs that fit none.

    Of ``dtype_for`` the last pair whose glob fits counts. Raises ``ExportError`` for a type that is none of these.
    """
    default = _target(dtype)
    targets = list(saved) if default is None else [_cast(each, default) for each in saved]
    idle = []
    for glob, name in dtype_for:
        target = _target(name)
        rows = fitting(glob, names).nonzero()[0].tolist()
        for row in rows:
            targets[row] = _cast(saved[row], target)
        if not rows:
            idle.append(glob)
    return targets, tuple(idle)


def _cast(saved: DType, target: DType | None) -> DType:
    return target if target is not None and saved.name in CAST_DTYPES else saved


def _target(name: str) -> DType | None:
    """The type of this name, None for ``keep``."""
    if name == KEEP:
        return None
    if name not in CAST_DTYPES:
        raise ExportError(f"Tensors are kept or cast to {', '.join(CAST_DTYPES)}, not to {display(name)}.")
    return BY_NAME[name]
