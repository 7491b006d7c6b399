"""A series: checkpoints in the order in which they were made, with their tensors matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ckptgui.core.series.matching import Matching, match
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.parts import Part, part_of


@dataclass(frozen=True, eq=False)
class Series:
    """Column ``m`` of the matching belongs to member ``m``; of one that cannot be read it is empty."""

    members: tuple[RunMember, ...]
    matching: Matching

    @property
    def whole(self) -> tuple[int, ...]:
        """The numbers of the members whose tensors are listed."""
        return tuple(number for number, part in enumerate(self.matching.parts) if part is not None)


def series_of(members: Sequence[RunMember]) -> Series:
    """Match the tensors of some members, each of which brings its checkpoint. Costs headers, no values."""
    return Series(tuple(members), match([_part(member) for member in members]))


def _part(member: RunMember) -> Part | None:
    return part_of(member.checkpoint, member.section) if member.checkpoint is not None else None
