"""Everything that broke in a run, worst first: each kind found in the matrices and said in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from ckptgui.analysis.breakage import saying
from ckptgui.analysis.breakage.breakage import Breakage, Kind, Piece, worst_first
from ckptgui.analysis.breakage.course import Course
from ckptgui.analysis.breakage.extremes import emptied, exploded
from ckptgui.analysis.breakage.freezes import freezes
from ckptgui.analysis.breakage.history import History
from ckptgui.analysis.breakage.jumps import jumped, whole_jumps
from ckptgui.analysis.breakage.nonfinite import turned
from ckptgui.analysis.breakage.resets import back_in_size, begun_anew, given_back
from ckptgui.analysis.breakage.sentences import LISTED, Speaker

Find = Callable[[Course, np.ndarray], np.ndarray]
Say = Callable[[Course, Speaker, Sequence[int], int], tuple[Piece, ...]]

LEAPS: tuple[tuple[Kind, Find, Say], ...] = (
    ("explosion", exploded, saying.exploded),
    ("zero", emptied, saying.emptied),
    ("reset", given_back, saying.given_back),
    ("reset", begun_anew, saying.begun_anew),
    ("reset", back_in_size, saying.back_in_size),
    ("jump", jumped, saying.jumped),
)
"""The worst first: a tensor that is set back jumps too, and is told of once."""


def breakages(history: History) -> list[Breakage]:
    """Of what is known so far."""
    course, speaker = Course(history), Speaker(history)
    found = [*_nonfinite(history, speaker), *_leaps(course, speaker), *_frozen(course, speaker)]
    for column in whole_jumps(course):
        tensors = np.flatnonzero(course.learnt & course.moved[:, column]).tolist()
        found.append(_breakage(history, "jump", column, tensors, saying.whole_jump(course, speaker, column)))
    return worst_first(found)


def breakages_of(found: Iterable[Breakage], tensor: int) -> list[Breakage]:
    """Those that a tensor has a part in, in the order of time."""
    return sorted((each for each in found if tensor in each.tensors), key=lambda each: each.member)


def _nonfinite(history: History, speaker: Speaker) -> Iterator[Breakage]:
    """Few of one step each in a sentence of its own, with the first place; many together."""
    groups: dict[tuple[int, Kind], list[int]] = {}
    by_tensor = {each.tensor: each for each in turned(history)}
    for each in by_tensor.values():
        groups.setdefault((each.column, "nan" if each.kind == "nan" else "inf"), []).append(each.tensor)
    for (column, kind), tensors in groups.items():
        parts = [[tensor] for tensor in tensors] if len(tensors) <= LISTED else [tensors]
        for part in parts:
            sentence = saying.turned(history, speaker, [by_tensor[tensor] for tensor in part])
            yield _breakage(history, kind, column, part, sentence)


def _leaps(course: Course, speaker: Speaker) -> Iterator[Breakage]:
    told = np.zeros(course.sound.shape, bool)
    for kind, find, say in LEAPS:
        course.history.between()
        where = find(course, told) & ~told
        told |= where
        for column in np.flatnonzero(where.any(axis=0)).tolist():
            tensors = np.flatnonzero(where[:, column]).tolist()
            yield _breakage(course.history, kind, column, tensors, say(course, speaker, tensors, column))


def _frozen(course: Course, speaker: Speaker) -> Iterator[Breakage]:
    groups: dict[tuple[int, int, bool], list[int]] = {}
    for each in freezes(course):
        groups.setdefault((each.start, each.stop, each.ended), []).append(each.tensor)
    for (start, stop, ended), tensors in groups.items():
        sentence = saying.frozen(course, speaker, tensors, start, stop, ended)
        yield _breakage(course.history, "freeze", start, tensors, sentence)


def _breakage(
    history: History, kind: Kind, column: int, tensors: Sequence[int], sentence: tuple[Piece, ...]
) -> Breakage:
    before = history.members[column - 1] if column else -1
    return Breakage(kind, history.members[column], before, tuple(tensors), sentence)
