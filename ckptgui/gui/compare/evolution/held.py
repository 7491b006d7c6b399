"""What was read of the selections that were looked at last, so that going back to one reads nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ckptgui.gui.compare.evolution.figures import Table, empty_table
from ckptgui.workspace.distributions import MemberValues
from ckptgui.workspace.evolution import Evolution

MOST = 8
"""Selections."""

MOST_BYTES = 192 * 2**20
"""Bytes of memory that all of them may take; the one that is looked at stays."""


@dataclass(eq=False)
class Held:
    """One selection: values by member, the figures, and of which members these are to be worked out anew."""

    found: list[MemberValues | None]
    table: Table
    stale: set[int]
    evolution: Evolution | None = field(default=None, repr=False)
    retried: set[int] = field(
        default_factory=set
    )  # members that were looked at again once their figures were there

    @classmethod
    def of_nothing(cls, members: int) -> Held:
        """Nothing was read yet."""
        return cls([None] * members, empty_table(members), set(range(members)))

    @property
    def nbytes(self) -> int:
        """Memory that the values take."""
        return sum(each.nbytes for each in self.found if each is not None)

    def moved(self, places: Mapping[int, int], members: int) -> Held:
        """The same for another series, in which the member ``old`` is at ``places[old]`` where it still is."""
        held = Held.of_nothing(members)
        for old, new in places.items():
            each = self.found[old]
            held.found[new] = None if each is None else replace(each, member=new)
        return held


class Selections:
    """By name; the eldest go where there are too many, or too large ones."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, Held] = OrderedDict()

    def of(self, path: str, members: int) -> Held:
        """What is held of a selection, which from now on is the newest."""
        held = self._held.get(path)
        if held is None:
            held = self._held[path] = Held.of_nothing(members)
        self._held.move_to_end(path)
        self.shrink()
        return held

    def shrink(self) -> None:
        """Give memory back."""
        while len(self._held) > 1 and (len(self._held) > MOST or self.nbytes > MOST_BYTES):
            self._held.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Memory that all values take."""
        return sum(held.nbytes for held in self._held.values())

    def mark(self, member: int) -> None:
        """More figures of a member are known."""
        for held in self._held.values():
            held.stale.add(member)

    def move(self, places: Mapping[int, int], members: int) -> None:
        """Another series is there; members that stay keep what was read of them."""
        for path, held in self._held.items():
            self._held[path] = held.moved(places, members)
