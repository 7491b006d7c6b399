"""What share of a checkpoint's tensors each purpose has: model, optimizer … and the sections of each."""

from __future__ import annotations

from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint, Role, Section


@dataclass(frozen=True, slots=True)
class RoleShare:
    """The sections of one role. ``share`` is their part of all sections' bytes, from 0 to 1."""

    role: Role
    nbytes: int
    tensor_count: int
    share: float
    sections: tuple[Section, ...]


def role_shares(checkpoint: Checkpoint) -> tuple[RoleShare, ...]:
    """Every role that has tensors, in the order of ``Role``; a storage that two sections hold counts in both."""
    total = sum(section.nbytes for section in checkpoint.sections)
    found = []
    for role in Role:
        sections = checkpoint.with_role(role)
        nbytes = sum(section.nbytes for section in sections)
        if sections:
            count = sum(section.tensor_count for section in sections)
            found.append(RoleShare(role, nbytes, count, nbytes / total if total else 0.0, sections))
    return tuple(found)
