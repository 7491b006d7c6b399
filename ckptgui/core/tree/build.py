"""The rows of a checkpoint: ``build_tree`` puts the grown tree into preorder columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.sharing import sharing
from ckptgui.core.tree.columns import ROLES, NodeKind, Tree
from ckptgui.core.tree.growth import Growth, Remainder
from ckptgui.core.tree.joining import Joining, joined
from ckptgui.core.tree.labels import Labels
from ckptgui.core.tree.shape import Shape, shape_of
from ckptgui.core.tree.totals import Totals

__all__ = ["ROLES", "NodeKind", "Remainder", "Tree", "build_tree"]


def build_tree(checkpoint: Checkpoint, check: Callable[[], None] = lambda: None) -> Tree:
    """The tree of a checkpoint, from its header alone. ``check`` is called now and then and may raise."""
    with without_garbage_collection():
        growth = Growth(checkpoint, check)
        check()
        shape = shape_of(growth)
        check()
        joining = joined(shape, bool(checkpoint.modules), growth.slot_nodes())
        return _frozen(growth, shape, joining)


def _frozen(growth: Growth, shape: Shape, joining: Joining) -> Tree:
    checkpoint = growth.checkpoint
    table = checkpoint.tensors
    has_row = joining.shown[shape.seq]
    nodes = shape.seq[has_row]
    before = np.concatenate([[0], np.cumsum(has_row)]).astype(np.int32)
    number = before[shape.place]  # of the nodes that have a row
    row = np.maximum(nodes - shape.branches, -1)
    end = before[shape.place[nodes] + shape.size[nodes]]
    parent = number[joining.above[nodes]]
    parent[0] = -1
    share = sharing(checkpoint)
    totals = Totals(row, end)
    dtype, dtypes = totals.dtypes(table)
    return Tree(
        checkpoint=checkpoint,
        parent=parent,
        depth=_depths(end),
        end=end,
        kind=shape.kind[nodes],
        row=row.astype(np.int32),
        role=_roles(growth, number, end),
        tensors=totals.of(np.ones(len(table), np.int64)),
        nbytes=totals.of(share.shown),
        numel=totals.of(np.where(share.repeated, 0, table.numel)),
        dtype=dtype,
        dtypes=dtypes,
        labels=_labels(growth, shape, joining, nodes, number),
        classes={int(number[node]): name for node, name in growth.classes.items()},
        prefixes={int(number[node]): prefix for node, prefix in growth.prefixes.items()},
        values={int(number[node]): value for node, value in growth.values.items()},
        value_paths={int(number[node]): path for node, path in growth.value_paths.items()},
        tied=share.tied,
        repeated=share.repeated,
    )


def _depths(end: np.ndarray) -> np.ndarray:
    """Levels above each node: how many began before it and have not ended."""
    count = len(end)
    ended = np.cumsum(np.bincount(end, minlength=count + 1)[:count])
    return np.asarray(np.minimum(np.arange(count) - ended, 255), np.uint8)


def _roles(growth: Growth, number: np.ndarray, end: np.ndarray) -> np.ndarray:
    roles = np.full(len(end), _ROLE_NUMBER[Role.OTHER], np.uint8)
    for node, role in sorted((int(number[node]), role.value) for node, role in growth.roles.items()):
        roles[node : end[node]] = _ROLE_NUMBER[Role(role)]
    for row, role_of_row in growth.row_roles.items():
        roles[number[len(growth) + row]] = _ROLE_NUMBER[role_of_row]
    return roles


_ROLE_NUMBER = {role: number for number, role in enumerate(ROLES)}


def _labels(growth: Growth, shape: Shape, joining: Joining, nodes: np.ndarray, number: np.ndarray) -> Labels:
    start = shape.start[nodes] - joining.joined[nodes]
    length = shape.length[nodes] + joining.joined[nodes]
    own: dict[int, str] = {}
    for node in growth.made:
        inside = [node]
        if not joining.shown[node]:  # what took its label over
            below = shape.seq[shape.place[node] : shape.place[node] + shape.size[node]]
            inside = below[joining.shown[below] & (joining.above[below] == joining.above[node])].tolist()
        for each in inside:
            own[int(number[each])] = _joined_label(growth, shape, joining, each)
    return Labels(growth.names.text, start, length, own)


def _joined_label(growth: Growth, shape: Shape, joining: Joining, node: int) -> str:
    parts = [growth.label(node)]
    while node and not joining.shown[node := int(shape.parent[node])]:
        parts.append(growth.label(node))
    return ".".join(reversed(parts))
