"""Which names a glob fits, as ``--include``, ``--exclude`` and ``--dtype-for`` have them.

``*`` goes across dots. A pattern without a wildcard is a whole name, or that of a module with all that is in it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence

import numpy as np

from ckptgui.core.display import display
from ckptgui.errors import ExportError

_WILDCARDS = frozenset("*?[")

MAX_LENGTH = 1_000
"""Characters of a pattern."""


def fitting(pattern: str, names: Sequence[str]) -> np.ndarray:
    """bool for each name. Raises ``ExportError`` for a pattern that is empty or far too long."""
    if not pattern or len(pattern) > MAX_LENGTH:
        raise ExportError(f"A pattern has 1 to {MAX_LENGTH:,} characters, not {len(pattern):,}.")
    if not _WILDCARDS.intersection(pattern):
        below = pattern if pattern.endswith(".") else f"{pattern}."
        return _flags([name == pattern or name.startswith(below) for name in names])
    match = re.compile(fnmatch.translate(pattern)).match  # without a way back over what a star took
    return _flags([match(name) is not None for name in names])


def chosen(names: Sequence[str], include: Sequence[str], exclude: Sequence[str]) -> np.ndarray:
    """bool for each name: fits one of ``include``, if there are any, and none of ``exclude``.

    Raises ``ExportError`` naming the pattern that includes nothing, or that leaves nothing.
    """
    kept = np.full(len(names), not include)
    for pattern in include:
        found = fitting(pattern, names)
        if not found.any():
            raise ExportError(f"No tensor is called {display(pattern)}, so there is nothing to include.")
        kept |= found
    for pattern in exclude:
        before = kept
        kept = kept & ~fitting(pattern, names)
        if before.any() and not kept.any():
            raise ExportError(f"Without {display(pattern)} no tensor is left to export.")
    return kept


def idle(names: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The patterns that fit no name."""
    return tuple(pattern for pattern in patterns if not fitting(pattern, names).any())


def _flags(values: list[bool]) -> np.ndarray:
    return np.array(values, np.bool_)
