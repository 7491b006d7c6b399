"""The rows of a tree in another order: siblings by name, size, type or a figure, subtrees kept whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ckptgui.core.tree.columns import NodeKind, Tree
from ckptgui.core.tree.distinct import Bytes
from ckptgui.core.tree.figures import Figures
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.labels import Labels
from ckptgui.core.tree.order import preorder
from ckptgui.core.tree.radix import stable_order

_LOOKED_AT = 64
"""Bytes of a name that decide its place."""


class SortKey(Enum):
    """What siblings are ordered by."""

    NAME = "name"
    SIZE = "size"
    ELEMENTS = "elements"
    TYPE = "type"
    MEAN = "mean"
    STD = "std"
    LOW = "min"
    HIGH = "max"
    MAGNITUDE = "magnitude"
    ZEROS = "zeros"
    ALARMS = "alarms"

    @property
    def is_late(self) -> bool:
        """Whether it goes by figures that are known only once a tensor was read."""
        return self in _FIGURES


_FIGURES: dict[SortKey, Callable[[Figures], np.ndarray]] = {
    SortKey.MEAN: lambda figures: figures.mean,
    SortKey.STD: lambda figures: figures.std,
    SortKey.LOW: lambda figures: figures.low,
    SortKey.HIGH: lambda figures: figures.high,
    SortKey.MAGNITUDE: lambda figures: np.maximum(np.abs(figures.low), np.abs(figures.high)),
    SortKey.ZEROS: lambda figures: figures.zeros / np.where(figures.elements > 0, figures.elements, np.nan),
    SortKey.ALARMS: lambda figures: figures.nan + figures.inf,
}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """``order`` are all nodes from top to bottom, ``place`` says where each stands; int32 both."""

    order: np.ndarray
    place: np.ndarray


def arranged(
    tree: Tree, key: SortKey, descending: bool, folds: Folds | None = None, figures: Figures | None = None
) -> Arrangement:
    """Put siblings in order; equal ones stay as they were saved, rows without tensors come last.

    Late keys need ``figures``, of folded layers together. Branches of which not all was read, and tensors that
    were not, come last, too.
    """
    keys = _late_keys(tree, key, figures) if key.is_late else _keys(tree, key, folds)
    last = keys < 0
    if descending:
        keys = keys.max(initial=0) - keys
    keys[last] = keys.max(initial=0) + 1
    by_key = 1 + stable_order(keys[1:])
    siblings = by_key[stable_order(tree.parent[by_key])]
    order, place, _ = preorder(np.maximum(tree.parent, 0), tree.depth, siblings)
    return Arrangement(order, place)


def _keys(tree: Tree, key: SortKey, folds: Folds | None) -> np.ndarray:
    """int64 for each node, -1 where it has none."""
    if key is SortKey.NAME:
        return _ranks(tree.labels)[tree.labels.number]
    if key is SortKey.TYPE:
        names = [dtype.name for dtype in tree.checkpoint.tensors.dtypes]
        ranks = np.empty(len(names) + 1, np.int64)
        ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
        ranks[-1] = -1  # the code of no dtype
        return np.asarray(ranks[tree.dtype])
    keys = (tree.nbytes if key is SortKey.SIZE else tree.numel).astype(np.int64)
    if folds is not None:  # a row of equal layers has the weight of all of them
        own = np.where(tree.kind == NodeKind.TENSOR, keys, 0)
        before = np.concatenate([[0], np.cumsum(own)])
        repeats = folds.repeats
        head, stop = repeats.head[folds.folded], repeats.stop[folds.folded]
        keys[head] = before[stop] - before[head]
    keys[tree.tensors == 0] = -1
    return keys


def _late_keys(tree: Tree, key: SortKey, figures: Figures | None) -> np.ndarray:
    """int64 for each node: the rank of its figure among all, -1 where it is not known."""
    if figures is None:
        return np.full(len(tree), -1, np.int64)
    values = np.where((figures.left == 0) & (figures.elements > 0), _FIGURES[key](figures), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    ranks = np.full(len(tree), -1, np.int64)
    if len(order):
        ranks[order] = np.concatenate([[0], np.cumsum(np.diff(values[order]) > 0)])
    return ranks


def _ranks(labels: Labels) -> np.ndarray:
    """int64 for each label of the pool: numbers by what they count, then words, in any case."""
    pool = labels.pool
    lengths = np.diff(pool.ends, prepend=0)
    if pool.text.isascii():
        text = Bytes(pool.text)
        text.data[(text.data >= ord("A")) & (text.data <= ord("Z"))] += 32
    else:
        lowered = [label.lower() for label in pool]
        text = Bytes("".join(lowered))
        sizes = (len(label.encode("utf-8", "surrogatepass")) for label in lowered)
        lengths = np.fromiter(sizes, np.int64, len(lowered))
    starts = np.cumsum(lengths) - lengths
    digits = _leading_digits(text, starts, lengths)
    # Among names that begin with a number the one with fewer digits counts less; words come after all of them.
    order = np.arange(len(pool))
    for place in range(min(int(lengths.max(initial=0)), _LOOKED_AT) // 8 * 8, -1, -8):
        left = np.maximum(lengths[order] - place, 0)
        words = text.word(np.where(left > 0, starts[order] + place, 0), left).byteswap()
        order = order[stable_order(words)]
    order = order[stable_order(np.where(digits[order] > 0, digits[order], 1 << 20))]
    ranks = np.empty(len(pool), np.int64)
    ranks[order] = np.arange(len(pool))
    return ranks


def _leading_digits(text: Bytes, starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    count = np.zeros(len(starts), np.int64)
    at = np.flatnonzero(lengths > 0)
    while len(at):
        char = text.data[starts[at] + count[at]]
        at = at[(char >= ord("0")) & (char <= ord("9"))]
        count[at] += 1
        at = at[count[at] < np.minimum(lengths[at], _LOOKED_AT)]
    return count
