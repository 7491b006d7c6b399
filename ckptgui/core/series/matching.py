"""Which tensor of one checkpoint is which of another: by name, once wrappers' prefixes are taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ckptgui.core.series.outline import Outline, outline_of
from ckptgui.core.series.parts import Part
from ckptgui.core.series.prefixes import Bare, bare, matched_better
from ckptgui.core.series.renames import Rename, renamed_names


@dataclass(frozen=True, eq=False)
class Matching:
    """Tensors × checkpoints. ``rows[t, m]`` is the row of tensor ``t`` in checkpoint ``m``, -1 where it is not.

    ``names`` are in the outline's order. ``stripped`` are the prefixes that were taken off, for each checkpoint.
    ``renamed`` has, for a tensor that goes by another name in some checkpoint, its name in each (None where it is
    not there).
    """

    outline: Outline
    rows: np.ndarray  # int64
    parts: tuple[Part | None, ...]  # None for a checkpoint that cannot be read
    stripped: tuple[tuple[str, ...], ...]
    renamed: Mapping[int, tuple[str | None, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tensors."""
        return self.outline.names

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def shared(self) -> np.ndarray:
        """int64 a tensor, in how many checkpoints it is."""
        found: np.ndarray = (self.rows >= 0).sum(axis=1)
        return found

    @cached_property
    def common(self) -> int:
        """How many tensors are in every checkpoint that can be read."""
        return int((self.shared == sum(part is not None for part in self.parts)).sum()) if len(self) else 0

    def with_others(self, member: int) -> int:
        """How many tensors of a checkpoint are in another one, too."""
        return int(((self.rows[:, member] >= 0) & (self.shared > 1)).sum())

    def shape(self, tensor: int) -> tuple[int, ...]:
        """The shape of a tensor in the first checkpoint that has it."""
        for part, row in zip(self.parts, self.rows[tensor].tolist()):
            if part is not None and row >= 0:
                return part.checkpoint.tensors.shape(row)
        return ()

    def saved_name(self, tensor: int, member: int) -> str | None:
        """The keys that lead to a tensor in its checkpoint, joined with dots; None where it is not."""
        part, row = self.parts[member], int(self.rows[tensor, member])
        return None if part is None or row < 0 else ".".join(part.checkpoint.tensors.path(row))


def match(parts: Sequence[Part | None], renames: Sequence[Rename] = ()) -> Matching:
    """Match the names of all parts; a part that is None has none of the tensors.

    Tensors of ``renames`` are one tensor under the later name.
    """
    sides = _sides(parts)
    names = [renamed_names(side.names, renames) for side in sides]
    numbers: dict[str, int] = {}
    placed: dict[int, np.ndarray] = {}  # of names that several checkpoints share: looked up once
    for each in names:
        if id(each) not in placed:
            placed[id(each)] = np.array([numbers.setdefault(name, len(numbers)) for name in each], np.int64)
    outline, order = outline_of(list(numbers))
    rows = np.full((len(numbers), len(parts)), -1, np.int64)
    for at, (each, part) in enumerate(zip(names, parts)):
        if part is not None:
            rows[placed[id(each)][::-1], at] = part.rows[::-1]  # of equal names the first one counts
    rows = rows[order]
    stripped = tuple(side.stripped for side in sides)
    return Matching(outline, rows, tuple(parts), stripped, _renamed(outline, sides, names))


def _sides(parts: Sequence[Part | None]) -> list[Bare]:
    """The bare names of each part; parts with the same names have them from one hand."""
    known: dict[tuple[str, ...], int] = {}
    own: list[tuple[str, ...]] = []
    which = []
    for part in parts:
        names = part.names if part is not None else ()
        if names not in known:
            known[names] = len(own)
            own.append(part.fronts if part is not None else ())
        which.append(known[names])
    distinct = [bare(names) for names in known]
    distinct = matched_better(distinct, own) if len(distinct) > 1 else distinct
    return [distinct[at] for at in which]


def _renamed(
    outline: Outline, sides: Sequence[Bare], names: Sequence[tuple[str, ...]]
) -> dict[int, tuple[str | None, ...]]:
    """What the tensors were called that have another name now."""
    called: list[dict[str, str]] = []
    for side, new in zip(sides, names):
        called.append({} if new is side.names else dict(zip(reversed(new), reversed(side.names))))
    others = {new for each in called for new, old in each.items() if new != old}
    if not others:
        return {}
    there = [set(each) for each in names]
    return {
        number: tuple(called[at].get(name, name) if name in there[at] else None for at in range(len(names)))
        for number, name in enumerate(outline.names)
        if name in others
    }
