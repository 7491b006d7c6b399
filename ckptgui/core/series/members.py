"""The checkpoints of one training in the order in which they were made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from ckptgui.core.checkpoint import Checkpoint, Role
from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity

_NUMBER = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class RunMember:
    """One checkpoint of a run; ``error`` says why it cannot be read whole, ``nbytes`` is the file's size.

    ``checkpoint`` is there where its tensors could be listed. ``section`` names what of it is compared, where that
    is not its model; ``scalars`` are the figures among its plain values, by their paths joined with ``/``.
    ``state`` is how its files were just before they were opened.
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
    state: tuple[SourceIdentity, ...] = field(default=(), compare=False, repr=False)

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePath(self.path).name

    @property
    def title(self) -> str:
        """The file's name, with the section that is compared where that is not its model."""
        return f"{self.name} ({self.section})" if self.section else self.name


def model_and_average(member: RunMember) -> tuple[RunMember, ...]:
    """The model of a checkpoint and each average of it that is kept in the same file, or nothing."""
    if member.checkpoint is None:
        return ()
    models, averages = (member.checkpoint.with_role(role) for role in (Role.MODEL, Role.EMA))
    if not models or not averages:
        return ()
    named = ["/".join(section.path) for section in averages]
    model = member if len(models) > 1 else replace(member, section="/".join(models[0].path))
    return (model, *(replace(member, section=name) for name in named))


def told_twice(members: Sequence[RunMember]) -> tuple[str, ...]:
    """A sentence for each epoch (where files tell none, step) that several files say they are of, step and all."""
    found: dict[tuple[int | None, int | None], list[str]] = {}
    for member in members:
        if member.section is None and (member.epoch, member.step) != (None, None):
            found.setdefault((member.epoch, member.step), []).append(display(member.name, 60))
    sentences = []
    for (epoch, step), names in found.items():
        if len(names) > 1:
            when = " and ".join(f"{word} {n:,}" for word, n in (("epoch", epoch), ("step", step)) if n is not None)
            rest = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
            *some, last = names[:3]
            files = f"{', '.join(names[:3])}{rest}" if rest else f"{', '.join(some)} and {last}"
            sentences.append(f"{files} {'both' if len(names) == 2 else 'all'} say {when}.")
    return tuple(sentences)


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key under which ``epoch_9`` comes before ``epoch_10``; numbers of any length, case aside."""
    parts = _NUMBER.split(text.lower())
    return tuple(
        (1, len(part.lstrip("0")), part.lstrip("0")) if index % 2 else (0, 0, part)
        for index, part in enumerate(parts)
    )


def order(members: Iterable[RunMember]) -> tuple[RunMember, ...]:
    """By epoch where files tell one, else by step, else by name.

    A member that does not tell, because it is damaged for instance, stays behind the one before it by name; one
    whose name does not count either comes last, as the model at the end of a training.
    """
    by_name = sorted(members, key=lambda member: (natural_key(member.name), member.path))
    counter = "epoch" if any(member.epoch is not None for member in by_name) else "step"
    followers: dict[int, list[RunMember]] = {-1: []}
    known: list[int] = []
    last: list[RunMember] = []
    for place, member in enumerate(by_name):
        if getattr(member, counter) is None and not _NUMBER.search(member.name):
            last.append(member)
        elif getattr(member, counter) is None:
            followers[known[-1] if known else -1].append(member)
        else:
            known.append(place)
            followers[place] = []
    known.sort(key=lambda place: _when(by_name[place], counter))  # stable: equal ones stay in the names' order
    ordered = list(followers[-1])
    for place in known:
        ordered += [by_name[place], *followers[place]]
    return (*ordered, *last)


def _when(member: RunMember, counter: str) -> tuple[int, bool, int]:
    first: int = getattr(member, counter)
    return first, member.step is None, member.step or 0
