"""The readers, one a line, and the way from a path to a checkpoint: the first whose content it is reads it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.kept import lost_sentence, lost_values
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.errors import CheckpointError, DamagedFileError, UnknownFormatError, UnreadableFileError
from ckptgui.formats.base import HEAD, Check, FolderReader, Probe, Reader
from ckptgui.formats.distributed.dcp import Dcp
from ckptgui.formats.folders.directory import Directory
from ckptgui.formats.folders.sharded import Sharded
from ckptgui.formats.foreign import refusal
from ckptgui.formats.programs.torch_export import TorchExport
from ckptgui.formats.programs.torch_package import TorchPackage
from ckptgui.formats.programs.torchscript import TorchScript
from ckptgui.formats.safetensors.reader import Safetensors
from ckptgui.formats.torch_save.bare_pickle import BarePickle
from ckptgui.formats.torch_save.torch_legacy import TorchLegacy
from ckptgui.formats.torch_save.torch_tar import TorchTar
from ckptgui.formats.torch_save.torch_zip import TorchZip
from ckptgui.formats.zips.probe import is_zip, names_in
from ckptgui.sources.base import ByteSource, read_exactly
from ckptgui.sources.folder import Folder
from ckptgui.sources.local import LocalSource

READERS: tuple[Reader, ...] = (
    TorchExport(),
    TorchPackage(),
    TorchScript(),
    TorchZip(),
    TorchLegacy(),
    TorchTar(),
    Safetensors(),
    BarePickle(),
)
"""Readers of one file, in the order in which they are asked."""

FRESH = 2.0
"""Seconds within which a damaged file may simply not be finished."""

_UNFINISHED = "The file changed a moment ago and is perhaps still being written: try again shortly."


def open_checkpoint(path: str, check: Check = lambda: None) -> Checkpoint:
    """What is at ``path``, from headers alone: a file, the whole that a file is a piece of, or a folder.

    Every file is closed again. Raises a ``CheckpointError``, whose sentence does not repeat the path.
    """
    found = _opened(path, check)
    lost = lost_values(found)
    return replace(found, warnings=(*found.warnings, lost_sentence(lost))) if lost else found


def _opened(path: str, check: Check) -> Checkpoint:
    place = Path(path)
    if _is_folder(place):
        folder = Folder(path)
        reader = _folder_reader(folder, None)
        if reader is None:
            raise UnknownFormatError(
                f"It is a folder, but no checkpoint of several files (tried: {_tried_folders()})."
            )
        return _read_folder(reader, folder, None, check)
    source = LocalSource(path)
    try:
        folder = Folder(str(place.parent))
        reader = _folder_reader(folder, place.name)
        if reader is not None:
            return _read_folder(reader, folder, place.name, check)
        return open_source(source, check)
    finally:
        source.close()


def _folder_reader(folder: Folder, opened: str | None) -> FolderReader | None:
    """The reader of the whole that the folder, or the file ``opened`` in it, belongs to."""
    try:
        return next((reader for reader in FOLDER_READERS if reader.matches(folder, opened)), None)
    except UnreadableFileError:
        if opened is None:
            raise
        return None  # the file can be read although its folder cannot be listed


def _read_folder(reader: FolderReader, folder: Folder, opened: str | None, check: Check) -> Checkpoint:
    with without_garbage_collection():
        checkpoint = reader.read(folder, opened, check)
    lacks = checkpoint.tensors.errors or checkpoint.attributes.get("incomplete")
    if lacks and _UNFINISHED not in " ".join(checkpoint.warnings) and any(map(_is_fresh, checkpoint.sources)):
        checkpoint = replace(checkpoint, warnings=(*checkpoint.warnings, _UNFINISHED))
    return checkpoint


def _tried_folders() -> str:
    return ", ".join(reader.name for reader in FOLDER_READERS)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False  # opening it as a file says what is wrong


def open_source(source: ByteSource, check: Check = lambda: None) -> Checkpoint:
    """What is in an open source, which stays the caller's."""
    probe = probe_of(source)
    with without_garbage_collection():  # in looking, a zip's directory is parsed
        reader = next((reader for reader in READERS if reader.matches(probe)), None)
    if reader is None:
        error = refusal(probe, [reader.name for reader in READERS], check)
        cut = is_zip(probe) and names_in(probe) is None
        raise UnknownFormatError(f"{error} {_UNFINISHED}") if cut and _is_fresh(source.identity) else error
    try:
        with without_garbage_collection():
            checkpoint = reader.read(probe, check)
    except DamagedFileError as error:
        if not _is_fresh(source.identity):
            raise
        raise type(error)(f"{error} {_UNFINISHED}") from error
    if (checkpoint.tensors.errors or checkpoint.attributes.get("cut")) and _is_fresh(source.identity):
        checkpoint = replace(checkpoint, warnings=(*checkpoint.warnings, _UNFINISHED))
    return checkpoint


def probe_of(source: ByteSource) -> Probe:
    """A file as readers may look at it."""
    return Probe(source.identity.path, read_exactly(source, 0, HEAD), source.size, source)


def is_checkpoint(path: str) -> bool:
    """Whether a reader would try the file or folder; a cheap look at first bytes and names."""
    try:
        if _is_folder(Path(path)):
            return _folder_reader(Folder(path), None) is not None
        source = LocalSource(path)
    except CheckpointError:
        return False
    try:
        place = Path(path)
        return is_source(source) or _folder_reader(Folder(str(place.parent)), place.name) is not None
    except CheckpointError:
        return False
    finally:
        source.close()


def is_source(source: ByteSource) -> bool:
    """Whether a reader would try an open source; a look at first bytes. Raises what reading raises."""
    probe = probe_of(source)
    return any(reader.matches(probe) for reader in reversed(READERS))  # the commonest zip tells by its first bytes


def _is_fresh(file: SourceIdentity) -> bool:
    """Whether the file was written within the last moments; a clock that runs backwards counts as no."""
    return 0 <= time.time() - file.mtime_ns / 1e9 < FRESH


FOLDER_READERS: tuple[FolderReader, ...] = (
    Directory(open_source, is_source, (Dcp(),)),
    Dcp(),
    Sharded(open_source),
)
"""Readers of several files in a folder, in the order in which they are asked."""
