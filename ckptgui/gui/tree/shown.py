"""What the tree shows: which branches are open, what a filter keeps, which layers are folded, in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.tree.build import Tree
from ckptgui.core.tree.figures import Figures
from ckptgui.core.tree.folds import Folds
from ckptgui.core.tree.search import Found
from ckptgui.core.tree.sort import Arrangement
from ckptgui.gui.summaries import Summaries
from ckptgui.gui.tree.prepared import Prepared
from ckptgui.gui.tree.rows import Rows

AT_ONCE = 20_000
"""Nodes up to which a filter or an order is made on the spot; larger trees are left to the background."""


@dataclass
class Shown:
    """A tree and how a person looks at it. A filter has its own folding, and shows equal layers one by one."""

    tree: Tree
    rows: Rows
    summaries: Summaries
    expanded: np.ndarray
    prepared: Prepared
    found: Found | None = None
    open_found: np.ndarray | None = None
    folds: Folds | None = None
    arrangement: Arrangement | None = None
    figures: Figures | None = None  # of each node by itself, as far as tensors were read

    @property
    def small(self) -> bool:
        """Whether a filter or an order is made on the spot."""
        return len(self.tree) <= AT_ONCE

    @property
    def folding(self) -> np.ndarray:
        """What is open now; a filter opens everything at first and keeps its own choice."""
        return self.expanded if self.open_found is None else self.open_found

    @property
    def active_folds(self) -> Folds | None:
        """The folded layers, unless a filter is on."""
        return self.folds if self.found is None else None

    def visible(self) -> np.ndarray:
        """int32, the nodes that have a row, from top to bottom."""
        mask = self.tree.uncovered(self.folding)
        if self.found is not None:
            mask &= self.found.kept
        elif self.folds is not None:
            mask &= ~self.folds.hidden()
        if self.arrangement is None:
            return np.flatnonzero(mask).astype(np.int32)
        return np.asarray(self.arrangement.order[mask[self.arrangement.order]])
