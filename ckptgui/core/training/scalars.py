"""Every figure among a checkpoint's plain values, by its path: what can be drawn over the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ckptgui.core.checkpoint import Json
from ckptgui.core.tensors import Path
from ckptgui.core.training.summary import figure

MAX_SCALARS = 256
MAX_DEPTH = 8
MAX_LISTED = 16
"""Entries of a list that are looked at: parameter groups and betas, not a history."""


def scalars(metadata: Json) -> dict[str, float]:
    """Numbers by their path joined with ``/``, in saved order, shallow ones first."""
    found: dict[str, float] = {}
    level: list[tuple[Path, Json]] = [((), metadata)]
    for _ in range(MAX_DEPTH):
        deeper: list[tuple[Path, Json]] = []
        for path, value in level:
            for key, inner in _entries(value):
                if isinstance(inner, (Mapping, list)):
                    deeper.append(((*path, key), inner))
                    continue
                number = figure(inner)
                if number is not None:
                    found.setdefault("/".join((*path, key)), number)
                if len(found) == MAX_SCALARS:
                    return found
        level = deeper[:MAX_SCALARS]
    return found


def _entries(value: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list) and len(value) <= MAX_LISTED:
        yield from ((str(place), inner) for place, inner in enumerate(value))
