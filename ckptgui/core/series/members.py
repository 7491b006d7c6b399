"""The checkpoints of one training in the order in which they were made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint

_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class RunMember:
    """One checkpoint of a run; ``error`` says why it cannot be read whole, ``nbytes`` is the file's size.

    ``checkpoint`` is there where its tensors could be listed. ``section`` names what of it is compared, where that
    is not its model; ``scalars`` are the figures among its plain values, by their paths joined with ``/``.
    """

    path: str
    nbytes: int
    epoch: int | None = None
    step: int | None = None
    loss: float | None = None
    error: str | None = None
    checkpoint: Checkpoint | None = field(default=None, compare=False, repr=False)
    section: str | None = None
    scalars: Mapping[str, float] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePath(self.path).name


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key under which ``epoch_9`` comes before ``epoch_10``; numbers of any length, case aside."""
    parts = _NUMBER.split(text.lower())
    return tuple(
        (1, len(part.lstrip("0")), part.lstrip("0")) if index % 2 else (0, 0, part)
        for index, part in enumerate(parts)
    )


def order(members: Iterable[RunMember]) -> tuple[RunMember, ...]:
    """By epoch where files tell one, else by step, else by name.

    A member that does not tell, because it is damaged for instance, stays behind the one before it by name.
    """
    by_name = sorted(members, key=lambda member: (natural_key(member.name), member.path))
    counter = "epoch" if any(member.epoch is not None for member in by_name) else "step"
    followers: dict[int, list[RunMember]] = {-1: []}
    known: list[int] = []
    for place, member in enumerate(by_name):
        if getattr(member, counter) is None:
            followers[known[-1] if known else -1].append(member)
        else:
            known.append(place)
            followers[place] = []
    known.sort(key=lambda place: _when(by_name[place], counter))  # stable: equal ones stay in the names' order
    ordered = list(followers[-1])
    for place in known:
        ordered += [by_name[place], *followers[place]]
    return tuple(ordered)


def _when(member: RunMember, counter: str) -> tuple[int, bool, int]:
    first: int = getattr(member, counter)
    return first, member.step is None, member.step or 0
