"""Tensors that blew up, and tensors that became zero."""

from __future__ import annotations

import numpy as np

from ckptgui.analysis.breakage.course import Course, median

GROWTH = 100.0
"""Times the size of the first checkpoints."""

LARGE = 3.0
"""Root mean square of the values from which a tensor may have blown up; weights are seldom above 1."""

OTHERS = 10.0
"""How many times more than the others it grew."""

EMPTIED = 0.25
"""Share of a tensor's values that became zero in one step, from which something was wiped out."""


def exploded(course: Course, _: np.ndarray) -> np.ndarray:
    """bool, tensors × columns: the first in which it is orders of magnitude larger than at the beginning."""
    history = course.history
    if history.columns < 3:
        return np.zeros(course.sound.shape, bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        size = course.figure("l2") / np.sqrt(history.counts)[:, None]
        first = np.fmax.reduce(size[:, :2], axis=1)
        growth = size / first[:, None]
        growth[~np.isfinite(growth)] = np.nan
        found = (growth >= GROWTH) & (size >= LARGE) & course.learnt[:, None]
        usual = median(growth[course.learnt])
        found &= (growth >= OTHERS * usual) | (usual >= GROWTH)
    first = np.zeros(found.shape, bool)
    grown = np.flatnonzero(found.any(axis=1))
    first[grown, found[grown].argmax(axis=1)] = True
    return first


def emptied(course: Course, _: np.ndarray) -> np.ndarray:
    """bool, tensors × columns: all its values, or a good part of many, became zero in this step."""
    history = course.history
    with np.errstate(invalid="ignore", divide="ignore"):
        share = course.figure("zeros") / history.counts[:, None]
    found = np.zeros(share.shape, bool)
    with np.errstate(invalid="ignore"):
        rise = share[:, 1:] - share[:, :-1]
        found[:, 1:] = (rise >= EMPTIED) | ((share[:, 1:] == 1) & (share[:, :-1] < 1))
    found &= course.history.pairs["changed"] > 0
    return found & (history.counts >= 4)[:, None]
