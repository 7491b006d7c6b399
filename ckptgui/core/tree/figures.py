"""What the tensors below each node of a tree come to together: mean and spread, extremes, zeros, NaN.

Moments are merged from the leaves upwards, one level at a time, each branch from its own children: a tensor of
huge values leaves the figures of other branches alone, as differences of running sums would not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from ckptgui.core.tensors import TensorTable
from ckptgui.core.tree.columns import Tree
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.order import levels


class FigureColumns(Protocol):
    """Figures of tensors as far as they are known, in the order of the table."""

    @property
    def known(self) -> np.ndarray:
        """bool a tensor: it was read, or there is nothing to read."""

    def column(self, name: str) -> np.ndarray:
        """float64 a tensor, NaN where it is not known."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One entry a node, of a tensor its own. A tensor that another name of its section has shown counts nothing.

    ``finite``, ``elements``, ``zeros``, ``nan`` and ``inf`` count what is known so far; ``mean`` and ``std`` (the
    population's) are those of the finite elements, ``low`` and ``high`` their extremes, NaN where there are none.
    ``left`` tensors are still to be read, ``left_bytes`` of ``nbytes`` bytes.
    """

    finite: np.ndarray  # float64, whole numbers up to 2**53
    elements: np.ndarray  # float64
    zeros: np.ndarray  # float64
    nan: np.ndarray  # float64
    inf: np.ndarray  # float64
    mean: np.ndarray  # float64
    std: np.ndarray  # float64
    low: np.ndarray  # float64
    high: np.ndarray  # float64
    left: np.ndarray  # int64
    left_bytes: np.ndarray  # int64
    nbytes: np.ndarray  # int64

    def folded(self, tree: Tree, folds: Folds) -> Figures:
        """The same where the first of equal layers, and what is below it, stands for all of them."""
        whole = Figures(*(getattr(self, field.name).copy() for field in fields(self)))
        repeats = folds.repeats
        seen = np.flatnonzero(folds.folded & ~folds.hidden()[repeats.head])
        if len(seen):
            # Outer runs come first: an inner one finds the layers around it summed up. Runs alike go together.
            shapes = np.stack([tree.depth[repeats.head[seen]], repeats.count[seen], repeats.step[seen]], axis=1)
            kinds, which = np.unique(shapes, axis=0, return_inverse=True)
            for number, (_, count, step) in enumerate(kinds.tolist()):
                heads = repeats.head[seen[which.ravel() == number]]
                whole._fold(heads[:, None] + np.arange(step), np.arange(count) * step)
        return whole

    def _fold(self, first: np.ndarray, layers: np.ndarray) -> None:
        """Let the nodes ``first`` stand for those that lie ``layers`` further on, themselves among them."""
        first = first.ravel()
        nodes = first + layers[:, None]
        finite = self.finite[nodes]
        self.mean[first], self.std[first] = _joined(finite, self.mean[nodes], self.std[nodes])
        self.low[first] = np.fmin.reduce(self.low[nodes])
        self.high[first] = np.fmax.reduce(self.high[nodes])
        for name in _SUMS:
            values = getattr(self, name)
            values[first] = values[nodes].sum(axis=0)


_SUMS = ("finite", "elements", "zeros", "nan", "inf", "left", "left_bytes", "nbytes")


def waiting_rows(table: TensorTable, columns: FigureColumns, failed: Iterable[int] = ()) -> np.ndarray:
    """bool a tensor: it has values, and they were neither read nor given up (``failed``)."""
    waiting = np.asarray(~columns.known & (table.storage >= 0) & (table.numel > 0))
    waiting[np.fromiter((*table.errors, *failed), np.int64)] = False
    return waiting


def figures_of(tree: Tree, columns: FigureColumns, waiting: np.ndarray) -> Figures:
    """The figures of all nodes. ``waiting`` tensors (bool a tensor) are still to be read."""
    table = tree.checkpoint.tensors
    counted = np.flatnonzero(~tree.repeated)
    sums = _Sums(tree, counted)
    nan, inf, zeros = (columns.column(name) for name in ("nan", "inf", "zeros"))
    has = ~np.isnan(nan)
    elements = np.where(has, table.numel, 0)
    finite = np.where(has, elements - np.nan_to_num(nan) - np.nan_to_num(inf), 0)
    whole = {
        "elements": elements,
        "zeros": np.nan_to_num(zeros),
        "nan": np.nan_to_num(nan),
        "inf": np.nan_to_num(inf),
    }
    found = {name: sums.of(values).astype(np.float64) for name, values in whole.items()}
    rising = _rising(tree, counted, finite, *(columns.column(name) for name in ("mean", "std", "min", "max")))
    return Figures(
        **found,
        **rising,
        left=sums.of(waiting),
        left_bytes=sums.of(np.where(waiting, table.nbytes, 0)),
        nbytes=sums.of(np.where(table.storage >= 0, table.nbytes, 0)),
    )


class _Sums:
    """Sums of whole numbers over subtrees; of a tensor its own value, also where it is not counted above."""

    def __init__(self, tree: Tree, counted: np.ndarray) -> None:
        self._tree, self._counted = tree, counted

    def of(self, values: np.ndarray) -> np.ndarray:
        """int64 for each node."""
        tree = self._tree
        numbers = values.astype(np.int64)
        sums = np.zeros(len(tree) + 1, np.int64)
        sums[tree.nodes[self._counted] + 1] = numbers[self._counted]
        np.cumsum(sums, out=sums)
        found = sums[tree.end] - sums[:-1]
        found[tree.nodes] = numbers
        return np.asarray(found)


def _rising(
    tree: Tree,
    counted: np.ndarray,
    finite: np.ndarray,
    mean: np.ndarray,
    std: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> dict[str, np.ndarray]:
    """Moments and extremes of all nodes, from the deepest level to the file."""
    count = len(tree)
    weight = np.zeros(count)
    own = {"mean": mean, "std": std, "low": low, "high": high}
    found = {name: np.full(count, np.nan) for name in own}
    weight[tree.nodes[counted]] = finite[counted]
    for name, values in own.items():
        found[name][tree.nodes[counted]] = values[counted]
    for nodes in reversed(levels(tree.depth)):
        above = tree.parent[nodes]  # of one level the children of a node stand together
        heads = np.flatnonzero(np.concatenate([[True], above[1:] != above[:-1]]))
        up = above[heads]
        found["mean"][up], found["std"][up] = pooled_moments(
            weight[nodes], found["mean"][nodes], found["std"][nodes], heads
        )
        weight[up] = np.add.reduceat(weight[nodes], heads)
        found["low"][up] = np.fmin.reduceat(found["low"][nodes], heads)
        found["high"][up] = np.fmax.reduceat(found["high"][nodes], heads)
    weight[tree.nodes] = finite
    for name, values in own.items():
        found[name][tree.nodes] = values
    return {"finite": weight, **found}


def pooled_moments(
    weight: np.ndarray, mean: np.ndarray, std: np.ndarray, heads: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of groups of parts, each beginning at its head."""
    sizes = np.diff(np.append(heads, len(weight)))
    some = weight > 0
    mean, std = np.where(some, mean, 0.0), np.where(some, std, 0.0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = np.add.reduceat(weight, heads)
        part = np.where(some, weight / np.repeat(total, sizes), 0.0)
        middle = np.add.reduceat((part * mean).astype(np.longdouble), heads).astype(np.float64)
        # How far a part's elements lie from the common mean: its own spread, and where its middle is.
        far = np.where(some, np.hypot(std, mean - np.repeat(middle, sizes)), 0.0)
        top = np.maximum.reduceat(far, heads)
        unit = np.where(top > 0, top, 1.0)  # squares of what is huge or tiny stay within float64
        squares = np.add.reduceat((part * (far / np.repeat(unit, sizes)) ** 2).astype(np.longdouble), heads)
        spread = top * np.sqrt(squares).astype(np.float64)
    none = total == 0
    return np.where(none, np.nan, middle), np.where(none, np.nan, spread)


def _joined(weight: np.ndarray, mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same for columns of parts."""
    rows, columns = weight.shape
    heads = np.arange(columns) * rows
    return pooled_moments(weight.T.ravel(), mean.T.ravel(), std.T.ravel(), heads)
