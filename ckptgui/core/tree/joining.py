"""Which nodes of a grown tree get a row, and whose labels those take over that get none.

Two rules keep it shallow. A module with one child is joined with it (``tok_emb.weight``). A module that holds
nothing but small modules, at most ``FLAT`` tensors in all, is shown as those tensors (``attn.qkv.weight``).
Where the classes of modules are known each keeps its row, and only a lone tensor is joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.core.tree.columns import NodeKind
from ckptgui.core.tree.order import levels
from ckptgui.core.tree.shape import Shape

FLAT = 8
"""Most tensors of a module of modules that is shown as its tensors."""


@dataclass(frozen=True, slots=True)
class Joining:
    """Which nodes get a row, and what their labels take over from those above that get none."""

    shown: np.ndarray  # bool a node
    above: np.ndarray  # int32, the nearest node above that has a row
    joined: np.ndarray  # int32, bytes of the labels between that node and this one's own


def joined(shape: Shape, classes: bool, firm: Sequence[int] = ()) -> Joining:
    """Apply the rules; ``classes``: those of the modules are known. ``firm`` nodes keep their row anyway."""
    parent, kind, count = shape.parent, shape.kind, shape.branches
    home, up = parent[count:], parent[1:count]
    leaves = np.bincount(home, minlength=count)
    children = leaves + np.bincount(up, minlength=count)
    is_module = (kind[:count] == NodeKind.MODULE) & (children > 0)
    is_module[list(firm)] = False
    only = np.zeros(count, np.int32)
    only[parent[1:]] = np.arange(1, len(parent), dtype=np.int32)
    fits = kind[only] == NodeKind.TENSOR if classes else kind[only] != NodeKind.VALUE
    gone = is_module & (children == 1) & fits
    if not classes:
        small = is_module & (leaves == children)
        smalls = np.bincount(up, weights=small[1:count], minlength=count)
        tensors = leaves.astype(np.int64)
        for nodes in reversed(levels(shape.depth[:count])):
            np.add.at(tensors, parent[nodes], tensors[nodes])
        flat = is_module & ~gone & (tensors <= FLAT) & (smalls == children)
        gone = gone | flat
        gone[1:] |= flat[up]
    shown = np.ones(len(parent), bool)
    shown[:count] = ~gone
    above, joined = parent.copy(), np.zeros(len(parent), np.int32)
    if gone.any():
        for nodes in levels(np.where(gone, shape.depth[:count], 0)):
            over = parent[nodes]
            inside = gone[over]
            above[nodes] = np.where(inside, above[over], over)
            joined[nodes] = np.where(inside, joined[over], 0) + shape.length[nodes] + 1
        inside = np.flatnonzero(~shown[np.maximum(parent, 0)] & shown)
        over = parent[inside]
        joined[inside], above[inside] = joined[over], above[over]
    return Joining(shown, above, joined)
