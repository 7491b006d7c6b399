"""One selection in two trees: the outline of what is compared, and the tree of one opened checkpoint."""

from __future__ import annotations

import numpy as np

from ckptgui.core.series.matching import Matching
from ckptgui.core.tree.columns import Tree


def tree_node(matching: Matching, node: int, member: int, tree: Tree) -> int | None:
    """Where the tree of a member has a node of the outline; None where the member has none of its tensors."""
    outline = matching.outline
    if node == 0:
        return 0
    rows = matching.rows[outline.start[node] : outline.stop[node], member]
    rows = rows[(rows >= 0) & (rows < len(tree.checkpoint))]
    if not rows.size:
        return None
    nodes = [tree.node_of_row(int(row)) for row in (rows[0], rows[-1])]
    if outline.tensor[node] >= 0:
        return nodes[0]
    found, last = int(tree.parent[min(nodes)]), max(nodes)
    while found > 0 and tree.end[found] <= last:
        found = int(tree.parent[found])
    return found


def outline_node(matching: Matching, tree: Tree, node: int, member: int) -> int | None:
    """Where the outline has a node of a member's tree; None where nothing of it is compared."""
    outline = matching.outline
    if node == 0:
        return 0
    rows = tree.row[node : tree.end[node]]
    tensors = np.flatnonzero(np.isin(matching.rows[:, member], rows[rows >= 0]))
    if not tensors.size:
        return None
    found = int(outline.node_of[tensors[0]])
    if tree.row[node] >= 0:
        return found
    found, last = int(outline.parent[found]), int(tensors[-1])
    while found > 0 and outline.stop[found] <= last:
        found = int(outline.parent[found])
    return found
