"""Tensors that were set back: begun anew, or given the values or the size of an earlier checkpoint."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.breakage.course import Course, median
from ckptgui.analysis.breakage.jumps import jumped

TURN = 60.0
"""Degrees that a layer which is begun anew turns at least; a random one turns by 90."""

LEAST = 32
"""Elements from which a random direction is near a right angle to every other."""

TIMES = 3.0
"""How many times further than before, and than the others at that step, it turns."""

GROWN = 0.1
"""Logarithm of the ratio of two sizes that can be told apart."""

MOST_OF_ALL = 0.75
"""Share of the tensors from which not a layer but the run was set back: two of its checkpoints are equal."""


ALIKE = 0.3
"""Logarithm of the ratio of two sizes up to which a layer may have been begun anew in the same way."""


def begun_anew(course: Course, told: np.ndarray) -> np.ndarray:
    """bool, tensors × columns: it points elsewhere at once, and is as large or as wide again as at first.

    What jumped beside it in the same module was begun anew with it: a bias is too short to tell by itself.
    """
    history = course.history
    turn = np.degrees(np.arccos(np.clip(course.pairwise("cosine"), -1.0, 1.0)))
    earlier = np.full(turn.shape, np.nan)
    earlier[:, 1:] = turn[:, :-1]
    earlier[:, 1:] = np.fmax(earlier[:, 1:], earlier[:, :-1])
    with np.errstate(invalid="ignore"):
        found = (turn >= TURN) & (turn >= TIMES * earlier) & (turn >= TIMES * median(turn[course.learnt]))
    found &= (course.learnt & (history.counts >= LEAST))[:, None]
    found &= _nearer(course.figure("l2"), 0.0) | _nearer(course.figure("std"), 0.0)
    outline = history.series.matching.outline
    module = outline.parent[outline.node_of]
    leaps = jumped(course, told) if found.any() else found
    for column in np.flatnonzero(found.any(axis=0)).tolist():
        found[:, column] |= leaps[:, column] & np.isin(module, module[found[:, column]])
    return np.asarray(found)


def given_back(course: Course, _: np.ndarray) -> np.ndarray:
    """bool, tensors × columns: exactly the values of an earlier checkpoint, which it had left meanwhile.

    Not where (nearly) all tensors are: then the file is that checkpoint once more, or the run went on from there.
    Nor where few values changed: narrow types come and go between two neighbours.
    """
    history = course.history
    own = np.arange(history.columns)[None, :]
    left = np.full(history.equal_to.shape, -1)
    left[:, 1:] = history.equal_to[:, :-1]
    again = (history.equal_to < own - 1) & (history.equal_to != left) & course.moved
    much = (history.pairs["changed"] >= 0.5 * history.counts[:, None]) & (history.counts >= 4)[:, None]
    found = again & much
    of_all = np.maximum(1, course.moved.sum(axis=0))
    return np.asarray(found & (found.sum(axis=0) < MOST_OF_ALL * of_all)[None, :])


def back_in_size(course: Course, told: np.ndarray) -> np.ndarray:
    """bool, tensors × columns: it jumped, and is nearer to its first size than to the one just before."""
    return np.asarray(jumped(course, told) & _nearer(course.figure("l2"), GROWN))


def _nearer(size: np.ndarray, grown: float) -> np.ndarray:
    """bool: nearer to the first known size than to the one just before, which had grown (or shrunk) by ``grown``.

    Where the two cannot be told apart it is as near, unless the size is exactly kept, as by a permutation.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(size)
    first = np.full(len(logs), np.nan)
    for column in reversed(range(logs.shape[1])):
        first = np.where(np.isfinite(logs[:, column]), logs[:, column], first)
    before = np.full(logs.shape, np.nan)
    before[:, 1:] = logs[:, :-1]
    with np.errstate(invalid="ignore"):
        step = np.abs(logs - before)
        nearer = (np.abs(logs - first[:, None]) < 0.5 * step) & (np.abs(before - first[:, None]) >= grown)
        alike = (np.abs(before - first[:, None]) < GROWN) & (step > 1e-6) & (step < ALIKE) & (grown == 0)
    return np.asarray(nearer | alike)
