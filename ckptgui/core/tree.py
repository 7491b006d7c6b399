"""The rows of a checkpoint: ``build_tree`` puts the grown tree into preorder columns.

Two rules keep it shallow. A module with one child is joined with it (``tok_emb.weight``). A module that holds
nothing but small modules, at most ``FLAT`` tensors in all, is shown as those tensors (``attn.qkv.weight``).
Where the classes of modules are known each keeps its row, and only a lone tensor is joined.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.names import NamePool
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.sharing import sharing
from ckptgui.core.tensors import Path
from ckptgui.core.tree_columns import ROLES, NodeKind, Tree
from ckptgui.core.tree_growth import Growth, Node, Remainder

__all__ = ["ROLES", "NodeKind", "Remainder", "Tree", "build_tree"]

FLAT = 8
"""Most tensors of a module of modules that is shown as its tensors."""


def build_tree(checkpoint: Checkpoint) -> Tree:
    """The tree of a checkpoint, from its header alone."""
    with without_garbage_collection():
        growth = Growth(checkpoint)
        root = growth.grow()
        return _Columns(checkpoint, growth.prefixes).freeze(root)


class _Columns:
    """Puts the grown tree into preorder columns, joining as the module's head says."""

    def __init__(self, checkpoint: Checkpoint, prefixes: dict[Node, str]) -> None:
        self._checkpoint = checkpoint
        self._wrappers = prefixes
        self._parent: list[int] = []
        self._depth: list[int] = []
        self._end: list[int] = []
        self._kind: list[int] = []
        self._row: list[int] = []
        self._role: list[int] = []
        self._labels: list[str] = []
        self._classes: dict[int, str] = {}
        self._prefixes: dict[int, str] = {}
        self._values: dict[int, Any] = {}
        self._paths: dict[int, Path] = {}

    def freeze(self, root: Node) -> Tree:
        _count(root)
        self._emit(root, "", -1, 0, Role.OTHER, bool(self._checkpoint.modules))
        table = self._checkpoint.tensors
        share = sharing(self._checkpoint)
        row, end = np.array(self._row, np.int32), np.array(self._end, np.int32)
        has = row >= 0
        nodes = np.arange(len(row))

        def total(column: np.ndarray) -> np.ndarray:
            each = np.zeros(len(row) + 1, np.int64)
            each[1:][has] = column[row[has]]
            sums = np.cumsum(each)
            return np.asarray(sums[end] - sums[nodes])

        best, most, kinds = np.full(len(row), -1, np.int16), np.full(len(row), -1), np.zeros(len(row), np.uint8)
        for code in range(len(table.dtypes)):
            mine = table.dtype == code
            count = total(mine.astype(np.int64))
            weight = np.where(count > 0, total(np.where(mine, table.nbytes, 0)), -1)
            kinds += count > 0
            best = np.where(weight > most, code, best).astype(np.int16)
            most = np.maximum(most, weight)
        return Tree(
            checkpoint=self._checkpoint,
            parent=np.array(self._parent, np.int32),
            depth=np.array(self._depth, np.uint8),
            end=end,
            kind=np.array(self._kind, np.uint8),
            row=row,
            role=np.array(self._role, np.uint8),
            tensors=total(np.ones(len(table), np.int64)),
            nbytes=total(share.shown),
            numel=total(np.where(share.repeated, 0, table.numel)),
            dtype=best,
            dtypes=kinds,
            labels=NamePool(self._labels),
            classes=self._classes,
            prefixes=self._prefixes,
            values=self._values,
            value_paths=self._paths,
            tied=share.tied,
            repeated=share.repeated,
        )

    def _emit(self, node: Node, above: str, parent: int, depth: int, role: Role, classes: bool) -> None:
        number = len(self._parent)
        role = node.role or role
        self._parent.append(parent)
        self._depth.append(depth)
        self._end.append(number + 1)
        self._kind.append(int(node.kind))
        self._row.append(node.row)
        self._role.append(_ROLE_NUMBER[role])
        self._labels.append(above + node.label)
        if node.row >= 0:
            return
        if node.class_name:
            self._classes[number] = node.class_name
        if node in self._wrappers:
            self._prefixes[number] = self._wrappers[node]
        if node.kind is NodeKind.VALUE:
            self._values[number] = node.value
            self._paths[number] = node.value_path
        if node.children:
            for child in _in_order(node.children):
                emit = self._emit if child.row >= 0 else self._emit_joined
                emit(child, "", number, depth + 1, role, classes)
            self._end[number] = len(self._parent)

    def _emit_joined(self, node: Node, above: str, parent: int, depth: int, role: Role, classes: bool) -> None:
        if node.kind is NodeKind.MODULE and node.children:
            only = node.children[0] if len(node.children) == 1 else None
            if only is not None and only.kind is (NodeKind.TENSOR if classes else only.kind) is not NodeKind.VALUE:
                at = len(self._parent)
                self._emit_joined(only, f"{above}{node.label}.", parent, depth, role, classes)
                if node.class_name:
                    self._classes[at] = node.class_name
                return
            if not classes and _is_flat(node):
                for module in _in_order(node.children):
                    for leaf in _in_order(module.children):
                        self._emit(leaf, f"{above}{node.label}.{module.label}.", parent, depth, role, classes)
                return
        self._emit(node, above, parent, depth, role, classes)


_ROLE_NUMBER = {role: number for number, role in enumerate(ROLES)}


def _count(node: Node) -> int:
    node.tensors = sum([1 if child.row >= 0 else _count(child) for child in node.children])
    return node.tensors


def _is_flat(node: Node) -> bool:
    return node.tensors <= FLAT and all(
        child.kind is NodeKind.MODULE and child.children and all(leaf.row >= 0 for leaf in child.children)
        for child in node.children
    )


def _in_order(children: list[Node]) -> list[Node]:
    """Saved order; where labels are plain numbers those stand in their natural order among themselves."""
    if len(children) < 2:
        return children
    places = [place for place, child in enumerate(children) if _is_number(child.label)]
    numbers = [int(children[place].label) for place in places]
    if all(a <= b for a, b in pairwise(numbers)):
        return children
    result = list(children)
    for place, source in zip(places, sorted(places, key=lambda p: int(children[p].label))):
        result[place] = children[source]
    return result


def _is_number(label: str) -> bool:
    return label.isascii() and label.isdigit() and len(label) < 19
