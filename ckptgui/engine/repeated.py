"""Views of a few bytes that claim a terabyte of values, as overlapping windows do: they are not read through."""

from __future__ import annotations

from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.plan import Layout
from ckptgui.errors import LimitExceededError

TIMES = 4
ALWAYS_READ = 1 << 30
"""Bytes up to which a view is read however often it repeats what is stored."""


def require_bounded(info: TensorInfo, layout: Layout) -> None:
    """Raise where reading it takes many times the bytes that are stored; a dimension of stride 0 does not."""
    stored = info.extent.nbytes if info.extent is not None else 0
    nbytes = layout.count * info.dtype.itemsize
    if nbytes > max(TIMES * stored, ALWAYS_READ):
        words = f"Its {nbytes:,} bytes of values repeat {stored:,} in the file"
        raise LimitExceededError(f"{words}, which is too much to read through.")
