"""Checkpoints of which there is a header alone, for what is told from names."""

from collections.abc import Mapping

import torch

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.series.members import RunMember
from ckptgui.core.series.parts import Part, part_of
from ckptgui.formats.registry import open_checkpoint


def saved(path, state: Mapping[str, object]) -> Checkpoint:
    """Written by torch and opened."""
    torch.save(state, path)
    return open_checkpoint(str(path))


def part(tmp_path, *names: str, **sections: list[str]) -> Part:
    """The part of a state dict with some names; of several state dicts where sections are named."""
    state: dict[str, object] = {name: torch.zeros(2) for name in names}
    for section, inner in sections.items():
        state[section] = {name: torch.zeros(2) for name in inner}
    path = tmp_path / f"{len(list(tmp_path.iterdir()))}.pt"
    return part_of(saved(path, state))


def member(checkpoint: Checkpoint, section: str | None = None) -> RunMember:
    """A member of a run that brings a checkpoint."""
    return RunMember(checkpoint.path, 1, checkpoint=checkpoint, section=section)
