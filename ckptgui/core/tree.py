"""The rows of a checkpoint: ``build_tree`` puts the grown tree into preorder columns.

Two rules keep it shallow. A module with one child is joined with it (``tok_emb.weight``). A module that holds
nothing but small modules, at most ``FLAT`` tensors in all, is shown as those tensors (``attn.qkv.weight``).
Where the classes of modules are known each keeps its row, and only a lone tensor is joined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.labels import Labels
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.sharing import sharing
from ckptgui.core.tensors import TensorTable
from ckptgui.core.tree_columns import ROLES, NodeKind, Tree
from ckptgui.core.tree_growth import Growth, Remainder
from ckptgui.core.tree_order import levels, preorder, sibling_order

__all__ = ["ROLES", "NodeKind", "Remainder", "Tree", "build_tree"]

FLAT = 8
"""Most tensors of a module of modules that is shown as its tensors."""


def build_tree(checkpoint: Checkpoint, check: Callable[[], None] = lambda: None) -> Tree:
    """The tree of a checkpoint, from its header alone. ``check`` is called now and then and may raise."""
    with without_garbage_collection():
        growth = Growth(checkpoint, check)
        check()
        grown = _grown(growth)
        check()
        shown = _shown(grown, classes=bool(checkpoint.modules))
        return _frozen(growth, grown, shown)


@dataclass(frozen=True, slots=True)
class _Grown:
    """All nodes in columns, the tensors behind the branches and values; ``seq`` is their preorder."""

    parent: np.ndarray  # int32
    depth: np.ndarray  # int32
    kind: np.ndarray  # uint8
    start: np.ndarray  # int64, where a label begins in the names' text; -1: it is in ``Growth.made``
    length: np.ndarray  # int32
    branches: int  # how many nodes are no tensors
    seq: np.ndarray  # int32
    place: np.ndarray  # int32, where a node is in ``seq``
    size: np.ndarray  # int32, nodes of the subtree


def _grown(growth: Growth) -> _Grown:
    modules, names, count = growth.modules, growth.names, len(growth)
    total = count + len(modules.home)
    parent, depth = np.zeros(total, np.int32), np.zeros(total, np.int32)
    kind = np.full(total, NodeKind.MODULE, np.uint8)
    start, length = np.full(total, -1, np.int64), np.zeros(total, np.int32)
    row = np.zeros(total, np.int64)
    told = slice(modules.first, modules.first + len(modules.parent))
    parent[told], depth[told], row[told] = modules.parent, modules.depth, modules.row
    start[told], length[told] = modules.start, modules.length
    for node, made in growth.made.items():
        parent[node], depth[node], kind[node] = made.parent, made.depth, made.kind
        length[node] = len(made.label.encode("utf-8", "surrogatepass"))
    parent[count:], kind[count:] = modules.home, NodeKind.TENSOR
    depth[count:] = depth[modules.home] + 1
    start[count:], length[count:] = modules.label, names.end - modules.label
    row[count:] = np.arange(len(modules.home))
    siblings = sibling_order(parent, row, growth.places)
    _put_numbers_in_order(siblings, parent, _numbers(growth, start, length))
    seq, place, size = preorder(parent, depth, siblings)
    return _Grown(parent, depth, kind, start, length, count, seq, place, size)


def _numbers(growth: Growth, start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """int64: the number that a label is, or -1."""
    number = np.full(len(start), -1, np.int64)
    data = growth.names.text.data
    at = np.flatnonzero((start >= 0) & (length > 0) & (length < 19))
    value = np.zeros(len(at), np.int64)
    place = 0
    while len(at):
        digit = data[start[at] + place] - np.uint8(48)
        is_digit = digit < 10
        at, value = at[is_digit], value[is_digit] * 10 + digit[is_digit]
        place += 1
        done = length[at] == place
        number[at[done]] = value[done]
        at, value = at[~done], value[~done]
    for node, made in growth.made.items():
        if made.label.isascii() and made.label.isdigit() and len(made.label) < 19:
            number[node] = int(made.label)
    return number


def _put_numbers_in_order(siblings: np.ndarray, parent: np.ndarray, number: np.ndarray) -> None:
    """Saved order; where labels are plain numbers those stand in their natural order among themselves."""
    places = np.flatnonzero(number[siblings] >= 0)
    nodes = siblings[places]
    own, above = number[nodes], parent[nodes]
    if ((above[1:] == above[:-1]) & (own[1:] < own[:-1])).any():
        siblings[places] = nodes[np.lexsort((own, above))]


@dataclass(frozen=True, slots=True)
class _Shown:
    """Which nodes get a row, and what their labels take over from those above that get none."""

    shown: np.ndarray  # bool a node
    above: np.ndarray  # int32, the nearest node above that has a row
    joined: np.ndarray  # int32, bytes of the labels between that node and this one's own


def _shown(grown: _Grown, classes: bool) -> _Shown:
    parent, kind, count = grown.parent, grown.kind, grown.branches
    home, up = parent[count:], parent[1:count]
    leaves = np.bincount(home, minlength=count)
    children = leaves + np.bincount(up, minlength=count)
    is_module = (kind[:count] == NodeKind.MODULE) & (children > 0)
    only = np.zeros(count, np.int32)
    only[parent[1:]] = np.arange(1, len(parent), dtype=np.int32)
    fits = kind[only] == NodeKind.TENSOR if classes else kind[only] != NodeKind.VALUE
    gone = is_module & (children == 1) & fits
    if not classes:
        small = is_module & (leaves == children)
        smalls = np.bincount(up, weights=small[1:count], minlength=count)
        tensors = leaves.astype(np.int64)
        for nodes in reversed(levels(grown.depth[:count])):
            np.add.at(tensors, parent[nodes], tensors[nodes])
        flat = is_module & ~gone & (tensors <= FLAT) & (smalls == children)
        gone = gone | flat
        gone[1:] |= flat[up]
    shown = np.ones(len(parent), bool)
    shown[:count] = ~gone
    above, joined = parent.copy(), np.zeros(len(parent), np.int32)
    if gone.any():
        for nodes in levels(np.where(gone, grown.depth[:count], 0)):
            over = parent[nodes]
            inside = gone[over]
            above[nodes] = np.where(inside, above[over], over)
            joined[nodes] = np.where(inside, joined[over], 0) + grown.length[nodes] + 1
        inside = np.flatnonzero(~shown[np.maximum(parent, 0)] & shown)
        over = parent[inside]
        joined[inside], above[inside] = joined[over], above[over]
    return _Shown(shown, above, joined)


def _frozen(growth: Growth, grown: _Grown, shown: _Shown) -> Tree:
    checkpoint = growth.checkpoint
    table = checkpoint.tensors
    has_row = shown.shown[grown.seq]
    nodes = grown.seq[has_row]
    before = np.concatenate([[0], np.cumsum(has_row)]).astype(np.int32)
    number = before[grown.place]  # of the nodes that have a row
    row = np.maximum(nodes - grown.branches, -1)
    end = before[grown.place[nodes] + grown.size[nodes]]
    parent = number[shown.above[nodes]]
    parent[0] = -1
    share = sharing(checkpoint)
    totals = _Totals(row, end)
    dtype, dtypes = totals.dtypes(table)
    return Tree(
        checkpoint=checkpoint,
        parent=parent,
        depth=_depths(end),
        end=end,
        kind=grown.kind[nodes],
        row=row.astype(np.int32),
        role=_roles(growth, number, end),
        tensors=totals.of(np.ones(len(table), np.int64)),
        nbytes=totals.of(share.shown),
        numel=totals.of(np.where(share.repeated, 0, table.numel)),
        dtype=dtype,
        dtypes=dtypes,
        labels=_labels(growth, grown, shown, nodes, number),
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


class _Totals:
    """Sums over subtrees of what the tensors' rows have."""

    def __init__(self, row: np.ndarray, end: np.ndarray) -> None:
        self._at = np.flatnonzero(row >= 0)
        self._row = row[self._at]
        self._end = end

    def of(self, column: np.ndarray) -> np.ndarray:
        """int64 for each node."""
        sums = np.zeros(len(self._end) + 1, np.int64)
        sums[1:][self._at] = column[self._row]
        np.cumsum(sums, out=sums)
        return np.asarray(sums[self._end] - sums[:-1])

    def dtypes(self, table: TensorTable) -> tuple[np.ndarray, np.ndarray]:
        """For each node the dtype with most bytes (int16, -1: none) and how many there are (uint8)."""
        count = len(self._end)
        best, kinds = np.full(count, -1, np.int16), np.zeros(count, np.uint8)
        most = np.full(count, -1, np.int64)
        for code in range(len(table.dtypes)):
            mine = table.dtype == code
            has = self.of(mine) > 0
            weight = np.where(has, self.of(np.where(mine, table.nbytes, 0)), -1)
            kinds += has
            best[weight > most] = code
            np.maximum(most, weight, out=most)
        return best, kinds


def _labels(growth: Growth, grown: _Grown, shown: _Shown, nodes: np.ndarray, number: np.ndarray) -> Labels:
    start = grown.start[nodes] - shown.joined[nodes]
    length = grown.length[nodes] + shown.joined[nodes]
    own: dict[int, str] = {}
    for node in growth.made:
        inside = [node]
        if not shown.shown[node]:  # what took its label over
            below = grown.seq[grown.place[node] : grown.place[node] + grown.size[node]]
            inside = below[shown.shown[below] & (shown.above[below] == shown.above[node])].tolist()
        for each in inside:
            own[int(number[each])] = _joined_label(growth, grown, shown, each)
    return Labels(growth.names.text, start, length, own)


def _joined_label(growth: Growth, grown: _Grown, shown: _Shown, node: int) -> str:
    parts = [growth.label(node)]
    while node and not shown.shown[node := int(grown.parent[node])]:
        parts.append(growth.label(node))
    return ".".join(reversed(parts))
