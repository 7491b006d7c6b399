"""Which of the offered things the wanted ones are, when only their order and a mark on each are known.

The marks are shapes: an optimizer keeps its state under numbers, in the order in which it was given the
parameters, and a model's parameters stand in the same order among buffers that it was not given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

ANY = 0
"""The mark of a wanted thing that none is known of, which may be any of the offered ones."""

UNSURE = -1
"""Stands for a wanted thing that could be more than one of the offered ones."""


def align(wanted: Sequence[int], offered: Sequence[int]) -> list[int] | None:
    """For each wanted mark its place among the offered ones, in order; None when they do not fit.

    A place is ``UNSURE`` where another fit would give another one: the earliest fit and the latest agree
    on a place exactly when every fit does.
    """
    first = _earliest(wanted, offered)
    if first is None:
        return None
    if len(wanted) == len(offered):
        return first
    backward = _earliest(wanted[::-1], offered[::-1])
    if backward is None:  # what fits one way fits the other
        return None
    last = [len(offered) - 1 - place for place in reversed(backward)]
    return [place if place == other else UNSURE for place, other in zip(first, last)]


def _earliest(wanted: Sequence[int], offered: Sequence[int]) -> list[int] | None:
    places: list[int] = []
    place = 0
    count = len(offered)
    for mark in wanted:
        while place < count and mark != ANY and offered[place] != mark:
            place += 1
        if place == count:
            return None
        places.append(place)
        place += 1
    return places


def align_groups(groups: Sequence[Sequence[int]], offered: Sequence[int]) -> list[list[int]] | None:
    """The places of the things in each group, which between them take every offered one; None when unclear.

    Within a group the order is that of the offered things. A group of weights that decay and one of those
    that do not are told apart at each step by the mark that is due in each.
    """
    if sum(map(len, groups)) != len(offered):
        return None
    due = [0] * len(groups)
    places: list[list[int]] = [[] for _ in groups]
    for place, mark in enumerate(offered):
        taker = -1
        for number, group in enumerate(groups):
            if due[number] < len(group) and group[due[number]] in (mark, ANY):
                if taker >= 0:
                    return None
                taker = number
        if taker < 0:
            return None
        due[taker] += 1
        places[taker].append(place)
    return places


def align_in_turn(groups: Sequence[Sequence[int]], offered: Sequence[int]) -> list[list[int]] | None:
    """Groups that follow each other as the offered things do; None where two of them could change places."""
    marks = [tuple(group) for group in groups]
    if len(set(marks)) < len(marks):
        return None
    found = align([mark for group in marks for mark in group], offered)
    if found is None:
        return None
    ends = [0]
    for group in marks:
        ends.append(ends[-1] + len(group))
    return [found[start:stop] for start, stop in pairwise(ends)]


def align_by_class(
    groups: Sequence[Sequence[int]], offered: Sequence[int], classes: Sequence[int]
) -> list[list[int]] | None:
    """As ``align_groups`` where each class of offered things belongs to one group; None unless one way fits.

    So biases, the weights of norms and all other weights are put into three groups.
    """
    count = max(classes, default=-1) + 1
    if count > MAX_CLASSES or len(groups) > MAX_CLASSES or sum(map(len, groups)) != len(offered):
        return None
    marks = [Counter(offered[place] for place, c in enumerate(classes) if c == number) for number in range(count)]
    room = [Counter(group) for group in groups]
    found: list[list[list[int]]] = []
    for owners in islice(_assignments(marks, room), MAX_WAYS):
        places: list[list[int]] = [[] for _ in groups]
        for place, number in enumerate(classes):
            places[owners[number]].append(place)
        if all([offered[p] for p in own] == list(group) for own, group in zip(places, groups)):
            found.append(places)
    return found[0] if len(found) == 1 else None


def _assignments(marks: list[Counter[int]], room: list[Counter[int]]) -> Iterator[list[int]]:
    """Ways to give each class to a group that has room for all of its marks."""
    if not marks:
        if not any(left.total() for left in room):
            yield []
        return
    for number, left in enumerate(room):
        if marks[0] <= left:
            rest = [*room[:number], left - marks[0], *room[number + 1 :]]
            for owners in _assignments(marks[1:], rest):
                yield [number, *owners]


MAX_CLASSES = 12
"""Classes, and groups, beyond which nobody has meant it so."""

MAX_WAYS = 64
"""Ways to give classes to groups that are compared."""
