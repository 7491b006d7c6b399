"""Where parts of a checkpoint stand that need not have tensors: a scheduler, a scaler, random states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from ckptgui.core.checkpoint import Checkpoint, Json, Role
from ckptgui.core.tensors import Path
from ckptgui.core.training.roles import role_by_name


def place_of(checkpoint: Checkpoint, role: Role) -> Path | None:
    """Where a part of this role stands: among the sections, or at the top of the metadata."""
    section = next(iter(checkpoint.with_role(role)), None)
    if section is not None:
        return section.path
    root = checkpoint.metadata
    for key, value in root.items() if isinstance(root, Mapping) else ():
        if isinstance(value, (Mapping, list)) and role_by_name(key) is role:
            return (key,)
    return None


def tables(root: Json) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """The mappings at the top of the metadata, and those right below them."""
    for key, value in root.items() if isinstance(root, Mapping) else ():
        if not isinstance(value, Mapping):
            continue
        yield (key,), value
        for inner, below in islice(value.items(), _LOOKED_AT):
            if isinstance(below, Mapping):
                yield (key, inner), below


_LOOKED_AT = 256
"""Values of one mapping that are looked at."""
