"""What somebody chose among the checkpoints of a run and beside it, and the run that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ckptgui.core.series.members import RunMember, order
from ckptgui.engine.job import Cancel
from ckptgui.workspace.run import Other, Run, joined

LEFT_OUT = "It was left out by hand."

Key = tuple[str, str | None]
"""A member's path and section."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A line of the list: a member, or what may become one and was not opened yet. ``taken``: it is compared."""

    path: str
    nbytes: int
    taken: bool
    member: RunMember | None = None
    why: str = ""  # it is no member

    @property
    def key(self) -> Key:
        """What tells it from the others."""
        return self.path, self.member.section if self.member is not None else None


def choices_of(run: Run) -> tuple[Choice, ...]:
    """The members in their order, then what else there is."""
    members = (Choice(member.path, member.nbytes, True, member) for member in run.members)
    return (*members, *(Choice(other.path, other.nbytes, False, None, other.why) for other in run.others))


def by_epoch(choices: Sequence[Choice]) -> tuple[Choice, ...]:
    """The lines in the order of the epochs inside the files; those that were not opened stay last."""
    known = {choice.member: choice for choice in choices if choice.member is not None}
    return (*(known[member] for member in order(known)), *(each for each in choices if each.member is None))


def rearranged(run: Run, choices: Sequence[Choice], by_hand: bool, cancel: Cancel) -> Run:
    """The run with the members that are taken, in the order of the lines if that is ``by_hand``.

    Opens those that were not opened yet. Raises ``Cancelled``.
    """
    known: dict[Key, RunMember] = {each.key: each.member for each in choices if each.member is not None}
    new = [each.path for each in choices if each.taken and each.member is None]
    read = joined(replace(run, members=()), new, cancel).members if new else ()
    opened = {member.path: member for member in read}
    members: list[RunMember] = []
    for each in choices:
        member = known.get(each.key) or opened.pop(each.path, None)
        if each.taken and member is not None and member not in members:
            members.append(member)
    members += opened.values()  # of a folder of several, those that are in it
    there = {member.path for member in members}
    out = [Other(each.path, each.nbytes, each.why or LEFT_OUT) for each in choices if each.path not in there]
    return replace(run, members=tuple(members) if by_hand else order(members), others=tuple(out))
