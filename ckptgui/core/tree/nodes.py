"""A node of a growing tree that is no column: what it is, and where it stands among its siblings."""

from __future__ import annotations

from typing import NamedTuple

from ckptgui.core.tree.columns import NodeKind


class Made(NamedTuple):
    """A node that no tensor's name tells of, or that was there before the names were read."""

    label: str
    kind: NodeKind
    parent: int
    depth: int


class Place(NamedTuple):
    """Where a node stands among its siblings: by ``group``, then by its first row, then by ``turn``."""

    group: int
    row: int
    turn: int
