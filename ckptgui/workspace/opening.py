"""What a path leads to: one checkpoint, or a run of them."""

from __future__ import annotations

from pathlib import Path

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.job import Cancel, Report, silent
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.workspace.run import Run, read_run


def open_path(path: str, cancel: Cancel | None = None, report: Report = silent) -> Checkpoint | Run:
    """The checkpoint at ``path``, a file or a folder; of a folder of several, all in their order.

    A folder with one checkpoint in it is that checkpoint. Raises ``CheckpointError``.
    """
    check = cancel.check if cancel is not None else _never
    if not _is_folder(path) or is_checkpoint(path):
        return open_checkpoint(path, check)
    run = read_run(path, cancel, report)
    return run if len(run.members) > 1 else open_checkpoint(run.members[0].path, check)


def _never() -> None:
    """For a caller that does not cancel."""


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False  # opening it as a file says what is wrong
