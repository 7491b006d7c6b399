"""Where on the timeline each member of a series is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """``count`` members at equal distances between two places; a single one is in the middle."""

    left: float
    right: float
    count: int

    def x(self, member: int) -> float:
        """A member's place."""
        if self.count < 2:
            return (self.left + self.right) / 2
        return self.left + (self.right - self.left) * member / (self.count - 1)

    @property
    def gap(self) -> float:
        """Between two neighbours."""
        return (self.right - self.left) / max(1, self.count - 1)

    def nearest(self, x: float, among: Sequence[int]) -> int:
        """The member of ``among`` that is nearest to a place; -1 of none."""
        return min(among, key=lambda member: (abs(self.x(member) - x), member), default=-1)
