"""The module tree over the names that are compared: modules before what is in them, each a range of names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

MAX_DEPTH = 64
"""Modules in modules; what is deeper is the tensor's own name."""

_Level = dict["str | tuple[str]", "int | _Level"]
"""A tensor by its name, a module by its name in a tuple: both may be called alike."""


@dataclass(frozen=True, eq=False)
class Outline:
    """Nodes in preorder; node 0 is the root. A node stands for the tensors ``start`` to ``stop`` of ``names``.

    ``names`` are in the outline's order: those of a module stand together, modules and tensors in the order in
    which the first name of each was saved. ``tensor`` is a tensor's number for a leaf, -1 for a module.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]  # the last part of each node's name
    depth: np.ndarray  # int32, 0 for the root
    parent: np.ndarray  # int64, -1 for the root
    start: np.ndarray  # int64
    stop: np.ndarray  # int64
    tensor: np.ndarray  # int64

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def node_of(self) -> np.ndarray:
        """int64 a tensor, the leaf that stands for it."""
        leaves = np.flatnonzero(self.tensor >= 0)
        found = np.empty(len(self.names), np.int64)
        found[self.tensor[leaves]] = leaves
        return found

    def children(self, node: int) -> list[int]:
        """The nodes directly below one."""
        return np.flatnonzero(self.parent == node).tolist()

    def path(self, node: int) -> str:
        """A node's whole name; empty for the root."""
        parts: list[str] = []
        while node > 0:
            parts.append(self.labels[node])
            node = int(self.parent[node])
        return ".".join(reversed(parts))

    def find(self, path: str) -> int | None:
        """The node of that name."""
        return self._paths.get(path)

    @cached_property
    def _paths(self) -> dict[str, int]:
        whole: list[str] = [""]
        for node in range(1, len(self)):
            above = whole[int(self.parent[node])]
            whole.append(f"{above}.{self.labels[node]}" if above else self.labels[node])
        return {path: node for node, path in reversed(list(enumerate(whole)))}


def outline_of(names: Sequence[str]) -> tuple[Outline, np.ndarray]:
    """The outline of some names, and for each of its tensors the place that it had among ``names``."""
    tree, count = _tree(names)
    labels, parent, depth, place, stop = [""], [-1], [0], [-1], [count]
    seen = 0  # tensors
    stack = [(0, 1, iter(tree.items()))]
    while stack:
        node, below, items = stack[-1]
        for key, value in items:
            parent.append(node)
            depth.append(below)
            if type(value) is int:
                seen += 1
                labels.append(key)  # type: ignore[arg-type]  # a text where a number is kept
                place.append(value)
                stop.append(seen)
            else:
                labels.append(key[0])
                place.append(-1)
                stop.append(0)
                stack.append((len(labels) - 1, below + 1, iter(value.items())))  # type: ignore[union-attr]
                break
        else:
            stop[node] = seen
            stack.pop()
    places = np.array(place, np.int64)
    leaves = places >= 0
    before: np.ndarray = np.cumsum(leaves) - leaves
    order = places[leaves]
    outline = Outline(
        tuple([names[at] for at in order.tolist()]),
        tuple(labels),
        np.array(depth, np.int32),
        np.array(parent, np.int64),
        before,
        np.array(stop, np.int64),
        np.where(leaves, before, -1),
    )
    return outline, order


def _tree(names: Sequence[str]) -> tuple[_Level, int]:
    """The names as levels in levels with the place of each, and how many there are: of equal ones the first."""
    tree: _Level = {}
    known: dict[str, _Level] = {}  # a module's level by its whole name: most names are in one that is there
    count = 0
    for place, name in enumerate(names):
        front, dot, leaf = name.rpartition(".")
        here = known.get(front) if dot else tree
        if here is None:
            if name.count(".") > MAX_DEPTH:
                *modules, leaf = name.split(".", MAX_DEPTH)
                front = ".".join(modules)
            here = _level(front, tree, known)
        if leaf not in here:
            here[leaf] = place
            count += 1
    return tree, count


def _level(front: str, tree: _Level, known: dict[str, _Level]) -> _Level:
    """The level of a module, made where it is not there yet."""
    here = known.get(front)
    if here is None:
        above, dot, module = front.rpartition(".")
        outer = _level(above, tree, known) if dot else tree
        here = outer[(module,)] = known[front] = {}
    return here
