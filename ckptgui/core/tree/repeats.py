"""Repeated layers: numbered siblings one after the other that are equal in names, shapes and dtypes below.

A run of them can be shown as one row, ``0 … 47``. All members of a run have as many nodes, so that what one row
then stands for lies at equal steps in the tree's columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.core.tree.columns import NodeKind, Tree
from ckptgui.core.tree.distinct import Bytes
from ckptgui.core.tree.radix import stable_order

_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Repeats:
    """Runs of equal siblings: the first of each (``head``, ascending), how many, and the nodes that each has.

    Runs inside a run stand there once a member.
    """

    tree: Tree
    head: np.ndarray  # int32
    count: np.ndarray  # int32, 2 or more
    step: np.ndarray  # int32

    @cached_property
    def _place(self) -> dict[int, int]:
        return {head: place for place, head in enumerate(self.head.tolist())}

    def run_of(self, head: int) -> int:
        """The run that a node is the first of, or -1."""
        return self._place.get(head, -1)

    @cached_property
    def stop(self) -> np.ndarray:
        """int32, one past the last node of each run."""
        return np.asarray(self.head + self.count * self.step)

    def hidden(self, folded: np.ndarray) -> np.ndarray:
        """bool a node: it belongs to a folded run, but not to its first member. ``folded`` is a bool a run."""
        change = np.zeros(len(self.tree) + 1, np.int32)
        begin = (self.head + self.step)[folded]
        np.add.at(change, begin, 1)
        np.subtract.at(change, self.stop[folded], 1)
        return np.asarray(np.cumsum(change[:-1]) > 0)

    def around(self, node: int) -> Iterator[int]:
        """The runs that a node lies in, innermost first, in whichever member."""
        while node > 0:
            above = int(self.tree.parent[node])
            run = self.run_of(node)
            if run < 0 and self._members[node]:
                over = (self.head < node) & (node < self.stop)
                run = int(np.flatnonzero(over & (self.tree.parent[self.head] == above))[0])
            if run >= 0:
                yield run
            node = above

    @cached_property
    def _members(self) -> np.ndarray:
        """bool a node: it is a member of a run, the first or another."""
        member = np.zeros(len(self.tree), bool)
        ends = np.cumsum(self.count, dtype=np.int64)
        turn = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - self.count, self.count)
        member[np.repeat(self.head, self.count) + turn * np.repeat(self.step, self.count)] = True
        return member

    def members(self, node: int, folded: np.ndarray) -> np.ndarray:
        """All nodes that the row of a first member's node stands for while runs are folded; itself among them."""
        found = np.array([node], np.int64)
        for run in self.around(node):
            if folded[run]:
                found = (found[:, None] + np.arange(self.count[run]) * int(self.step[run])).ravel()
        return found

    def name(self, run: int) -> str:
        """What a folded run is called: ``0 … 47``."""
        head, count = int(self.head[run]), int(self.count[run])
        first = self.tree.labels[head]
        last = self.tree.labels[head + (count - 1) * int(self.step[run])]
        number, dot, rest = last.partition(".")
        return f"{first.partition('.')[0]} … {number}{dot}{rest}"


def find_repeats(tree: Tree, check: Callable[[], None] = lambda: None) -> Repeats:
    """All runs of a tree."""
    size = tree.end - np.arange(len(tree), dtype=np.int32)
    pairs = _candidates(tree, size)
    alike = _Alike(tree)
    equal = alike.at(pairs, pairs + size[pairs], labels=False)
    pairs = pairs[equal]
    inner = size[pairs] > 1
    same = np.ones(len(pairs), bool)
    waiting = np.flatnonzero(inner)
    while len(waiting):  # in pieces, as all together may be the tree's size times its depth
        check()
        stop = int(np.searchsorted(np.cumsum(size[pairs[waiting]], dtype=np.int64), _AT_ONCE)) + 1
        piece, waiting = waiting[:stop], waiting[stop:]
        same[piece] = _spans_alike(alike, pairs[piece], size[pairs[piece]])
    equal = np.zeros(len(tree), bool)
    equal[pairs[same]] = True
    return _runs(tree, equal, size)


def _candidates(tree: Tree, size: np.ndarray) -> np.ndarray:
    """Nodes whose next sibling has the next number and as many nodes."""
    number, rest = _numbered(tree)
    nodes = np.flatnonzero((number >= 0) & (tree.end < len(tree)))
    after = tree.end[nodes]
    fits = (tree.parent[after] == tree.parent[nodes]) & (size[after] == size[nodes])
    fits &= (number[after] == number[nodes] + 1) & (rest[after] == rest[nodes])
    return np.asarray(nodes[fits])


def _numbered(tree: Tree) -> tuple[np.ndarray, np.ndarray]:
    """For each node the number that its label is or begins with, ``7`` or ``7.weight``, or -1; and which rest."""
    pool = tree.labels.pool
    text = Bytes(pool.text)
    lengths = np.diff(pool.ends, prepend=0)
    if len(text) == len(pool.text):
        starts = pool.ends - lengths
    else:  # of the names in other scripts only the bytes count
        lengths = np.fromiter((len(each.encode("utf-8", "surrogatepass")) for each in pool), np.int64, len(pool))
        starts = np.cumsum(lengths) - lengths
    number = np.full(len(pool), -1, np.int64)
    digits = np.zeros(len(pool), np.int64)
    value = np.zeros(len(pool), np.int64)
    at = np.flatnonzero(lengths > 0)
    while len(at):
        char = text.data[starts[at] + digits[at]]
        digit = char - np.uint8(ord("0"))
        more = digit < 10
        ends = ~more & (digits[at] > 0) & (char == ord("."))
        number[at[ends]] = value[at[ends]]
        at, digit = at[more], digit[more]
        value[at] = value[at] * 10 + digit
        digits[at] += 1
        whole = digits[at] == lengths[at]
        number[at[whole]] = value[at[whole]]
        at = at[~whole & (digits[at] < 18)]
    rest = np.full(len(pool), -1, np.int32)
    told = np.flatnonzero(number >= 0)
    rest[told] = text.distinct(starts[told] + digits[told], lengths[told] - digits[told]).number
    return number[tree.labels.number], rest[tree.labels.number]


class _Alike:
    """Compares nodes by what they are: kind, class, value; dtype and shape of tensors, whether they are broken."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        table = tree.checkpoint.tensors
        self._size = tree.end - np.arange(len(tree), dtype=np.int32)
        self._dimensions = np.diff(table.dim_start)
        self._broken = np.zeros(len(table), bool)
        self._broken[np.fromiter(table.errors, np.int64, len(table.errors))] = True
        self._told: np.ndarray | None = None
        if tree.values or tree.classes:
            self._told = np.zeros(len(tree), np.int32)
            numbers: dict[str, int] = {}
            for node, name in tree.classes.items():
                self._told[node] = numbers.setdefault(name, len(numbers) + 1)
            for node, value in tree.values.items():
                plain = json.dumps(value, default=repr) if not isinstance(value, dict) else "{}"
                self._told[node] = numbers.setdefault(f"={plain}", len(numbers) + 1)

    def at(self, one: np.ndarray, other: np.ndarray, labels: bool = True) -> np.ndarray:
        """bool for each pair of nodes; what is below them is not looked at."""
        tree, table = self._tree, self._tree.checkpoint.tensors
        same = (tree.kind[one] == tree.kind[other]) & (self._size[one] == self._size[other])
        if labels:
            same &= tree.labels.number[one] == tree.labels.number[other]
        if self._told is not None:
            same &= self._told[one] == self._told[other]
        pairs = np.flatnonzero(same & (tree.kind[one] == NodeKind.TENSOR))
        row, second = tree.row[one[pairs]], tree.row[other[pairs]]
        alike = (table.dtype[row] == table.dtype[second]) & (self._broken[row] == self._broken[second])
        alike &= self._dimensions[row] == self._dimensions[second]
        left, place = np.flatnonzero(alike), 0
        while len(left := left[self._dimensions[row[left]] > place]):
            own, others = table.dim_start[row[left]] + place, table.dim_start[second[left]] + place
            alike[left] = table.dims[own] == table.dims[others]
            left, place = left[alike[left]], place + 1
        same[pairs] = alike
        return np.asarray(same)


def _spans_alike(alike: _Alike, first: np.ndarray, size: np.ndarray) -> np.ndarray:
    """bool for each node with ``size - 1`` nodes below it: whether those equal what is below its next sibling."""
    below = size.astype(np.int64) - 1
    starts = np.cumsum(below) - below
    one = np.repeat(first + 1 - starts, below) + np.arange(int(below.sum()))
    same = alike.at(one, one + np.repeat(size, below))
    return np.asarray(np.logical_and.reduceat(same, starts))


def _runs(tree: Tree, equal: np.ndarray, size: np.ndarray) -> Repeats:
    """Runs from which nodes equal their next siblings."""
    siblings = 1 + stable_order(tree.parent[1:])
    flags = equal[siblings].astype(np.int8)
    change = np.diff(np.concatenate([[0], flags, [0]]))
    begin, stop = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    head = siblings[begin]
    order = np.argsort(head)
    head = head[order].astype(np.int32)
    return Repeats(tree, head, (stop - begin + 1)[order].astype(np.int32), size[head])
