"""From the PATH that a person wrote to one checkpoint, or a sentence why not."""

from __future__ import annotations

from pathlib import Path, PurePath

from ckptgui.cli.report import shown_path
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.errors import CheckpointError
from ckptgui.formats.registry import open_checkpoint
from ckptgui.workspace.run import read_run


def open_path(path: str) -> Checkpoint:
    """The checkpoint at ``path``, or the only one in a folder. Raises ``CheckpointError``."""
    try:
        is_folder = Path(path).is_dir()
    except (OSError, ValueError):
        is_folder = False  # opening it will say what is wrong
    return open_checkpoint(_only_member(path) if is_folder else path)


def _only_member(folder: str) -> str:
    members = read_run(folder).members
    if len(members) > 1:
        first, last = (shown_path(PurePath(member.path).name) for member in (members[0], members[-1]))
        raise CheckpointError(
            f"It is a folder of {len(members):,} checkpoints, {first} to {last}; name one of them."
        )
    return members[0].path
