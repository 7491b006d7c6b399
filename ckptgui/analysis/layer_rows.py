"""The rows of a map of layers: tensors in network order, modules that are folded in the place of theirs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.core.series.outline import Outline
from ckptgui.core.tree.order import levels

MOST_ROWS = 200
"""With more rows than this a level more is folded."""

FEW_ROWS, MOST_LAYERS = 10, 20_000
"""Where folding leaves so few rows, one level is unfolded again, as long as that makes no more rows than this."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """For each node the module by whose name its rows are grouped, -1 for none: a numbered layer, or a part.

    ``top`` is the module that holds everything; names are told from there on.
    """

    outline: Outline
    of: np.ndarray  # int64 a node
    top: int

    @cached_property
    def _alone(self) -> bool:
        """Whether numbered layers are all in one module, so that their numbers tell them apart."""
        numbered = [int(node) for node in np.unique(self.of[self.of >= 0]) if _is_number(self.outline, int(node))]
        return len({int(self.outline.parent[node]) for node in numbered}) <= 1

    def label(self, block: int) -> str:
        """``3`` where that says enough, else ``layer1.3``."""
        outline = self.outline
        return outline.labels[block] if self._alone else self._below(self.top, block)

    def name(self, node: int) -> str:
        """What a row is called below its block; empty for the block itself."""
        block = int(self.of[node])
        return self._below(block if block >= 0 else self.top, node)

    def _below(self, above: int, node: int) -> str:
        parts: list[str] = []
        while node > above and node > 0:
            parts.append(self.outline.labels[node])
            node = int(self.outline.parent[node])
        return ".".join(reversed(parts))


@dataclass(frozen=True, eq=False)
class LayerRows:
    """``nodes`` are those that have a row, in order; together they hold every tensor once."""

    outline: Outline
    nodes: np.ndarray  # int64

    def __len__(self) -> int:
        return len(self.nodes)

    @cached_property
    def heads(self) -> np.ndarray:
        """int64 a row, its first tensor."""
        found: np.ndarray = self.outline.start[self.nodes]
        return found

    @cached_property
    def folded(self) -> np.ndarray:
        """bool a row: it stands for a module."""
        found: np.ndarray = self.outline.tensor[self.nodes] < 0
        return found

    def of(self, node: int) -> range:
        """The rows of a node: one for a tensor or for what is folded, several for a module that is open."""
        start, stop = int(self.outline.start[node]), int(self.outline.stop[node])
        if stop <= start:
            return range(0)
        first, last = (int(np.searchsorted(self.heads, at, side="right")) for at in (start, stop - 1))
        return range(first - 1, last)


def rows_of(outline: Outline, folded: np.ndarray) -> LayerRows:
    """The rows where the modules in ``folded`` (bool a node) are closed."""
    hidden = np.zeros(len(outline), bool)
    if folded.any():
        for nodes in levels(outline.depth):
            above = outline.parent[nodes]
            hidden[nodes] = hidden[above] | folded[above]
    ends = (outline.tensor >= 0) | folded
    ends[0] = False
    return LayerRows(outline, np.flatnonzero(ends & ~hidden))


def folded_to_fit(outline: Outline, most: int = MOST_ROWS) -> np.ndarray:
    """bool a node, modules of one depth: the deepest at which there are not more than ``most`` rows."""
    leaf = outline.tensor >= 0
    deepest = int(outline.depth.max(initial=0))
    leaves = np.cumsum(np.bincount(outline.depth[leaf], minlength=deepest + 1))
    modules = np.bincount(outline.depth[~leaf], minlength=deepest + 1)
    rows = leaves + modules
    fitting = [depth for depth in range(1, deepest + 1) if rows[depth] <= most]
    depth = fitting[-1] if fitting else min(1, deepest)
    if depth < deepest and rows[depth] < FEW_ROWS and rows[depth + 1] <= MOST_LAYERS:
        depth += 1
    folded: np.ndarray = ~leaf & (outline.depth == depth) & (depth > 0)
    return folded


def blocks_of(outline: Outline) -> Blocks:
    """The outermost numbered module around each node, else the outermost part of the model if it has some rows."""
    top = 0
    while (inner := outline.children(top)) and len(inner) == 1 and outline.tensor[inner[0]] < 0:
        if outline.labels[inner[0]].isdecimal():
            break
        top = inner[0]
    module = outline.tensor < 0
    number = np.zeros(len(outline), bool)
    number[[node for node in np.flatnonzero(module).tolist() if outline.labels[node].isdecimal()]] = True
    block = np.where(number, np.arange(len(outline)), -1)
    around = np.zeros(len(outline), bool)  # a numbered module lies within
    by_level = levels(outline.depth)
    for nodes in by_level:
        above = outline.parent[nodes]
        block[nodes] = np.where(block[above] >= 0, block[above], block[nodes])
    for nodes in reversed(by_level):
        around[outline.parent[nodes[around[nodes] | number[nodes]]]] = True
    part = module & (outline.parent == top) & ~around & (outline.stop - outline.start > 1) & (block < 0)
    part[0] = False
    for nodes in by_level:
        above = outline.parent[nodes]
        own = np.where(part[nodes], nodes, -1)
        block[nodes] = np.where(block[nodes] >= 0, block[nodes], np.where(block[above] >= 0, block[above], own))
    return Blocks(outline, block, top)


def _is_number(outline: Outline, node: int) -> bool:
    return outline.labels[node].isdecimal()
