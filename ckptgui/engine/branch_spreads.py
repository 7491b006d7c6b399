"""How the values below each branch of a tree are spread, added up as tensors are read.

The branches with most bytes have a count for every cell of the grid; a tensor is added to the innermost of them
that it is in, and the ones around it are sums of those. Smaller branches are joined from their tensors when they
are asked for, which are few or small.
"""

from __future__ import annotations

import hashlib
import threading
import zlib
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.spread import PLACES, Spread
from ckptgui.analysis.spreads import Spreads
from ckptgui.core.tree.build import Tree

MOST_COUNTED = 64
"""Branches with counts of their own, of half a megabyte at most (memory is taken for the cells that are used)."""


@dataclass
class _Counts:
    """One branch's own tensors, those of counted branches inside it left out."""

    cells: np.ndarray  # int64 a place of the grid
    low: float = np.inf
    high: float = -np.inf

    def add(self, spreads: Spreads, start: int, stop: int) -> None:
        spreads.add_into(self.cells, start, stop)
        self.low = np.fmin(self.low, np.fmin.reduce(spreads.lows[start:stop]))
        self.high = np.fmax(self.high, np.fmax.reduce(spreads.highs[start:stop]))


_HEAD = np.dtype([("node", "<i8"), ("places", "<i8"), ("low", "<f8"), ("high", "<f8")])
_MOST_BYTES = 1 << 26


class BranchSpreads:
    """Takes the spread of each tensor once and answers for every node. For any thread."""

    def __init__(self, tree: Tree, most: int = MOST_COUNTED) -> None:
        self._tree = tree
        self._lock = threading.Lock()
        self._counted = _largest_branches(tree, most)
        self._counts: dict[int, _Counts] = {}
        self._home = _innermost(tree, self._counted)  # of each row, -1 where it has none
        self._added = np.zeros(len(tree.repeated), bool)

    def add(self, rows: np.ndarray, spreads: Spreads) -> None:
        """What some tensors came to; those that were added before are left out, and repeated names."""
        with self._lock:
            new = ~(self._added[rows] | self._tree.repeated[rows])
            self._added[rows] = True
            numbers = np.flatnonzero(new & (self._home[rows] >= 0))
            homes = self._home[rows[numbers]]
            order = np.argsort(homes, kind="stable")
            nodes, starts = np.unique(homes[order], return_index=True)
            some = spreads.taken(numbers[order])
            for node, start, stop in zip(nodes.tolist(), starts.tolist(), [*starts[1:].tolist(), len(order)]):
                if node not in self._counts:
                    self._counts[node] = _Counts(np.zeros(PLACES, np.int64))
                self._counts[node].add(some, start, stop)

    def counted(self, node: int) -> Spread | None:
        """What was counted of a branch; nothing of one without counts of its own."""
        first, stop = np.searchsorted(self._counted, (node, self._tree.end[node]))
        if first == len(self._counted) or self._counted[first] != node:
            return None
        with self._lock:
            inside = [self._counts[each] for each in self._counted[first:stop].tolist() if each in self._counts]
            if not inside:
                return None
            cells = np.sum([each.cells for each in inside], axis=0)
            low, high = min(each.low for each in inside), max(each.high for each in inside)
        return Spread.from_dense(cells, low, high)

    def left_out(self, node: int) -> np.ndarray:
        """The rows below a node that ``counted`` says nothing of, to be joined with it."""
        rows = self._tree.row[node : self._tree.end[node]]
        rows = rows[rows >= 0]
        if self._tree.row[node] >= 0:
            return np.asarray(rows)
        rows = rows[~self._tree.repeated[rows]]
        at = int(np.searchsorted(self._counted, node))
        has_counts = at < len(self._counted) and self._counted[at] == node
        return np.asarray(rows[~self._added[rows]] if has_counts else rows)

    def packed(self) -> bytes:
        """All counts as bytes, once all tensors were added."""
        parts = [_signature(self._tree, self._counted)]
        with self._lock:
            for node, counts in self._counts.items():
                places = np.flatnonzero(counts.cells)
                head = np.array([(node, places.size, counts.low, counts.high)], _HEAD)
                parts += [
                    head.tobytes(),
                    places.astype("<u2").tobytes(),
                    counts.cells[places].astype("<i8").tobytes(),
                ]
        return zlib.compress(b"".join(parts), 1)

    def restore(self, data: bytes) -> None:
        """Take over what ``packed`` gave for a tree with the same branches; of anything else, nothing."""
        found = _unpacked(data, _signature(self._tree, self._counted), set(self._counted.tolist()))
        if found:
            with self._lock:
                self._counts = found
                self._added[:] = True


def _largest_branches(tree: Tree, most: int) -> np.ndarray:
    """The branches with most bytes, in the order of the tree; with each, the ones around it."""
    branches = np.flatnonzero((tree.row < 0) & (tree.tensors > 1))
    order = np.lexsort(
        (branches, -tree.nbytes[branches])
    )  # what is around another is not smaller, and comes before
    return np.sort(branches[order[:most]])


def _innermost(tree: Tree, counted: np.ndarray) -> np.ndarray:
    """The innermost of some branches that each row is in."""
    home = np.full(len(tree), -1, np.int64)
    for node in counted.tolist():  # inner ones come later
        home[node : tree.end[node]] = node
    nodes = tree.nodes
    return np.asarray(np.where(tree.row[nodes] == np.arange(len(nodes)), home[nodes], -1))


def _signature(tree: Tree, counted: np.ndarray) -> bytes:
    """Which branches the counts belong to."""
    columns = (tree.end, tree.row, counted, tree.end[counted])
    return hashlib.blake2b(b"".join(column.astype("<i8").tobytes() for column in columns), digest_size=16).digest()


def _unpacked(data: bytes, signature: bytes, counted: set[int]) -> dict[int, _Counts]:
    """The counts by branch; none where the bytes are no such thing."""
    try:
        raw = zlib.decompressobj().decompress(data, _MOST_BYTES)
    except zlib.error:
        return {}
    found: dict[int, _Counts] = {}
    at = len(signature)
    if raw[:at] != signature:
        return {}
    while at + _HEAD.itemsize <= len(raw):
        head = np.frombuffer(raw, _HEAD, 1, at)[0]
        at += _HEAD.itemsize
        node, size = int(head["node"]), int(head["places"])
        if node not in counted or not 0 <= size <= PLACES or at + 10 * size > len(raw):
            return {}
        cells = np.zeros(PLACES, np.int64)
        cells[np.frombuffer(raw, "<u2", size, at)] = np.frombuffer(raw, "<i8", size, at + 2 * size)
        found[node] = _Counts(cells, float(head["low"]), float(head["high"]))
        at += 10 * size
    return found if at == len(raw) else {}
