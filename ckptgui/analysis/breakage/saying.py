"""What is said of each kind of breakage: who, in which checkpoint, and the figures that show it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckptgui.analysis.breakage.breakage import Piece
from ckptgui.analysis.breakage.course import Course
from ckptgui.analysis.breakage.history import History
from ckptgui.analysis.breakage.nonfinite import Turned
from ckptgui.analysis.breakage.resets import GROWN
from ckptgui.analysis.breakage.sentences import MINUS, Speaker, number, pieces

Pieces = tuple[Piece, ...]


def turned(history: History, speaker: Speaker, found: Sequence[Turned]) -> Pieces:
    """``a turned NaN in epoch 7: 3 of 3,072 values, the first at [1,407].``"""
    first, several = found[0], len(found) > 1
    word = "NaN" if first.kind == "nan" else "infinite"
    names = speaker.names([each.tensor for each in found])
    here = speaker.member(first.column)
    if first.since < 0:
        said = pieces(*names, " are " if several else " is ", f"{word} already in ", here)
    elif first.since < first.column - 1:
        said = pieces(*names, f" turned {word} between ", speaker.member(first.since), " and ", here)
    else:
        said = pieces(*names, f" turned {word} in ", here)
    said += pieces(": ", _several(history, found) if several else _values(history, first))
    if first.again >= 0 and not several:
        said += pieces(", and is finite again in ", speaker.member(first.again))
    return said + pieces(".")


def _values(history: History, found: Turned) -> str:
    total = int(history.counts[found.tensor])
    if total == 1:
        return "its value"
    if found.count == total:
        return f"all {total:,} values"
    place = history.first_place(found.tensor, found.column, found.kind)
    text = f"{found.count:,} of {total:,} values"
    if place is None:
        return text
    index = ", ".join(f"{i:,}" for i in place)
    return f"{text}, at [{index}]" if found.count == 1 else f"{text}, the first at [{index}]"


def _several(history: History, found: Sequence[Turned]) -> str:
    count = sum(each.count for each in found)
    total = int(history.counts[[each.tensor for each in found]].sum())
    of = f"{len(found):,} of {int(history.weights.sum()):,} tensors"
    return f"{of}, all {total:,} values" if count == total else f"{of}, {count:,} of their {total:,} values"


def exploded(course: Course, speaker: Speaker, tensors: Sequence[int], column: int) -> Pieces:
    """``a blew up in epoch 5: its norm is 4,210, in epoch 0 it was 3.1.``"""
    norms = course.history.figures["l2"][tensors[0]]
    first = int(np.flatnonzero(np.isfinite(norms) & (norms > 0))[0])
    whose = ": its norm" if len(tensors) == 1 else _of_first(speaker, tensors) + "the norm"
    said = f"{whose} is {number(norms[column])}, in "
    here, then = speaker.member(column), speaker.member(first)
    return pieces(*speaker.names(tensors), " blew up in ", here, said, then, f" it was {number(norms[first])}.")


def emptied(course: Course, speaker: Speaker, tensors: Sequence[int], column: int) -> Pieces:
    """``a became zero in epoch 5: all 512 values.``"""
    history = course.history
    zeros = history.figures["zeros"][tensors, column]
    counts = history.counts[tensors]
    if (zeros == counts).all():
        said = f": all {int(counts.sum()):,} values."
    else:
        before = history.figures["zeros"][tensors, column - 1]
        said = (
            f": {int(zeros.sum()):,} of {int(counts.sum()):,} values are zero, {int(before.sum()):,} were before."
        )
    word = " became zero in " if (zeros == counts).all() else " became zero in part in "
    return pieces(*speaker.names(tensors), word, speaker.member(column), said)


def given_back(course: Course, speaker: Speaker, tensors: Sequence[int], column: int) -> Pieces:
    """``a was set back in epoch 5: its values are again those of epoch 0.``"""
    verb, its = ("was", "its") if len(tensors) == 1 else ("were", "their")
    to = speaker.member(int(course.history.equal_to[tensors[0], column]))
    here = speaker.member(column)
    return pieces(
        *speaker.names(tensors), f" {verb} set back in ", here, f": {its} values are again those of ", to, "."
    )


def back_in_size(course: Course, speaker: Speaker, tensors: Sequence[int], column: int) -> Pieces:
    """``a was set back in epoch 5: its norm is 3.1 after 5.6, nearer to the 3.0 of epoch 0.``"""
    norms = course.figure("l2")[tensors[0]]
    first = int(np.flatnonzero(np.isfinite(norms))[0])
    verb = "was" if len(tensors) == 1 else "were"
    whose = ": its norm" if len(tensors) == 1 else _of_first(speaker, tensors) + "the norm"
    said = f"{whose} is {number(norms[column])} after {number(norms[column - 1])}, "
    said += f"nearer to the {number(norms[first])} of "
    here = speaker.member(column)
    return pieces(*speaker.names(tensors), f" {verb} set back in ", here, said, speaker.member(first), ".")


def begun_anew(course: Course, speaker: Speaker, tensors: Sequence[int], column: int) -> Pieces:
    """``a was set back in epoch 5: its cosine to epoch 4 is 0.012, that of the others 0.998.``"""
    history = course.history
    cosine = history.pairs["cosine"][:, column]
    others = np.setdiff1d(np.flatnonzero(np.isfinite(course.pairwise("cosine")[:, column])), tensors)
    verb = " was" if len(tensors) == 1 else " were"
    whose = ": its" if len(tensors) == 1 else _of_first(speaker, tensors) + "the"
    beside = f", that of the others {_cosine(float(np.median(cosine[others])))}" if others.size else ""
    spread = history.figures["std"][tensors[0]]
    back = f"; its spread is {number(spread[column])} after {number(spread[column - 1])}"
    first = int(np.flatnonzero(np.isfinite(spread))[0])
    tail: list[Piece | str] = ["."]
    if spread[first] > 0 and spread[column - 1] > 0 and abs(np.log(spread[column - 1] / spread[first])) > GROWN:
        tail = [f"{back} and was {number(spread[first])} in ", speaker.member(first), "."]
    return pieces(
        *speaker.names(tensors),
        f"{verb} begun anew in ",
        speaker.member(column),
        f"{whose} cosine to ",
        speaker.member(column - 1),
        f" is {_cosine(float(cosine[tensors[0]]))}{beside}",
        *tail,
    )


def jumped(course: Course, speaker: Speaker, tensors: Sequence[int], column: int) -> Pieces:
    """``a jumped in epoch 5: it moved by 1.32 of its norm, by 0.0157 at most before; the others by 0.011.``"""
    first = max(tensors, key=lambda tensor: float(course.excess[tensor, column]))
    ordered = [first, *(tensor for tensor in tensors if tensor != first)]
    others = np.setdiff1d(np.flatnonzero(np.isfinite(course.relative[:, column])), tensors)
    who = ": it" if len(tensors) == 1 else _of_first(speaker, ordered) + "it"
    said = f"{who} moved by {number(course.relative[first, column])} of its norm, "
    said += f"by {number(course.lately[first, column])} at most in the steps before"
    if others.size:
        said += f"; the others moved by {number(float(np.median(course.relative[others, column])))}"
    return pieces(*speaker.names(ordered), " jumped in ", speaker.member(column), said, ".")


def whole_jump(course: Course, speaker: Speaker, column: int) -> Pieces:
    """``The whole network jumped in epoch 5: it moved 40 times further than ever before.``"""
    factor = number(float(np.exp(course.ever[column])))
    step = number(float(course.usual[column]))
    said = f": its tensors moved {factor} times as far as in any step before, by {step} of their norm."
    return pieces("The whole network jumped in ", speaker.member(column), said)


def frozen(course: Course, speaker: Speaker, tensors: Sequence[int], start: int, stop: int, ended: bool) -> Pieces:
    """``a froze in epoch 4: not one of its 512 values has changed since epoch 3, while 75 tensors moved.``"""
    moving = int(course.moved[:, start].sum())
    count = int(course.history.counts[list(tensors)].sum())
    its = "its" if len(tensors) == 1 else "their"
    others = f", while {moving:,} other {'tensors' if moving != 1 else 'tensor'} moved"
    since = speaker.member(start - 1)
    names = speaker.names(tensors)
    if ended:
        said = f": none of {its} {count:,} values changed{others}."
        return pieces(*names, " did not move from ", since, " to ", speaker.member(stop), said)
    said = f": none of {its} {count:,} values changed since "
    return pieces(*names, " froze in ", speaker.member(start), said, since, f"{others}.")


def _cosine(value: float) -> str:
    return f"{value:.3f}".replace("-", MINUS)


def _of_first(speaker: Speaker, tensors: Sequence[int]) -> str:
    """Whose figures follow, where several are spoken of."""
    return f": of {speaker.tensor(tensors[0]).text} "
