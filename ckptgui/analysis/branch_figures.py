"""The figures of groups of tensors of one checkpoint, from the tensors' own: exact, nothing is read again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.profile import Profile
from ckptgui.core.tree.figures import pooled_moments


@dataclass(frozen=True, eq=False)
class Groups:
    """Tensors that stand together, each group from its head to the next; all tensors are in one."""

    heads: np.ndarray  # int64
    count: int  # tensors

    @property
    def single(self) -> np.ndarray:
        """bool a group: it has one tensor."""
        found: np.ndarray = np.diff(np.append(self.heads, self.count)) == 1
        return found

    def sums(self, values: np.ndarray) -> np.ndarray:
        """The sum of each group; of one tensor it is its value to the last bit."""
        found: np.ndarray = np.add.reduceat(values, self.heads) if len(self.heads) else values[:0]
        return found

    def any(self, values: np.ndarray) -> np.ndarray:
        """bool a group: it is so of one of its tensors."""
        found: np.ndarray = np.logical_or.reduceat(values, self.heads) if len(self.heads) else values[:0]
        return found


def group_figure(name: str, profile: Profile, rows: np.ndarray, numel: np.ndarray, groups: Groups) -> np.ndarray:
    """float64 a group, NaN where nothing is known of it, over the tensors that were read.

    ``name`` is mean, std, l2, zeros (a share of the elements) or nan (a count, infinities too).
    ``rows`` are those of the profile for each tensor, -1 where it is not in the checkpoint; ``numel`` are its
    tensors' elements by row. ``std`` is the population's, of all finite values of the group around their mean.
    """
    broken = own_column(profile, rows, "nan") + own_column(profile, rows, "inf")
    read = ~np.isnan(broken)
    some = groups.any(read)
    if name == "nan":
        return np.where(some, groups.sums(np.nan_to_num(broken)), np.nan)
    elements = np.where(read, numel[rows] if len(numel) else 0, 0)
    if name == "zeros":
        zeros, total = groups.sums(np.nan_to_num(own_column(profile, rows, name))), groups.sums(elements)
        return np.asarray(np.divide(zeros, total, out=np.full(len(zeros), np.nan), where=total > 0))
    if name == "l2":
        return np.where(some, _norms(own_column(profile, rows, name), groups), np.nan)
    if not len(groups.heads):
        return np.zeros(0)
    finite = np.where(read, elements - np.nan_to_num(broken), 0.0)
    mean, std = own_column(profile, rows, "mean"), own_column(profile, rows, "std")
    middle, spread = pooled_moments(finite, mean, std, groups.heads)
    return np.asarray(middle if name == "mean" else spread)


def own_column(profile: Profile, rows: np.ndarray, name: str) -> np.ndarray:
    """float64 a tensor of the matching, NaN where it is not in the checkpoint or not known."""
    if not len(profile):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, profile.column(name)[rows], np.nan)


def _norms(lengths: np.ndarray, groups: Groups) -> np.ndarray:
    """The length of each group as one vector; of one tensor its own to the last bit."""
    own = np.nan_to_num(lengths, posinf=np.inf)
    unit = float(own.max(initial=0.0))
    if not 0 < unit < np.inf:
        return groups.sums(own)
    together = unit * np.sqrt(groups.sums((own / unit) ** 2))
    return np.asarray(np.where(groups.single, own[groups.heads], together))
