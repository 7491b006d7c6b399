"""Tensors that moved further in one step than lately, and further than the others did in it.

The factors come from some 25 kinds of small trainings, healthy ones and ones into which faults were put: of the
healthy no weight came to twice what its own last steps and the others' pace foretold.
"""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.breakage.course import Course

FACTOR = 3.0
"""Times what was to be expected from which a step is a jump."""

FURTHEST = 8.0
"""A jump in any case. Below, it has to lie beyond what the furthest of many tensors comes to by chance."""

MANY = 16
"""Tensors from which chance counts: of fewer their scatter tells little."""

CLEAR = 2.2
"""Enough where no other tensor is anywhere near: beyond ``DEVIATIONS`` of their scatter."""

DEVIATIONS, LEAST_SCATTER = 2.5, 0.1

UNTRIED, FEW = 6.0, 16
"""Enough where only one step was made before, and for tensors of few elements, which are led by single batches."""

FOLLOWING, AFTER = 12.0, 2
"""Enough in so many columns after another tensor broke, for all others adapt to that."""

LEAST, BESIDE = 0.03, 2.0
"""A step shorter than this share of the tensor's size, or hardly longer than the others', is none to speak of,
however much shorter its own were.
"""

RUNNING, RUNNING_LEAST = 20.0, 1.0
"""The same for running figures of the data, which differ from epoch to epoch."""

WHOLE = 8.0
"""Times the longest step ever from which the median of all tensors says that the whole network jumped."""


def jumped(course: Course, told: np.ndarray) -> np.ndarray:
    """bool, tensors × columns. ``told`` is where tensors broke in worse ways."""
    excess, scatter = course.excess, np.maximum(course.scatter, LEAST_SCATTER)
    with np.errstate(invalid="ignore"):
        chance = _furthest_by_chance(int(np.count_nonzero(course.learnt))) * scatter
        clear = (excess >= np.log(CLEAR)) & (excess >= np.maximum(chance, DEVIATIONS * scatter))
        found = (excess >= np.clip(chance, np.log(FACTOR), np.log(FURTHEST))) | clear
        untried = (course.steps < 2) | (course.history.counts < FEW)[:, None]
        found &= (~untried | (excess >= np.log(UNTRIED))) & (course.steps > 0)
        found &= (course.relative >= LEAST) & (course.relative >= BESIDE * course.usual) & course.learnt[:, None]
        broke = (found | told).any(axis=0)
        for column in np.flatnonzero(broke).tolist():
            after = slice(column + 1, column + 1 + AFTER)
            found[:, after] &= excess[:, after] >= np.log(FOLLOWING)
        running = (excess >= np.log(RUNNING)) & (course.relative >= RUNNING_LEAST) & ~course.learnt[:, None]
    alone = ~np.logical_or.accumulate((found | told).any(axis=0))
    return np.asarray(found | (running & (course.steps > 1) & alone))


def _furthest_by_chance(tensors: int) -> float:
    """Deviations that the furthest of so many comes to in one of a few hundred steps."""
    return float(1.3 * np.sqrt(2 * np.log(max(1.0, tensors / MANY))))


def whole_jumps(course: Course) -> list[int]:
    """Columns in which the whole network moved further than ever, and neither the learning rate nor a longer time
    between two checkpoints says why.
    """
    rates, times = course.history.rates, _times_longer(course)
    steps = np.median(course.steps[course.learnt], axis=0) if course.learnt.any() else times
    found = []
    for column in range(2, course.history.columns):
        factor = float(np.exp(course.ever[column]))
        expected = max(1.0, _times_faster(rates, column)) * times[column]
        if factor >= WHOLE * expected and course.usual[column] >= LEAST and steps[column] > 1:
            found.append(column)
    return found


def _times_faster(rates: np.ndarray, column: int) -> float:
    """How many times larger the learning rate is than it ever was; 1 where that is not told."""
    earlier = rates[:column][np.isfinite(rates[:column])]
    if not earlier.size or not np.isfinite(rates[column]):
        return 1.0
    largest = float(earlier.max())
    return float(rates[column]) / largest if largest > 0 else np.inf


def _times_longer(course: Course) -> np.ndarray:
    """float64 a column: how much longer than ever it took, by epochs or steps; 1 where that is not known."""
    members = [course.history.series.members[member] for member in course.history.members]
    times = np.ones(len(members))
    for counter in ("step", "epoch"):
        told = [getattr(member, counter) for member in members]
        if None in told:
            continue
        gaps = np.diff(np.array(told, np.float64))
        for column in range(2, len(members)):
            longest = gaps[: column - 1].max()
            if longest > 0:
                times[column] = max(times[column], gaps[column - 1] / longest)
    return times
