"""All nodes of a grown tree in columns, in the order that they are shown in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.tree.columns import NodeKind
from ckptgui.core.tree.growth import Growth
from ckptgui.core.tree.order import preorder, sibling_order


@dataclass(frozen=True, slots=True)
class Shape:
    """The tensors stand behind the branches and values; ``seq`` is the preorder of all."""

    parent: np.ndarray  # int32
    depth: np.ndarray  # int32
    kind: np.ndarray  # uint8
    start: np.ndarray  # int64, where a label begins in the names' text; -1: it is in ``Growth.made``
    length: np.ndarray  # int32
    branches: int  # how many nodes are no tensors
    seq: np.ndarray  # int32
    place: np.ndarray  # int32, where a node is in ``seq``
    size: np.ndarray  # int32, nodes of the subtree


def shape_of(growth: Growth) -> Shape:
    """Put all nodes into columns, siblings in saved order, numbers among them in natural order."""
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
    return Shape(parent, depth, kind, start, length, count, seq, place, size)


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
