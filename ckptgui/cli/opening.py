"""From the PATH that a person wrote to one checkpoint, or a sentence why not."""

from __future__ import annotations

from ckptgui.cli.report import shown_path
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.errors import CheckpointError
from ckptgui.workspace import opening
from ckptgui.workspace.run import Run


def open_path(path: str) -> Checkpoint:
    """The checkpoint at ``path``, a file or a folder that is one. Raises ``CheckpointError``, also for a run."""
    found = opening.open_path(path)
    if isinstance(found, Run):
        names = [member.name for member in found.members] + [other.name for other in found.others]
        first, last = (shown_path(names[place]) for place in (0, -1))
        raise CheckpointError(
            f"It is a folder of {len(names):,} checkpoints, {first} to {last}; name one of them."
        )
    return found
