"""Which branches are open: a first choice for a new file, the same choice for its next epoch."""

from __future__ import annotations

import numpy as np

from ckptgui.core.tensors import Path
from ckptgui.core.tree import NodeKind, Tree

FIRST_ROWS = 40
"""A file opens as far as about so many rows allow; the root and its sections always are rows."""

MAX_KEPT = 20_000
"""Open branches that are carried over to another epoch by their paths."""


def first_expansion(tree: Tree) -> np.ndarray:
    """The root, then level by level what still fits, a bool for every node."""
    expanded = np.zeros(len(tree), bool)
    expanded[0] = True
    shown = 1 + len(tree.children(0))
    # A scheduler's insides are seldom what one came for; siblings open together, since half of them look odd.
    level = [[node] for node in tree.children(0) if tree.is_branch(node) and tree.kind[node] != NodeKind.VALUE]
    while level:
        below: list[list[int]] = []
        for siblings in level:
            children = [tree.children(node) for node in siblings]
            count = sum(map(len, children))
            if shown + count <= FIRST_ROWS:
                expanded[siblings] = True
                shown += count
                below.extend([child for child in group if tree.is_branch(child)] for group in children)
        level = [group for group in below if group]
    return expanded


def open_paths(tree: Tree, expanded: np.ndarray) -> list[Path]:
    """The paths of the open branches."""
    return [tree.path(node) for node in np.flatnonzero(expanded & tree.branches)[:MAX_KEPT].tolist()]


def carried_over(old: Tree, expanded: np.ndarray, new: Tree) -> np.ndarray:
    """The same branches open in another tree. Trees of one run are mostly equal, and then nothing is looked up."""
    if same_rows(old, new):
        return expanded.copy()
    result = np.zeros(len(new), bool)
    for path in open_paths(old, expanded):
        node = new.node_of_path(path)
        if node is not None:
            result[node] = True
    return result


def same_rows(old: Tree, new: Tree) -> bool:
    """Whether two trees have the same rows, names and levels; their roots' names are the files' and may differ."""
    return (
        len(old) == len(new)
        and np.array_equal(old.end, new.end)
        and np.array_equal(old.kind, new.kind)
        and old.labels.same_below(new.labels)
    )
