"""How much each row moved from one epoch to the next: the numbers behind the line at its end."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.branch_differences import Branches, module_relative
from ckptgui.gui.compare.comparison import Comparison


@dataclass(frozen=True, eq=False)
class Line:
    """One entry a readable member but the first: the relative change up to it, and whether NaN or Inf is in it."""

    values: np.ndarray  # float64, NaN where there is none
    bad: np.ndarray  # bool


class EpochLines:
    """Reads tensors from the comparison as they are asked for; modules are added up by ``add_up``, in slices."""

    def __init__(self, comparison: Comparison, branches: Branches) -> None:
        self._comparison, self._branches = comparison, branches
        self.members = np.array(comparison.series.whole[1:], np.int64)
        modules = len(branches.modules)
        self._values = np.full((modules, len(self.members)), np.nan)
        self._bad = np.zeros((modules, len(self.members)), bool)
        self._stale = dict.fromkeys(range(len(self.members)))

    def outdate(self, member: int) -> None:
        """More is known of the step that leads to a member."""
        place = int(np.searchsorted(self.members, member))
        if place < len(self.members) and self.members[place] == member:
            self._stale[place] = None

    def add_up(self, seconds: float) -> bool:
        """Take modules together for about so long; whether everything is done."""
        stop = time.perf_counter() + seconds
        comparison = self._comparison
        while self._stale and time.perf_counter() < stop:
            place, _ = self._stale.popitem()
            member = int(self.members[place])
            pair = comparison.pair(comparison.previous(member), member)
            self._values[:, place] = module_relative(self._branches, pair)
            broken = (pair.records["nan_b"] > 0) | (pair.records["inf_b"] > 0)
            self._bad[:, place] = self._branches.over(np.add, broken.astype(np.int64)) > 0
        return not self._stale

    def of(self, node: int) -> Line:
        """The line of a tensor, or of a module as far as it was added up."""
        tensor = int(self._branches.outline.tensor[node])
        if tensor < 0:
            at = int(np.searchsorted(self._branches.modules, node))
            return Line(self._values[at], self._bad[at])
        comparison, members = self._comparison, self.members
        bad = [comparison.pairwise(name)[tensor, members] > 0 for name in ("nan_b", "inf_b")]
        return Line(comparison.pairwise("relative")[tensor, members], bad[0] | bad[1])

    def tensor_peaks(self) -> np.ndarray:
        """float64 a tensor: the largest relative change over the epochs, NaN where none is known."""
        return _largest(self._comparison.pairwise("relative")[:, self.members])

    def module_peaks(self) -> np.ndarray:
        """The same for each module."""
        return _largest(self._values)


def _largest(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.fmax.reduce(values, axis=1, initial=np.nan)
    return found
