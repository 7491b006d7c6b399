"""How the values below each branch of a tree are spread, kept up as tensors are read."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from ckptgui.analysis.spread import Spread
from ckptgui.core.tree.build import Tree


class BranchSpreads:
    """Takes the spread of each tensor once and answers for every node. For any thread."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._lock = threading.Lock()
        self._spreads: dict[int, Spread | None] = {}

    def add(self, rows: np.ndarray, spreads: Sequence[Spread | None]) -> None:
        """What some tensors came to."""
        with self._lock:
            self._spreads.update(zip(rows.tolist(), spreads))

    def of(self, node: int) -> Spread | None:
        """All that was read below ``node``, weighted by elements, tied names of one section once."""
        rows = self._tree.row[node : self._tree.end[node]]
        with self._lock:
            return Spread.joined(
                self._spreads.get(row) for row in rows[rows >= 0].tolist() if not self._tree.repeated[row]
            )
