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
    tree: _Level = {}
    for place, name in enumerate(names):
        *modules, leaf = name.split(".", MAX_DEPTH)
        here = tree
        for module in modules:
            inner = here.setdefault((module,), {})
            assert isinstance(inner, dict)
            here = inner
        here.setdefault(leaf, place)
    order: list[int] = []
    labels, depth, parent, start, stop, tensor = [""], [0], [-1], [0], [0], [-1]
    stack = [(0, iter(tree.items()))]
    while stack:
        node, items = stack[-1]
        for key, value in items:
            labels.append(key if isinstance(key, str) else key[0])
            depth.append(depth[node] + 1)
            parent.append(node)
            start.append(len(order))
            stop.append(len(order) + 1)
            if isinstance(value, dict):
                tensor.append(-1)
                stack.append((len(labels) - 1, iter(value.items())))
                break
            tensor.append(len(order))
            order.append(value)
        else:
            stop[node] = len(order)
            stack.pop()
    places = np.array(order, np.int64)
    outline = Outline(
        tuple(names[place] for place in places.tolist()),
        tuple(labels),
        np.array(depth, np.int32),
        np.array(parent, np.int64),
        np.array(start, np.int64),
        np.array(stop, np.int64),
        np.array(tensor, np.int64),
    )
    return outline, places
