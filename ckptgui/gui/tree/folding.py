"""Which branches are open: a first choice for a new file, the same choice for its next epoch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ckptgui.core.tree.build import NodeKind, Tree

FIRST_ROWS = 40
"""A file opens as far as about so many rows allow; the root and its sections always are rows."""

MAX_KEPT = 20_000
"""Open branches that are carried over to another epoch by their names."""

MAX_MISSED = 100
"""Names that may be missing there before no more are looked for: each costs a look through all of them."""


def first_expansion(tree: Tree, hidden: np.ndarray | None = None) -> np.ndarray:
    """The root, then level by level what still fits, a bool for every node. ``hidden`` nodes take no room."""

    def children(node: int) -> np.ndarray:
        found = tree.child_nodes(node)
        return found if hidden is None else found[~hidden[found]]

    expanded = np.zeros(len(tree), bool)
    expanded[0] = True
    first = children(0)
    shown = 1 + len(first)
    if shown > FIRST_ROWS:
        return expanded
    # A scheduler's insides are seldom what one came for; siblings open together, since half of them look odd.
    level = [[node] for node in first.tolist() if tree.is_branch(node) and tree.kind[node] != NodeKind.VALUE]
    while level:
        below: list[list[int]] = []
        for siblings in level:
            groups = [children(node) for node in siblings]
            count = sum(map(len, groups))
            if shown + count <= FIRST_ROWS:
                expanded[siblings] = True
                shown += count
                below.extend([child for child in group.tolist() if tree.is_branch(child)] for group in groups)
        level = [group for group in below if group]
    return expanded


def carried_over(old: Tree, expanded: np.ndarray, new: Tree) -> np.ndarray:
    """The same branches open in another tree. Trees of one run are mostly equal, and then nothing is looked up."""
    if same_rows(old, new):
        return expanded.copy()
    result = np.zeros(len(new), bool)
    find = _Lookup(new)
    pairs = [(0, 0)] if expanded[0] else []
    kept = 0
    while pairs and kept < MAX_KEPT:
        one, other = pairs.pop()
        result[other] = True
        kept += 1
        children = old.child_nodes(one)
        children = children[expanded[children] & old.branches[children]][: MAX_KEPT - kept].tolist()
        for child, found in zip(children, find.branches(other, [old.labels[child] for child in children])):
            if found is not None:
                pairs.append((child, found))
    return result


class _Lookup:
    """Finds branches of a tree by parent and label, and gives up on one that has few of the labels asked for."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._numbers: dict[str, list[int]] = {}
        self._missed = 0

    def branches(self, parent: int, labels: list[str]) -> Iterator[int | None]:
        """The branch of each label below a node."""
        if not labels:
            return
        children = self._tree.child_nodes(parent)
        children = children[self._tree.branches[children]]
        by_number = dict(zip(self._tree.labels.number[children].tolist(), children.tolist()))
        for label in labels:
            yield next((by_number[number] for number in self._find(label) if number in by_number), None)

    def _find(self, label: str) -> list[int]:
        found = self._numbers.get(label)
        if found is None and self._missed < MAX_MISSED:
            found = self._numbers[label] = self._tree.labels.find(label)
            self._missed += not found
        return found or []


def same_rows(old: Tree, new: Tree) -> bool:
    """Whether two trees have the same rows, names and levels; their roots' names are the files' and may differ."""
    return (
        len(old) == len(new)
        and np.array_equal(old.end, new.end)
        and np.array_equal(old.kind, new.kind)
        and old.labels.same_below(new.labels)
    )
