"""A run: the checkpoints of a folder, each with how far it was, read from the headers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.series.members import RunMember, order
from ckptgui.core.training.scalars import scalars
from ckptgui.core.training.summary import training
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import CheckpointError, UnknownFormatError
from ckptgui.formats.folders.companions import companions
from ckptgui.formats.folders.layout import stands_alone
from ckptgui.formats.folders.shard_names import shard_files, shard_name, shard_sets
from ckptgui.formats.registry import is_checkpoint, open_checkpoint
from ckptgui.sources.folder import Folder, FolderFile

SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors")
"""Names under which a file that no reader takes is still shown, as a broken checkpoint."""

_UNFINISHED = (".part", ".tmp", ".temp", ".partial", ".incomplete", ".crdownload", ".lock")
_UNFINISHED_FOLDERS = ("tmp-", "tmp_")  # transformers renames tmp-checkpoint-500 when it is whole


@dataclass(frozen=True, slots=True)
class Run:
    """A folder and its checkpoints in the order of their making."""

    path: str
    members: tuple[RunMember, ...]


def read_run(folder: str, cancel: Cancel | None = None, report: Report = silent) -> Run:
    """Every checkpoint directly in ``folder``, a file, a set of shards or a folder of its own.

    One that cannot be read whole is a member with an error. Raises ``UnknownFormatError`` when there is none,
    ``UnreadableFileError`` when the folder cannot be listed.
    """
    check = cancel.check if cancel is not None else _never
    place = Folder(folder)
    folders = list(_folders(place, check))
    files = list(_files(place))
    if folders or any(stands_alone(file.name) for file in files):
        files = [file for file in files if stands_alone(file.name)]
    beside = companions(place, check).metadata if folders else {}
    members = []
    for done, file in enumerate((*folders, *files)):
        check()
        report(Progress(done, len(folders) + len(files), "files"))
        member = _member(file, beside if done >= len(folders) else {}, check, sure=done < len(folders))
        if member is not None:
            members.append(member)
    report(Progress(len(folders) + len(files), len(folders) + len(files), "files"))
    if not members:
        count = len(place.files)
        looked = "It is empty." if not count else f"None of its {count:,} files is one."
        raise UnknownFormatError(f"The folder holds no checkpoint. {looked}")
    return Run(folder, _ended(order(members), {file.path for file in files} if folders else set()))


def _ended(members: tuple[RunMember, ...], beside: Set[str]) -> tuple[RunMember, ...]:
    """With what lies beside folders of checkpoints, and tells no epoch, last: it is the model at the end."""
    last = tuple(m for m in members if m.path in beside and m.epoch is None and m.step is None)
    return (*(m for m in members if m not in last), *last)


def _never() -> None:
    """For a caller that does not cancel."""


def _folders(place: Folder, check: Callable[[], None]) -> Iterator[FolderFile]:
    """The folders in it that are a checkpoint each."""
    for name in sorted(place.folders):
        check()
        inner = place.folder(name)
        if _is_finished(name) and not name.startswith(_UNFINISHED_FOLDERS) and is_checkpoint(inner.path):
            yield FolderFile(inner.path, name, sum(file.nbytes for file in inner.files.values()))


def _files(place: Folder) -> Iterator[FolderFile]:
    """The files in it that may be one each; of shards that belong together the index, or else the first."""
    sets = shard_sets(place)
    whole = {found.whole for found in sets}
    for found in sets:
        shards = [name for name, _ in shard_files(place).get(found.whole, ())]
        opened = found.index or shards[0]
        nbytes = sum(place.files[name].nbytes for name in shards)
        yield replace(place.files[opened], nbytes=nbytes)
    for file in place.files.values():
        shard = shard_name(file.name)
        if _is_finished(file.name) and (shard is None or shard.whole not in whole):
            yield file


def _is_finished(name: str) -> bool:
    """Hidden files and those that somebody is still writing are nobody's epoch."""
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


def _member(
    file: FolderFile, beside: Mapping[str, Json], check: Callable[[], None], *, sure: bool
) -> RunMember | None:
    """A file or folder as a member of the run; None when neither content nor name says checkpoint.

    ``beside`` are values of the folder that tell how far it was.
    """
    if not sure and not file.name.lower().endswith(SUFFIXES) and not is_checkpoint(file.path):
        return None
    try:
        checkpoint = open_checkpoint(file.path, check)
    except CheckpointError as error:
        return RunMember(file.path, file.nbytes, error=str(error))
    told = checkpoint.metadata
    if beside and isinstance(told, (Mapping, type(None))):
        told = {**beside, **(told or {})}
    summary = training(replace(checkpoint, metadata=told))
    return RunMember(
        file.path,
        checkpoint.nbytes,
        epoch=summary.epoch.value if summary.epoch else None,
        step=summary.step.value if summary.step else None,
        loss=summary.loss.value if summary.loss else None,
        error=_damage(checkpoint),
        checkpoint=checkpoint,
        scalars=scalars(told),
    )


def _damage(checkpoint: Checkpoint) -> str | None:
    """Why a listed checkpoint is not whole, or None."""
    errors = checkpoint.tensors.errors
    if not errors and not checkpoint.attributes.get("cut") and not checkpoint.attributes.get("incomplete"):
        return None
    return next(iter((*checkpoint.warnings, *errors.values())), "It is damaged.")
