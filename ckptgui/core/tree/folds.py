"""Which runs of equal layers are shown as one row now, and what such a row stands for."""

from __future__ import annotations

import numpy as np

from ckptgui.core.tree.repeats import Repeats


class Folds:
    """``folded`` is a bool a run. Rows below a folded run's first member stand for those of all its members."""

    def __init__(self, repeats: Repeats) -> None:
        """All runs folded."""
        self.repeats = repeats
        self.folded = np.ones(len(repeats.head), bool)

    def hidden(self) -> np.ndarray:
        """bool a node: it belongs to a folded run, but not to its first member."""
        return self.repeats.hidden(self.folded)

    def equal(self, node: int) -> int:
        """How many equal siblings a row stands for; 0 where it is not the first of a folded run."""
        run = self.repeats.run_of(node)
        return int(self.repeats.count[run]) if run >= 0 and self.folded[run] else 0

    def label(self, node: int) -> str:
        """A node's label, or ``0 … 47`` for a folded run."""
        return self.repeats.name(self.repeats.run_of(node)) if self.equal(node) else self.repeats.tree.labels[node]

    def members(self, node: int) -> np.ndarray:
        """All nodes that a row stands for, its own first (int64)."""
        return self.repeats.members(node, self.folded)

    def copy(self) -> Folds:
        """The same folds, for another thread."""
        copy = Folds(self.repeats)
        copy.folded[:] = self.folded
        return copy

    def shown_for(self, node: int) -> int:
        """The node whose row stands for this one: itself, or its like in the first member of a folded run."""
        repeats = self.repeats
        for run in self.over(node):
            node -= (node - int(repeats.head[run])) // int(repeats.step[run]) * int(repeats.step[run])
        return node

    def over(self, node: int) -> list[int]:
        """The folded runs around a node that are not shown by its own row: those that hide it, from within."""
        repeats, found = self.repeats, []
        for run in repeats.around(node):
            head = int(repeats.head[run])
            if self.folded[run] and not head <= node < head + int(repeats.step[run]):
                found.append(run)
        return found
