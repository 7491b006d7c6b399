"""Brings the nodes of a tree into preorder for a given order of siblings, all at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ckptgui.core.tree.nodes import Place
from ckptgui.core.tree.radix import stable_order


def sibling_order(parent: np.ndarray, row: np.ndarray, places: Mapping[int, Place]) -> np.ndarray:
    """All nodes but the root, those of one parent together, by first row; ``places`` know better for some."""
    by_row = 1 + stable_order(row[1:])
    order = by_row[stable_order(parent[by_row])]
    if places:
        special = np.fromiter(places, np.int64, len(places))
        special = special[special > 0]
        crowded = np.zeros(len(parent), bool)
        crowded[parent[special]] = True
        at = np.flatnonzero(crowded[parent[order]])
        nodes = order[at]
        keys = np.zeros((3, len(parent)), np.int64)
        keys[1] = row
        keys[:, special] = np.array([places[node] for node in special.tolist()], np.int64).reshape(-1, 3).T
        order[at] = nodes[np.lexsort((keys[2, nodes], keys[1, nodes], keys[0, nodes], parent[nodes]))]
    return np.asarray(order)


def levels(depth: np.ndarray) -> list[np.ndarray]:
    """The nodes of each depth, the highest level first, those of depth 0 left out."""
    order = stable_order(depth)
    bounds = np.flatnonzero(np.diff(depth[order])) + 1
    return [nodes for nodes in np.split(order, bounds) if len(nodes) and depth[nodes[0]] > 0]


def preorder(
    parent: np.ndarray, depth: np.ndarray, siblings: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nodes in preorder, each node's place in it, and how many nodes its subtree has; int32 each.

    ``siblings`` are all nodes but the root, those of one parent together and in order.
    """
    count = len(parent)
    size = np.ones(count, np.int32)
    by_level = levels(depth)
    for nodes in reversed(by_level):
        np.add.at(size, parent[nodes], size[nodes])
    sums = np.cumsum(size[siblings])
    above = parent[siblings]
    heads = np.flatnonzero(np.concatenate([[True], above[1:] != above[:-1]])) if len(above) else above
    run = np.diff(np.append(heads, len(above)))
    before = sums - size[siblings]
    step = np.empty(count, np.int32)
    step[siblings] = before - np.repeat(before[heads], run) + 1
    place = np.zeros(count, np.int32)
    for nodes in by_level:
        place[nodes] = place[parent[nodes]] + step[nodes]
    seq = np.empty(count, np.int32)
    seq[place] = np.arange(count, dtype=np.int32)
    return seq, place, size
