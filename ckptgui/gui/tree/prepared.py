"""What filtering, folding and jumping in one tree need, made once by whichever thread asks first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from ckptgui.core.tree.build import Tree
from ckptgui.core.tree.repeats import Repeats, find_repeats
from ckptgui.core.tree.search import TreeSearch


def _never() -> None:
    """A check that nobody needs."""


class Prepared:
    """Of a large tree it takes a moment: the GUI thread leaves it to others, who wait for each other."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._lock = threading.Lock()
        self._search: TreeSearch | None = None
        self._repeats: Repeats | None = None

    @property
    def wrapped(self) -> bool:
        """Whether names in the file begin with what the tree leaves away."""
        return bool(self._tree.prefixes)

    def search(self, check: Callable[[], None] = _never) -> TreeSearch:
        """The tree's names, ready for searching."""
        with self._lock:
            if self._search is None:
                self._search = TreeSearch(self._tree, check)
            return self._search

    def repeats(self, check: Callable[[], None] = _never) -> Repeats:
        """The tree's runs of equal layers."""
        with self._lock:
            if self._repeats is None:
                self._repeats = find_repeats(self._tree, check)
            return self._repeats

    def rows_named(self, words: Sequence[str], check: Callable[[], None] = _never) -> Sequence[int]:
        """The tensors whose names in the tree hold all of these words, in the table's order."""
        named = self.search(check).named(words, check)
        rows = self._tree.row[named & (self._tree.row >= 0)]
        found: list[int] = np.sort(rows).tolist()
        return found
