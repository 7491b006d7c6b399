"""Which checkpoints are meant by paths that somebody named for a batch; by a folder of several, its run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from ckptgui.core.series.members import natural_key
from ckptgui.engine.job import Cancel, silent
from ckptgui.errors import CheckpointError
from ckptgui.export.batch import BatchSource
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.workspace.candidates import Candidate
from ckptgui.workspace.run_folder import RunFolder


def batch_sources(paths: Iterable[str], cancel: Cancel) -> tuple[BatchSource, ...]:
    """The sources, one after the other, those of a folder by their names. No more than one is held open.

    What cannot be read is a source all the same: opening it says why.
    """
    return tuple(source for path in paths for source in _meant(path, cancel))


def is_run(path: str) -> bool:
    """Whether a path is a folder of checkpoints, or of nothing, rather than one checkpoint."""
    return os.path.isdir(path) and not is_checkpoint(path)  # noqa: PTH112 - bytes that are no text stay a string


def _meant(path: str, cancel: Cancel) -> Iterator[BatchSource]:
    if not is_run(path):
        yield BatchSource(path)
        return
    try:
        choices = RunFolder(path, cancel.check, silent, {}).choices()
    except CheckpointError as error:
        yield BatchSource(path, error=error)
        return
    run = next((group for group, _ in choices if _readable(group, cancel)), choices[0][0])
    yield from map(BatchSource, sorted((each.path for each in run), key=natural_key))


def _readable(group: list[Candidate], cancel: Cancel) -> bool:
    """Whether one of them can be opened: a run of which none can be is somebody's other files."""
    for each in group:
        try:
            open_checkpoint(each.path, cancel.check)
            return True
        except CheckpointError:
            continue
    return False
