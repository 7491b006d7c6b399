"""What of a checkpoint is compared: the tensors of its model, or of the section that is named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Role, Section
from ckptgui.core.tensors import Path
from ckptgui.errors import CheckpointError


class NoSuchSectionError(CheckpointError):
    """The checkpoint has no section of that name."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of a checkpoint's tensor table with the names under which they are compared, in saved order.

    ``fronts`` is what the names of each section begin with, where it is one of several.
    """

    checkpoint: Checkpoint
    rows: np.ndarray  # int64
    names: tuple[str, ...]
    fronts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)


def part_of(checkpoint: Checkpoint, section: str | None = None) -> Part:
    """The tensors of role ``model``, where there are none all; ``section`` (``/`` in a nested one) names another.

    Names are those below the section; of several sections they begin with the section's path. Raises
    ``NoSuchSectionError`` with the names that there are.
    """
    if section is not None:
        chosen: tuple[Section, ...] = tuple(s for s in checkpoint.sections if "/".join(s.path) == section)
        if not chosen:
            there = ", ".join("/".join(s.path) or "(the whole file)" for s in checkpoint.sections)
            raise NoSuchSectionError(f"There is no section {section} in it. It has: {there}.")
    else:
        chosen = checkpoint.with_role(Role.MODEL) or checkpoint.sections
    table = checkpoint.tensors
    if not chosen:
        rows = np.arange(len(table))
        return Part(checkpoint, rows, tuple(".".join(table.path(row)) for row in rows.tolist()))
    rows = np.concatenate([np.arange(s.start, s.stop) for s in chosen])
    names: list[str] = []
    for each in chosen:
        names += _names(checkpoint, each, each.path if len(chosen) == 1 else ())
    fronts = tuple(".".join((*s.path, "")) for s in chosen if s.path) if len(chosen) > 1 else ()
    return Part(checkpoint, rows, tuple(names), fronts)


def _names(checkpoint: Checkpoint, section: Section, above: Path) -> list[str]:
    """The names of a section's rows without the keys that lead to ``above``."""
    table = checkpoint.tensors
    fronts = [
        ".".join((*(container[len(above) :] if container[: len(above)] == above else container), ""))
        for container in table.containers
    ]
    here = slice(section.start, section.stop)
    return [
        (fronts[container] if container >= 0 else "") + name
        for container, name in zip(table.container[here].tolist(), table.names.part(section.start, section.stop))
    ]
