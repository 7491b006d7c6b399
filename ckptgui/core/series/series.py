"""A series: checkpoints in the order in which they were made, with their tensors matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ckptgui.core.display import display
from ckptgui.core.plain_numbers import count
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.core.series.matching import Matching, match
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.parts import NoSuchSectionError, Part, part_of
from ckptgui.core.series.renames import Rename


@dataclass(frozen=True, eq=False)
class Series:
    """Column ``m`` of the matching belongs to member ``m``; of one that cannot be read it is empty."""

    members: tuple[RunMember, ...]
    matching: Matching
    renames: tuple[Rename, ...] = ()

    @property
    def whole(self) -> tuple[int, ...]:
        """The numbers of the members whose tensors are listed."""
        return tuple(number for number, part in enumerate(self.matching.parts) if part is not None)

    @property
    def apart(self) -> tuple[str, ...]:
        """A sentence for each member that has no tensor in common with another one."""
        parts = self.matching.parts
        alone = [number for number in self.whole if not self.matching.with_others(number)]
        if len(self.whole) < 2 or not alone:
            return ()
        if len(alone) == len(self.whole):
            told = (f"{self._called(n)} ({count(len(part), 'tensor')})" for n in alone if (part := parts[n]))
            names = " and ".join(told) if len(alone) == 2 else f"These {len(alone):,}"
            return (f"{names} have no tensor in common.",)
        return tuple(f"{self._called(number)} has no tensor in common with the others." for number in alone)

    def _called(self, number: int) -> str:
        return display(self.members[number].title, 80)


def series_of(members: Sequence[RunMember], renames: Sequence[Rename] = ()) -> Series:
    """Match the tensors of some members, each of which brings its checkpoint. Costs headers, no values.

    Tensors of ``renames``, which somebody accepted, are one tensor. Raises ``NoSuchSectionError`` where a member
    names one; ``with_section`` makes members of which none does.
    """
    with without_garbage_collection():  # a hundred thousand modules are as many dictionaries for a moment
        return Series(tuple(members), match([_part(member) for member in members], renames), tuple(renames))


def with_section(members: Sequence[RunMember], section: str | None) -> tuple[RunMember, ...]:
    """The members with the section that is to be compared, None for their models; one without it has an error."""
    return tuple(_with_section(member, section) for member in members)


def _with_section(member: RunMember, section: str | None) -> RunMember:
    chosen = replace(member, section=section)
    try:
        _part(chosen)
    except NoSuchSectionError as error:
        return replace(chosen, checkpoint=None, error=str(error))
    return chosen


def _part(member: RunMember) -> Part | None:
    return part_of(member.checkpoint, member.section) if member.checkpoint is not None else None
