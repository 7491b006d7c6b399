"""How far a tensor moved at a step, beside its own steps before and beside the other tensors at that step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ckptgui.analysis.breakage.history import History
from ckptgui.analysis.health.names import is_running

RECENT = 3
"""Steps before one that it is measured by: early in a training steps are long for everybody."""


@dataclass(frozen=True, eq=False)
class Course:
    """Matrices over the weights that were finite up to a column; all else is NaN there.

    Running figures of the data are weights too, and no ``learnt`` ones: they leap where what they follow leaps.
    """

    history: History

    @cached_property
    def learnt(self) -> np.ndarray:
        """bool a tensor: moved by an optimizer."""
        running = [is_running(name) for name in self.history.series.matching.names]
        learnt: np.ndarray = self.history.weights & ~np.array(running, bool)
        return learnt

    @cached_property
    def sound(self) -> np.ndarray:
        """bool, tensors × columns: a weight without NaN and infinities from the first column up to this one."""
        figures = self.history.figures
        broken = (figures["nan"] > 0) | (figures["inf"] > 0)
        sound: np.ndarray = ~np.logical_or.accumulate(broken, axis=1) & self.history.weights[:, None]
        return sound

    def pairwise(self, name: str) -> np.ndarray:
        """A figure of pairs where both ends are sound."""
        return np.where(self.sound, self.history.pairs[name], np.nan)

    def figure(self, name: str) -> np.ndarray:
        """A figure of sound tensors."""
        return np.where(self.sound, self.history.figures[name], np.nan)

    @cached_property
    def relative(self) -> np.ndarray:
        """How far, by the tensor's own size; NaN where it did not move."""
        return _positive(self.pairwise("relative"))

    @cached_property
    def absolute(self) -> np.ndarray:
        """How far; NaN where it did not move."""
        return _positive(self.pairwise("delta_l2"))

    @cached_property
    def moved(self) -> np.ndarray:
        """bool: it is known to have moved."""
        moved: np.ndarray = self.pairwise("changed") > 0
        return moved

    @cached_property
    def still(self) -> np.ndarray:
        """bool: it is known not to have moved."""
        still: np.ndarray = self.pairwise("changed") == 0
        return still

    @cached_property
    def steps(self) -> np.ndarray:
        """int64, tensors × columns: the steps that it is known to have made before."""
        steps = np.zeros(self.relative.shape, np.int64)
        steps[:, 1:] = np.cumsum(np.isfinite(self.relative), axis=1)[:, :-1]
        return steps

    @cached_property
    def lately(self) -> np.ndarray:
        """The longest of the ``RECENT`` relative steps before, of all steps where there was none lately."""
        return _lately(self.relative)

    @cached_property
    def excess(self) -> np.ndarray:
        """Natural logarithm of a step over the longest lately, less what is common to all tensors in that column.

        By the tensor's size and in absolute terms, whichever is less: a vector near zero moves far by its own size
        without moving far.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            relative = np.log(self.relative / self.lately)
            absolute = np.log(self.absolute / _lately(self.absolute))
        steps = np.minimum(relative, absolute)
        excess: np.ndarray = steps - np.fmax(median(steps[self.learnt]), 0.0)
        return excess

    @cached_property
    def scatter(self) -> np.ndarray:
        """float64 a column: how far the tensors' excesses lie apart, as a standard deviation."""
        excess = self.excess[self.learnt]
        return 1.4826 * median(np.abs(excess - median(excess)))

    @cached_property
    def ever(self) -> np.ndarray:
        """float64 a column: the median over tensors of the logarithm of a step over the longest ever before."""
        longest = np.full(self.relative.shape, np.nan)
        longest[:, 1:] = np.fmax.accumulate(self.relative, axis=1)[:, :-1]
        with np.errstate(invalid="ignore", divide="ignore"):
            steps: np.ndarray = np.log(self.relative / longest)
        return median(steps[self.learnt])

    @cached_property
    def usual(self) -> np.ndarray:
        """float64 a column: the median relative step of all tensors."""
        return median(self.relative[self.learnt])


def median(values: np.ndarray) -> np.ndarray:
    """float64 a column, the lower one of what is known in it: half of few may have jumped. NaN for nothing."""
    found = np.full(values.shape[1], np.nan)
    for column in range(values.shape[1]):
        known = values[np.isfinite(values[:, column]), column]
        if known.size:
            middle = (known.size - 1) // 2
            found[column] = np.partition(known, middle)[middle]
    return found


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)


def _lately(values: np.ndarray) -> np.ndarray:
    longest = np.full(values.shape, np.nan)
    ever = np.fmax.accumulate(values, axis=1)
    for column in range(1, values.shape[1]):
        recent = np.fmax.reduce(values[:, max(0, column - RECENT) : column], axis=1)
        longest[:, column] = np.where(np.isfinite(recent), recent, ever[:, column - 1])
    return longest
