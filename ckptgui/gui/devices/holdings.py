"""What of the open checkpoints lies on devices, as the window knows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.extents import SourceIdentity
from ckptgui.device.messages import Resident, Token

Key = tuple[str, tuple[SourceIdentity, ...]]
"""A checkpoint in one state; one that was written again is another."""


def key_of(checkpoint: Checkpoint) -> Key:
    """Which checkpoint it is, whoever opened it."""
    return checkpoint.path, checkpoint.sources


@dataclass(frozen=True, slots=True)
class Share:
    """So many tensors and bytes of a checkpoint on one device."""

    device: str
    tensors: int
    nbytes: int


@dataclass(frozen=True)
class Holding:
    """Of one checkpoint, by row of its table; several names of one tensor share a ``Resident``."""

    name: str
    residents: Mapping[int, Resident] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.residents)

    @cached_property
    def tokens(self) -> frozenset[Token]:
        """What the process knows them by."""
        return frozenset(resident.token for resident in self.residents.values())

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """How much lies on each device."""
        by_device: dict[str, dict[Token, int]] = {}
        for resident in self.residents.values():
            by_device.setdefault(resident.device, {})[resident.token] = resident.nbytes
        return tuple(Share(name, len(held), sum(held.values())) for name, held in by_device.items())

    def tokens_on(self, device: str) -> frozenset[Token]:
        """Those on one device."""
        return frozenset(resident.token for resident in self.residents.values() if resident.device == device)

    def tokens_of(self, rows: Iterable[int]) -> frozenset[Token]:
        """Those of some rows."""
        found = self.residents
        return frozenset(found[row].token for row in rows if row in found)

    def added(self, more: Mapping[int, Resident]) -> Holding:
        """With these in place of what was known of their rows."""
        return replace(self, residents={**self.residents, **more})

    def without(self, gone: frozenset[Token]) -> Holding:
        """Without these."""
        if gone >= self.tokens:
            return replace(self, residents={})
        return replace(self, residents={row: r for row, r in self.residents.items() if r.token not in gone})
