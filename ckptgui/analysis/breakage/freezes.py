"""Tensors that had moved and then stood still, exactly and at once, while others went on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.breakage.course import Course

EXPECTED = 8.0
"""Values that would have changed, had it gone on as before: fewer may come to rest by chance."""

DWINDLED = 0.25
"""Share of its usual step (or of the values that usually change) below which it was coming to rest by itself."""

NEARLY_ALL, STEPS = 0.9, 16.0
"""Where so many values change at every step, none does by chance if the step is this many times the smallest that
the type can hold.
"""


@dataclass(frozen=True, slots=True)
class Freeze:
    """``tensor`` did not move from column ``start`` to ``stop``, both included; ``ended`` if it moved again."""

    tensor: int
    start: int
    stop: int
    ended: bool


def freezes(course: Course) -> list[Freeze]:
    """One a tensor at most. What stands still now and then, as a network that is trained in turns, has none until
    it stands still for longer than ever.
    """
    moved, still = course.moved, course.still
    could = np.flatnonzero(moved.any(axis=1) & still.any(axis=1))
    found = []
    for number, tensor in enumerate(could.tolist()):
        if number % 256 == 0:
            course.history.between()
        rests = _rests(moved[tensor], still[tensor])
        if not rests:
            continue
        lengths = [stop - start + 1 for start, stop, _ in rests]
        start, stop, ended = rests[-1]
        if len(rests) > 1 and (ended or lengths[-1] <= max(lengths[:-1])):
            continue
        if _abrupt(course, tensor, start):
            found.append(Freeze(tensor, start, stop, ended))
    return found


def _rests(moved: np.ndarray, still: np.ndarray) -> list[tuple[int, int, bool]]:
    """First and last column of each time without movement after the first movement, and whether it ended."""
    rests: list[tuple[int, int, bool]] = []
    begun, start, last = False, -1, -1
    for column, (moves, rests_now) in enumerate(zip(moved.tolist(), still.tolist())):
        if moves:
            if start >= 0:
                rests.append((start, last, True))
            begun, start = True, -1
        elif rests_now and begun:
            start, last = (column if start < 0 else start), column
    return [*rests, (start, last, False)] if start >= 0 else rests


def _abrupt(course: Course, tensor: int, start: int) -> bool:
    """Whether it would have moved, had it gone on as before while the others did."""
    history = course.history
    before = np.flatnonzero(course.moved[tensor, :start])
    last = int(before[-1])
    others = np.flatnonzero(course.moved[:, start])
    if not others.size:
        return False
    pace = course.relative / course.usual
    with np.errstate(invalid="ignore", divide="ignore"):
        faster = course.relative[others, start] / course.relative[others, last]
    known = faster[np.isfinite(faster)]
    slower = min(1.0, float(np.median(known))) if known.size else 1.0
    shares = history.pairs["changed"][tensor, before] / history.counts[tensor]
    steps = pace[tensor, before]
    usual = np.median(steps[np.isfinite(steps)]) if np.isfinite(steps).any() else np.nan
    if shares[-1] < DWINDLED * np.median(shares) or steps[-1] < DWINDLED**2 * usual:
        return False
    step = float(course.relative[tensor, last] * slower)
    if shares[-1] > NEARLY_ALL:
        return not step < STEPS * history.precision[tensor]
    return bool(shares[-1] * slower * history.counts[tensor] >= EXPECTED)
