"""The rows of a checkpoint as a tree in preorder columns: a subtree is a range, so folding is arithmetic.

Children stand in saved order, numbers among them in natural order. ``core.tree`` builds it,
``core.tree_search`` finds names in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.tensors import Path
from ckptgui.core.tree.labels import Labels

ROLES: tuple[Role, ...] = tuple(Role)
"""What the numbers in ``Tree.role`` mean."""


class NodeKind(IntEnum):
    """What a row of the tree stands for."""

    ROOT = 0
    SECTION = 1
    MODULE = 2  # also a plain container between sections and tensors
    TENSOR = 3
    VALUE = 4


@dataclass(frozen=True)
class Tree:
    """All rows, node 0 the file itself. ``end`` is one past a node's last descendant.

    ``row`` is a tensor's row in the table, else -1. ``tensors``, ``nbytes`` and ``numel`` are totals of the
    subtree; bytes that an earlier name of the same section has already shown count as zero, as they take
    none. ``dtype`` is the dtype with most bytes in the subtree (-1: none), ``dtypes`` how many there are.
    """

    checkpoint: Checkpoint
    parent: np.ndarray  # int32, -1 for the root
    depth: np.ndarray  # uint8
    end: np.ndarray  # int32
    kind: np.ndarray  # uint8 of NodeKind
    row: np.ndarray  # int32
    role: np.ndarray  # uint8, into ROLES
    tensors: np.ndarray  # int64
    nbytes: np.ndarray  # int64
    numel: np.ndarray  # int64
    dtype: np.ndarray  # int16, into checkpoint.tensors.dtypes
    dtypes: np.ndarray  # uint8
    labels: Labels
    classes: Mapping[int, str]  # class name of the modules that tell theirs
    prefixes: Mapping[int, str]  # wrapper prefix taken off all names below, "module." for instance
    values: Mapping[int, Any]  # a VALUE row's JSON value, or a ``Remainder``
    value_paths: Mapping[int, Path]
    tied: np.ndarray  # bool a tensor row: it shares its view with another name
    repeated: np.ndarray  # bool a tensor row: an earlier name of its section has shown its bytes

    def __len__(self) -> int:
        return len(self.parent)

    @cached_property
    def nodes(self) -> np.ndarray:
        """int32, the node of each tensor row."""
        nodes = np.zeros(len(self.checkpoint.tensors), np.int32)
        of = np.flatnonzero(self.row >= 0)
        nodes[self.row[of]] = of
        return nodes

    def node_of_row(self, row: int) -> int:
        """The node that shows a tensor."""
        return int(self.nodes[row])

    def is_branch(self, node: int) -> bool:
        """Whether anything hangs below."""
        return bool(self.end[node] > node + 1)

    @cached_property
    def branches(self) -> np.ndarray:
        """bool, which nodes have something below them."""
        return np.asarray(self.end > np.arange(1, len(self) + 1))

    def children(self, node: int) -> list[int]:
        """The nodes right below, in order."""
        found: list[int] = self.child_nodes(node).tolist()
        return found

    def child_nodes(self, node: int) -> np.ndarray:
        """The same in a column."""
        return np.asarray(np.flatnonzero(self.parent[node + 1 : self.end[node]] == node) + node + 1)

    def ancestors(self, node: int) -> list[int]:
        """From the parent up to the root."""
        found = []
        while (node := int(self.parent[node])) >= 0:
            found.append(node)
        return found

    def bare_name(self, row: int) -> str:
        """A tensor's name below its section, without what a wrapper put before it."""
        name = self.checkpoint.info(row).name
        if not self.prefixes:
            return name
        above = (self.prefixes[node] for node in self.ancestors(self.node_of_row(row)) if node in self.prefixes)
        return name.removeprefix(next(above, "")) or name

    def path(self, node: int) -> Path:
        """A tensor's or value's own path; for a module its section's keys and its dotted name."""
        if self.row[node] >= 0:
            return self.checkpoint.tensors.path(int(self.row[node]))
        if node in self.value_paths:
            return self.value_paths[node]
        dotted: list[str] = []
        while node > 0 and self.kind[node] != NodeKind.SECTION:
            dotted.append(self.labels[node])
            node = int(self.parent[node])
        name = self.prefixes.get(node, "") + ".".join(reversed(dotted)) if dotted else ""
        above: list[str] = []
        while node > 0:
            above.append(self.labels[node])
            node = int(self.parent[node])
        return (*reversed(above), *([name] if name else []))

    def node_of_path(self, path: Path) -> int | None:
        """The node at a path, however its keys and dots are divided, with or without the wrapper's prefix."""
        wanted = ".".join(path)
        if not path:
            return 0
        found: int | None = None
        waiting = [(0, wanted)]
        while waiting:
            node, rest = waiting.pop()
            prefix = self.prefixes.get(node, "")
            for below in {rest, rest.removeprefix(prefix), without_wrappers(rest)}:
                for label, child in self._children_on_the_way(node, below):
                    if below == label:
                        if self.row[child] >= 0 or found is None:
                            found = child
                    elif self.is_branch(child):
                        waiting.append((child, below[len(label) + 1 :]))
            if found is not None and self.row[found] >= 0:
                return found
        return self._node_of_tensor(path) if found is None else found

    def _node_of_tensor(self, path: Path) -> int | None:
        """The node of a tensor by its own path, where the tree calls it otherwise (``core.slot_labels``)."""
        table = self.checkpoint.tensors
        at = next((n for n, container in enumerate(table.containers) if container == path[:-1]), None)
        if at is None:
            return None
        as_long = np.diff(table.names.ends, prepend=0) == len(path[-1])
        rows = np.flatnonzero((table.container == at) & as_long).tolist()
        row = next((row for row in rows if table.names[row] == path[-1]), None)
        return None if row is None else self.node_of_row(row)

    def _children_on_the_way(self, node: int, dotted: str) -> Iterator[tuple[str, int]]:
        """The children of a node whose labels a dotted name is or begins with."""
        if self.end[node] - node <= _FEW:
            for child in self.children(node):
                label = self.labels[child]
                if dotted == label or dotted.startswith(label + "."):
                    yield label, child
            return
        children = self.child_nodes(node)
        numbers = self.labels.number[children]
        dots = [place for place, char in enumerate(dotted) if char == "."]
        for label in (dotted[:place] for place in (*dots, len(dotted))):
            for number in self.labels.find(label):
                for child in children[numbers == number].tolist():
                    yield label, child

    def visible(self, expanded: np.ndarray) -> np.ndarray:
        """int32 nodes whose ancestors are all expanded; ``expanded`` is a bool for every node."""
        return np.flatnonzero(self.uncovered(expanded)).astype(np.int32)

    def uncovered(self, expanded: np.ndarray) -> np.ndarray:
        """The same as a bool for every node."""
        closed = np.flatnonzero(self.branches & ~expanded)
        if not len(closed):
            return np.ones(len(self), bool)
        change = np.zeros(len(self) + 1, np.int32)
        change[closed + 1] = 1
        change -= np.bincount(self.end[closed], minlength=len(self) + 1).astype(np.int32)
        return np.asarray(np.cumsum(change[:-1]) == 0)


_FEW = 64
"""Rows below a node up to which its children are looked at one after the other."""

WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_forward_module")
"""What DistributedDataParallel, torch.compile and their kin put before every name."""


def without_wrappers(name: str) -> str:
    """A dotted name without what wrappers put in front."""
    while (head := name.partition("."))[0] in WRAPPERS and head[2]:
        name = head[2]
    return name
