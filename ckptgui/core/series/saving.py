"""How often a run was saved, and which of its checkpoints are missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ckptgui.core.series.members import RunMember

_NUMBER = re.compile(r"\d+")

MOST_MISSING = 10
"""Times as many checkpoints as there are: with more missing the interval is not what it seems to be."""


@dataclass(frozen=True, slots=True)
class Gap:
    """``missing`` are the epochs or steps that should lie between two members, by their numbers in the run."""

    after: int
    before: int
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Saving:
    """``counter`` (``epoch``, ``step``, or empty where nothing tells) goes up by ``every``, 0 for no rule.

    ``seconds`` is the usual time between two files being written, None where it is not known.
    """

    counter: str = ""
    every: int = 0
    gaps: tuple[Gap, ...] = ()
    seconds: float | None = None

    @property
    def missing(self) -> int:
        """How many checkpoints should be there and are not."""
        return sum(len(gap.missing) for gap in self.gaps)


def saving(members: Sequence[RunMember]) -> Saving:
    """From epochs, else steps, of the members, and from the times of their files; opens nothing."""
    seconds = _seconds(members)
    for counter in ("epoch", "step"):
        told = [(n, value) for n, member in enumerate(members) if (value := getattr(member, counter)) is not None]
        numbers = [value for _, value in told]
        distances = [b - a for a, b in pairwise(numbers)]
        if len(set(numbers)) < 3:
            continue
        every, often = Counter(d for d in distances if d > 0).most_common(1)[0]
        if often < 2 or 2 * often < len(distances):
            return Saving(counter, 0, (), seconds)
        gaps = _gaps(members, told, every, counter)
        if sum(len(gap.missing) for gap in gaps) > MOST_MISSING * len(members):
            gaps = ()
        return Saving(counter, every, gaps, seconds)
    return Saving(seconds=seconds)


def _gaps(
    members: Sequence[RunMember], told: Sequence[tuple[int, int]], every: int, counter: str
) -> tuple[Gap, ...]:
    there = _told_by_name(members, counter)
    gaps = []
    for (after, low), (before, high) in pairwise(told):
        if high - low > every and (high - low) // every <= MOST_MISSING * len(members):
            missing = tuple(number for number in range(low + every, high, every) if number not in there)
            if missing:
                gaps.append(Gap(after, before, missing))
    return tuple(gaps)


def _told_by_name(members: Sequence[RunMember], counter: str) -> set[int]:
    """What members that cannot be read should tell, from the numbers in their names and in those of the others."""
    offsets: Counter[tuple[int, int]] = Counter()
    for member in members:
        value = getattr(member, counter)
        if value is not None:
            offsets.update((place, value - number) for place, number in enumerate(_numbers(member)))
    if not offsets:
        return set()
    (place, offset), _ = offsets.most_common(1)[0]
    unread = [_numbers(member) for member in members if getattr(member, counter) is None]
    return {numbers[place] + offset for numbers in unread if len(numbers) > place}


def _numbers(member: RunMember) -> list[int]:
    return [int(text) for text in _NUMBER.findall(member.name) if len(text) < 16]


def _seconds(members: Sequence[RunMember]) -> float | None:
    """The median time between two files; None where they came all at once, as copies do."""
    times = [written for member in members if (written := written_at(member)) is not None]
    between = [b - a for a, b in pairwise(times)]
    usual = median(between) / 1e9 if len(between) > 1 else 0.0
    return usual if usual >= 1.0 and min(between) >= 0 else None


def written_at(member: RunMember) -> int | None:
    """When the last of a member's files was written, in nanoseconds since the epoch."""
    sources = member.checkpoint.sources if member.checkpoint is not None else member.state
    return max((source.mtime_ns for source in sources), default=None)
