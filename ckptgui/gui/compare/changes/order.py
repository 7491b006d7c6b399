"""In which order rows stand: the worst first, a NaN before everything, what is not known last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ckptgui.analysis.branch_differences import MovedFigures
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.status import Status
from ckptgui.core.tree.order import preorder
from ckptgui.core.tree.radix import stable_order
from ckptgui.gui.compare.changes.columns import Column

_WORST = np.full(len(Status), np.nan)
"""How bad a status is, that which a loader stumbles over most; NaN where it is not known."""

for _rank, _status in enumerate(
    (Status.SAME, Status.CHANGED, Status.RETYPED, Status.RESHAPED, Status.ADDED, Status.REMOVED)
):
    _WORST[_status] = _rank

_FIGURES: dict[Column, Callable[[MovedFigures], np.ndarray]] = {
    Column.RELATIVE: lambda figures: figures.relative,
    Column.DELTA: lambda figures: figures.delta_l2,
    Column.COSINE: lambda figures: 1 - figures.cosine,
    Column.LARGEST: lambda figures: figures.max_abs,
    Column.CHANGED: lambda figures: figures.changed_fraction,
    Column.STATUS: lambda figures: _WORST[figures.status],
}


def keys(figures: MovedFigures, column: Column, reverse: bool, peaks: np.ndarray | None = None) -> np.ndarray:
    """float64 an entry, to be sorted ascending: −∞ for what is broken, then the figures, +∞, NaN for unread.

    ``peaks`` are the largest relative changes over the epochs. By name everything is equal.
    """
    if column is Column.NAME:
        return np.zeros(len(figures.relative))
    values = peaks if column is Column.EPOCHS and peaks is not None else _FIGURES[_known(column)](figures)
    found = np.where(np.isnan(values), np.inf, values if reverse else -values)
    found[(figures.unread > 0) & np.isnan(values)] = np.nan
    found[figures.broken] = -np.inf
    return found


def _known(column: Column) -> Column:
    return column if column in _FIGURES else Column.RELATIVE


def ranked(key: np.ndarray) -> np.ndarray:
    """int64, the places of a key in ascending order, equal ones as they stand, NaN last.

    What ``np.argsort`` does when it is asked to be stable, in a third of the time.
    """
    count = len(key)
    order = np.argsort(key)
    sorted_key = key[order]
    differs = np.ones(count, bool)
    differs[1:] = (sorted_key[1:] != sorted_key[:-1]) & ~np.isnan(sorted_key[:-1])
    together = np.cumsum(differs) * np.int64(count) + order
    together.sort()
    return np.asarray(together % max(1, count))


def tensor_order(outline: Outline, among: np.ndarray, key: np.ndarray, backwards: bool) -> np.ndarray:
    """int64, the nodes of the tensors in ``among`` (bool), by their keys, then in the network's order."""
    tensors = np.flatnonzero(among)
    if backwards:
        tensors = tensors[::-1]
    nodes: np.ndarray = outline.node_of[tensors[ranked(key[tensors])]]
    return nodes


def tree_order(
    outline: Outline,
    levels: Sequence[np.ndarray],
    kept: np.ndarray,
    opened: np.ndarray,
    key: np.ndarray,
    backwards: bool,
) -> np.ndarray:
    """int64, the nodes that have a row from top to bottom, the siblings of each module by their keys.

    Those are the ``kept`` ones below none but ``opened`` modules (bool a node, what is above a kept one is kept,
    too). ``levels`` are the nodes of each depth (``core.tree.order.levels``).
    """
    shown = kept.copy()
    for nodes in levels:
        above = outline.parent[nodes]
        shown[nodes] &= shown[above] & opened[above]
    nodes = np.flatnonzero(shown)
    if not nodes.size:
        return nodes
    parent = np.searchsorted(nodes, np.maximum(outline.parent[nodes], 0))
    below = np.arange(1, len(nodes))
    if backwards:
        below = below[::-1]
    by_key = below[ranked(key[nodes[below]])]
    order, _, _ = preorder(parent, outline.depth[nodes], by_key[stable_order(parent[by_key])])
    return np.asarray(nodes[order])
