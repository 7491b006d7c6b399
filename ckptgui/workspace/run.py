"""A run: checkpoints of one training, found in a folder, from one of them, or as somebody chose them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from ckptgui.core.series.members import RunMember, model_and_average, order, told_twice
from ckptgui.core.series.patterns import groups
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.errors import CheckpointError, UnknownFormatError, UnreadableFileError
from ckptgui.formats.registry import is_checkpoint
from ckptgui.sources.folder import Folder
from ckptgui.workspace.candidates import Candidate, candidate_at
from ckptgui.workspace.reading_members import read_member
from ckptgui.workspace.run_folder import RunFolder, values_beside

_UNLIKE = "Its name is not like those of the run."


@dataclass(frozen=True, slots=True)
class Other:
    """What lies beside a run and may be a checkpoint, too; not opened. ``why`` it is no member is a sentence."""

    path: str
    nbytes: int
    why: str

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePath(self.path).name


@dataclass(frozen=True, slots=True)
class Run:
    """Checkpoints in the order of their making. ``path`` is the folder in which they are, or that all are below.

    ``pattern`` is what the names of the members have in common, but for some that somebody added; whatever comes
    into the folder under such a name belongs to the run. It is empty where they have nothing in common: then all
    that comes does, unless somebody has ``chosen`` the members.
    """

    path: str
    members: tuple[RunMember, ...]
    others: tuple[Other, ...] = ()
    pattern: str = ""
    chosen: bool = False

    @property
    def title(self) -> str:
        """The folder's name; of members that were chosen the names of the first and the last."""
        if not self.chosen or not self.members:
            return PurePath(os.path.abspath(self.path)).name or self.path
        first, last = self.members[0].name, self.members[-1].name
        return first if first == last else f"{first} to {last}" if len(self.members) > 2 else f"{first}, {last}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is odd about the members, a sentence each: epochs that two of them say they are of."""
        return told_twice(self.members)


def read_run(folder: str, cancel: Cancel | None = None, report: Report = silent, before: Run | None = None) -> Run:
    """The run that lies in ``folder``: the checkpoints directly in it whose names differ by numbers alone.

    Of several such groups it is the one that is called most like a run; where there is none, all that is there.
    A checkpoint is a file, a set of shards or a folder of its own. One that cannot be read whole is a member with
    an error. What did not change since ``before`` is not opened again. Raises ``UnknownFormatError`` when there
    is no checkpoint, ``UnreadableFileError`` when the folder cannot be listed.
    """
    reading = RunFolder(folder, _check(cancel), report, _known(before))
    first: Run | None = None
    for chosen, pattern in reading.choices():
        run = _run(reading, reading.members(chosen), pattern)
        if any(member.checkpoint is not None for member in run.members):
            return run
        first = first or run
    assert first is not None
    return first


def siblings(path: str, cancel: Cancel | None = None, report: Report = silent, before: Run | None = None) -> Run:
    """The run that the checkpoint at ``path`` is of, which is a member in any case.

    Where nothing in its folder is called like it, that is the run of the folder and it. A file in a folder that
    is one checkpoint of several, as ``checkpoint-500/model.safetensors``, stands for that folder; a folder of
    several for the run in it.
    """
    if _is_folder(path) and not is_checkpoint(path):
        return read_run(path, cancel, report, before)
    place = PurePath(path)
    reading = RunFolder(str(place.parent), _check(cancel), report, _known(before))
    own = candidate_at(path, reading.folder)
    chosen, pattern = reading.like(own)
    if len(chosen) < 2 and _is_of_a_run(place.parent):
        return siblings(str(place.parent), cancel, report, before)
    if len(chosen) < 2:
        others, pattern = reading.choices()[0] if reading.found else ([], "")
        chosen = [*(each for each in others if each.path != own.path), own]
    return _run(reading, reading.members(chosen), pattern)


def run_of_paths(
    paths: Sequence[str],
    cancel: Cancel | None = None,
    report: Report = silent,
    before: Run | None = None,
    *,
    in_order: bool = True,
) -> Run:
    """A run of what somebody chose: each file or folder one checkpoint, a folder of several the run in it.

    One folder alone is ``read_run``. What cannot be read is a member with an error. What two paths lead to, as
    shards do, is one member; a path that is named twice is two. ``in_order`` puts them into the order of their
    making, else they stay as they were named.
    """
    check = _check(cancel)
    if len(paths) == 1 and _is_folder(paths[0]) and not is_checkpoint(paths[0]):
        return read_run(paths[0], cancel, report, before)
    known = _known(before)
    members: list[RunMember] = []
    led_by: dict[str, str] = {}  # a member's real path, and by which of the paths it was found
    for done, path in enumerate(paths):
        check()
        report(Progress(done, len(paths), "files"))
        for member in _members_at(path, cancel, known):
            if led_by.setdefault(os.path.realpath(member.path), path) == path:
                members.append(member)
    report(Progress(len(paths), len(paths), "files"))
    found = tuple(members)
    return Run(_above(found), order(found) if in_order else found, chosen=True)


def with_average(path: str, cancel: Cancel | None = None, report: Report = silent) -> Run:
    """The model in a checkpoint and what is kept there of its average, as a run. Raises ``CheckpointError``."""
    run = run_of_paths([path], cancel, report)
    (member,) = run.members
    if member.checkpoint is None:
        raise CheckpointError(member.error or "It cannot be read.")
    both = model_and_average(member)
    if not both:
        raise CheckpointError("There is no model with an average of it in this checkpoint.")
    return Run(path, both, chosen=True)


def joined(run: Run, paths: Iterable[str], cancel: Cancel | None = None) -> Run:
    """The run with more members, in the order of all: others of the folder, or from anywhere else."""
    members = list(run.members)
    for path in paths:
        members += (each for each in _members_at(path, cancel, {}) if each.path not in {m.path for m in members})
    there = {member.path for member in members}
    return replace(
        run, members=order(members), others=tuple(other for other in run.others if other.path not in there)
    )


def _run(reading: RunFolder, members: Sequence[RunMember], pattern: str) -> Run:
    """The run of some members, with the other candidates of their folder."""
    there = {member.path for member in members}
    others = tuple(Other(each.path, each.nbytes, _UNLIKE) for each in reading.found if each.path not in there)
    return Run(reading.folder.path, order(members), others, pattern)


def _members_at(path: str, cancel: Cancel | None, known: Mapping[str, RunMember]) -> Sequence[RunMember]:
    check = _check(cancel)
    if _is_folder(path) and not is_checkpoint(path):
        try:
            return read_run(path, cancel).members
        except (UnknownFormatError, UnreadableFileError) as error:
            return [RunMember(path, 0, error=str(error))]
    folder = Folder(str(PurePath(path).parent))
    try:
        candidate = candidate_at(path, folder)
        beside = values_beside(folder, check) if not candidate.is_folder else {}
    except UnreadableFileError:
        candidate, beside = Candidate(path, PurePath(path).name, 0, (path,)), {}
    return [read_member(candidate, check, beside, known.get(candidate.path))]


def _known(before: Run | None) -> dict[str, RunMember]:
    return {member.path: member for member in before.members} if before is not None else {}


def _is_of_a_run(folder: PurePath) -> bool:
    """Whether a folder is one checkpoint of several beside each other, by its name."""
    parent = folder.parent
    if not folder.name or not is_checkpoint(str(folder)):
        return False
    try:
        beside = Folder(str(parent))
        names = [*beside.folders, *beside.files]
    except UnreadableFileError:
        return False
    return any(folder.name in alike and len(alike) > 1 for alike in groups(names).values())


def _above(members: Sequence[RunMember]) -> str:
    folders = [str(PurePath(member.path).parent) for member in members]
    try:
        return os.path.commonpath(folders) or "."
    except ValueError:  # of two drives, or one relative and one not
        return folders[0] if folders else "."


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False  # opening it as a file says what is wrong


def _check(cancel: Cancel | None) -> Callable[[], None]:
    return cancel.check if cancel is not None else _never


def _never() -> None:
    """For a caller that does not cancel."""
