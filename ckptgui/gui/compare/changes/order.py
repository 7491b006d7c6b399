"""In which order rows stand: the worst first, a NaN before everything, what is not known last."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckptgui.analysis.branch_differences import MovedFigures
from ckptgui.core.series.outline import Outline
from ckptgui.core.series.status import Status
from ckptgui.core.tree.order import preorder
from ckptgui.core.tree.radix import stable_order
from ckptgui.gui.compare.changes.columns import Column

_WORST = (Status.REMOVED, Status.ADDED, Status.RESHAPED, Status.RETYPED, Status.CHANGED, Status.SAME)
"""Statuses, the ones that a loader stumbles over first."""

_FIGURES: dict[Column, Callable[[MovedFigures], np.ndarray]] = {
    Column.RELATIVE: lambda figures: figures.relative,
    Column.DELTA: lambda figures: figures.delta_l2,
    Column.COSINE: lambda figures: 1 - figures.cosine,
    Column.LARGEST: lambda figures: figures.max_abs,
    Column.CHANGED: lambda figures: figures.changed_fraction,
    Column.STATUS: lambda figures: _worst(figures.counts),
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


def _worst(counts: np.ndarray) -> np.ndarray:
    rank = np.full(len(counts), np.nan)
    for place, status in enumerate(reversed(_WORST)):
        rank[counts[:, status] > 0] = place
    return rank


def tensor_order(outline: Outline, among: np.ndarray, key: np.ndarray, backwards: bool) -> np.ndarray:
    """int64, the nodes of the tensors in ``among`` (bool), by their keys, then in the network's order."""
    tensors = np.flatnonzero(among)
    if backwards:
        tensors = tensors[::-1]
    nodes: np.ndarray = outline.node_of[tensors[np.argsort(key[tensors], kind="stable")]]
    return nodes


def tree_order(outline: Outline, key: np.ndarray, backwards: bool) -> tuple[np.ndarray, np.ndarray]:
    """int32, all nodes with the siblings of each module by key, and how many nodes each subtree has."""
    nodes = np.arange(1, len(outline))
    if backwards:
        nodes = nodes[::-1]
    by_key = nodes[np.argsort(key[nodes], kind="stable")]
    siblings = by_key[stable_order(outline.parent[by_key])]
    order, _, size = preorder(np.maximum(outline.parent, 0), outline.depth, siblings)
    return order, size


def unfolded(order: np.ndarray, size: np.ndarray, kept: np.ndarray, opened: np.ndarray) -> np.ndarray:
    """The nodes of ``order`` that have a row: kept ones (bool a node) below none but opened modules."""
    count = len(order)
    closed = np.flatnonzero(~opened[order])
    stop = closed + size[order[closed]]
    change = np.bincount(closed + 1, minlength=count + 2)[: count + 2] - np.bincount(stop, minlength=count + 2)
    hidden = np.cumsum(change)[:count] > 0
    shown: np.ndarray = order[~hidden & kept[order]]
    return shown
