"""What of a folder may be a checkpoint, told from names and first bytes, and in which state its files are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import CheckpointError
from ckptgui.formats.folders.layout import stands_alone
from ckptgui.formats.folders.shard_names import shard_files, shard_name, shard_sets
from ckptgui.formats.registry import is_checkpoint
from ckptgui.sources.folder import Folder
from ckptgui.sources.local import identify

SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors")
"""Names under which a file that no reader takes is still shown, as a broken checkpoint."""

_UNFINISHED = (".part", ".tmp", ".temp", ".partial", ".incomplete", ".crdownload", ".lock")
_UNFINISHED_FOLDERS = ("tmp-", "tmp_")  # transformers renames tmp-checkpoint-500 when it is whole
_MAX_FILES = 10_000
"""Files of a folder whose state is looked at."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file, a set of shards (opened by one of its ``files``) or a folder. ``nbytes`` is that of all files.

    ``files`` are paths, those of a folder are not listed. ``whole`` is the name that a set would have as one.
    """

    path: str
    whole: str
    nbytes: int
    files: tuple[str, ...]
    is_folder: bool = False

    def state(self) -> tuple[SourceIdentity, ...]:
        """How its files are now; equal as long as nobody writes to them. Empty where they are gone."""
        paths = self.files if not self.is_folder else _files_below(Folder(self.path))
        try:
            return tuple(identify(path) for path in paths)
        except CheckpointError:
            return ()


def candidates(
    folder: Folder, check: Callable[[], None], wanted: Callable[[Candidate], bool] = lambda _: True
) -> list[Candidate]:
    """Everything in a folder that may be a checkpoint; raises ``UnreadableFileError`` where it cannot be listed.

    Files that belong to one, as an optimizer's state, are left out where others can stand alone. What is not
    ``wanted`` is not looked into.
    """
    found = [*_folders(folder, check, wanted), *filter(wanted, _sets(folder))]
    files = list(_files(folder))
    if found or any(map(_stands_alone, files)):
        files = [file for file in files if _stands_alone(file)]
    for file in filter(wanted, files):
        check()
        if file.path.lower().endswith(SUFFIXES) or is_checkpoint(file.path):
            found.append(file)
    return found


def candidate_at(path: str, folder: Folder) -> Candidate:
    """The file or folder that somebody names, or the set of shards in ``folder`` that it is of."""
    name = PurePath(path).name
    shard = shard_name(name)
    for found in _sets(folder):
        if (shard is not None and found.whole == shard.whole) or name == PurePath(found.path).name:
            return found
    if name in folder.folders:
        return _folder(folder.folder(name), path)
    nbytes = folder.files[name].nbytes if name in folder.files else 0
    return Candidate(path, name, nbytes, (path,))


def is_finished(name: str) -> bool:
    """Hidden files and those that somebody is still writing are nobody's epoch."""
    return not name.startswith(".") and not name.lower().endswith(_UNFINISHED)


def _stands_alone(file: Candidate) -> bool:
    return stands_alone(file.whole)


def _folders(place: Folder, check: Callable[[], None], wanted: Callable[[Candidate], bool]) -> Iterator[Candidate]:
    """The folders in it that are a checkpoint each."""
    for name in sorted(place.folders):
        check()
        if is_finished(name) and not name.startswith(_UNFINISHED_FOLDERS):
            inner = place.folder(name)
            found = _folder(inner, inner.path)
            if wanted(found) and is_checkpoint(inner.path):
                yield found


def _folder(inner: Folder, path: str) -> Candidate:
    try:
        nbytes = sum(file.nbytes for file in inner.files.values())
    except CheckpointError:
        nbytes = 0
    return Candidate(_plain(path), PurePath(path).name, nbytes, (), is_folder=True)


def _sets(place: Folder) -> Iterator[Candidate]:
    """Shards that belong together: the index opens them, or else the first."""
    for found in shard_sets(place):
        shards = [name for name, _ in shard_files(place).get(found.whole, ())]
        opened = found.index or shards[0]
        names = dict.fromkeys((opened, *shards))
        nbytes = sum(place.files[name].nbytes for name in shards)
        paths = tuple(_plain(place.files[name].path) for name in names)
        yield Candidate(paths[0], found.whole, nbytes, paths)


def _files(place: Folder) -> Iterator[Candidate]:
    """The files that are no shards of a set."""
    sets = shard_sets(place)
    wholes = {found.whole for found in sets}
    indexes = {found.index for found in sets}
    for file in place.files.values():
        shard = shard_name(file.name)
        if is_finished(file.name) and file.name not in indexes and (shard is None or shard.whole not in wholes):
            path = _plain(file.path)
            yield Candidate(path, file.name, file.nbytes, (path,))


def _files_below(folder: Folder, depth: int = 2) -> list[str]:
    """Paths of the files in a folder and in those in it."""
    try:
        paths = [file.path for file in folder.files.values()]
        inner = sorted(folder.folders) if depth else []
    except CheckpointError:
        return []
    for name in inner:
        if len(paths) >= _MAX_FILES:
            break
        paths += _files_below(folder.folder(name), depth - 1)
    return sorted(paths)[:_MAX_FILES]


def _plain(path: str) -> str:
    """Without a ``./`` in front."""
    return str(PurePath(path))
