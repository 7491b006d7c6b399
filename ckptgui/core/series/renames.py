"""Tensors that are called otherwise in a later checkpoint: what is proposed, and names in which it is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Grounds(Enum):
    """Why two names are taken to be of one tensor."""

    EQUAL = "equal"  # all values are equal
    SIMILAR = "similar"  # they are each other's nearest, and near
    RULE = "rule"  # others of the same rule are one of these


@dataclass(frozen=True, slots=True)
class Rename:
    """A tensor of member ``a`` and one of member ``b`` that seem to be the same under another name.

    ``cosine`` and ``relative`` (how far it moved by its norm) are of the values that were looked at, None where
    none were or a figure has no meaning. ``rule`` is the change of names that it follows, as ``attn → attention``.
    """

    from_name: str
    to_name: str
    a: int
    b: int
    grounds: Grounds
    cosine: float | None = None
    relative: float | None = None
    rule: str = ""

    @property
    def equal(self) -> bool:
        """Whether the values are known to be equal."""
        return self.grounds is Grounds.EQUAL


def renamed_names(names: tuple[str, ...], renames: Sequence[Rename]) -> tuple[str, ...]:
    """Names with the later one in place of each earlier one; the very same tuple where that changes nothing.

    A name that is there already is not taken by another tensor.
    """
    if not renames:
        return names
    later = {rename.from_name: rename.to_name for rename in renames}
    there = set(names)
    changed = {name: new for name in there & later.keys() if (new := _last(name, later)) not in there}
    if not changed or len(set(changed.values())) < len(changed):
        changed = {}
    return tuple(changed.get(name, name) for name in names) if changed else names


def _last(name: str, later: dict[str, str]) -> str:
    """Where a chain of renames ends; one that leads in a circle ends where it began."""
    seen = {name}
    while (after := later.get(name)) is not None and after not in seen:
        seen.add(after)
        name = after
    return name
