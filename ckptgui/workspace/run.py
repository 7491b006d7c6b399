"""A run: the checkpoints of a folder, each with how far it was, read from the headers alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.series import RunMember, order
from ckptgui.core.training import training
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import CheckpointError, UnknownFormatError
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.sources.folder import FolderFile, list_files

SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors")
"""Names under which a file that no reader takes is still shown, as a broken checkpoint."""

_UNFINISHED = (".part", ".tmp", ".temp", ".partial", ".crdownload", ".lock")


@dataclass(frozen=True, slots=True)
class Run:
    """A folder and its checkpoints in the order of their making."""

    path: str
    members: tuple[RunMember, ...]


def read_run(folder: str, cancel: Cancel | None = None, report: Report = silent) -> Run:
    """Every checkpoint directly in ``folder``; one that cannot be read whole is a member with an error.

    Raises ``UnknownFormatError`` when there is none, ``UnreadableFileError`` when the folder cannot be listed.
    """
    check = cancel.check if cancel is not None else _never
    files = [file for file in list_files(folder) if _may_be_one(file)]
    members = []
    for done, file in enumerate(files):
        check()
        report(Progress(done, len(files), "files"))
        member = _member(file, check)
        if member is not None:
            members.append(member)
    report(Progress(len(files), len(files), "files"))
    if not members:
        looked = "It is empty." if not files else f"None of its {len(files):,} files is one."
        raise UnknownFormatError(f"The folder holds no checkpoint. {looked}")
    return Run(folder, order(members))


def _never() -> None:
    """For a caller that does not cancel."""


def _may_be_one(file: FolderFile) -> bool:
    """Hidden files and those that somebody is still writing are nobody's epoch."""
    return not file.name.startswith(".") and not file.name.lower().endswith(_UNFINISHED)


def _member(file: FolderFile, check: Callable[[], None]) -> RunMember | None:
    """A file as a member of the run; None when neither content nor name says checkpoint."""
    if not file.name.lower().endswith(SUFFIXES) and not is_checkpoint(file.path):
        return None
    try:
        checkpoint = open_checkpoint(file.path, check)
    except CheckpointError as error:
        return RunMember(file.path, file.nbytes, error=str(error))
    summary = training(checkpoint)
    return RunMember(
        file.path,
        checkpoint.nbytes,
        epoch=summary.epoch.value if summary.epoch else None,
        step=summary.step.value if summary.step else None,
        loss=summary.loss.value if summary.loss else None,
        error=_damage(checkpoint),
    )


def _damage(checkpoint: Checkpoint) -> str | None:
    """Why a listed checkpoint is not whole, or None."""
    errors = checkpoint.tensors.errors
    if not errors and not checkpoint.attributes.get("cut") and not checkpoint.attributes.get("incomplete"):
        return None
    return next(iter((*checkpoint.warnings, *errors.values())), "It is damaged.")
