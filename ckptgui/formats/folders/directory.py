"""Folders that are one checkpoint: a model folder, a trainer's ``checkpoint-500``, accelerate's ``save_state``.

Each file is read by the reader of its content and becomes a part below its name. A folder with one file of
tensors is that file; JSON files beside it are metadata in either case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape, Section
from ckptgui.core.composition import Part, combine
from ckptgui.core.display import display
from ckptgui.errors import CheckpointError, DamagedFileError, LimitExceededError
from ckptgui.formats.base import Check, FolderReader
from ckptgui.formats.folders.companions import with_companions
from ckptgui.formats.folders.layout import (
    BESIDE_DISTRIBUTED,
    VALUES_ONLY,
    Layout,
    is_one_checkpoint,
    layout_of,
    looks_like_member,
    place,
    role_of_file,
    role_of_folder,
    same_weights,
)
from ckptgui.formats.folders.sharded import read_shards
from ckptgui.formats.folders.whole_of_parts import OpenFile, open_member, stub
from ckptgui.formats.objects.sections import stored_bytes
from ckptgui.sources.base import ByteSource
from ckptgui.sources.folder import Folder

Values = tuple[Mapping[str, Checkpoint], list[str]]
"""Checkpoints without tensors by file name, and sentences about those that cannot be read."""

_LOOKED_AT = 1000
"""Folders below one that are looked at for checkpoints side by side."""

MAX_PIECES = 10_000
"""Files and folders of one checkpoint; every rank of a large training has some."""


class Directory:
    """Puts the files of a folder together; ``distributed`` are the readers of what is a piece by itself."""

    name = "directory"

    def __init__(
        self, open_file: OpenFile, recognised: Callable[[ByteSource], bool], distributed: tuple[FolderReader, ...]
    ) -> None:
        self._open_file = open_file
        self._is_known = recognised
        self._distributed = distributed

    def matches(self, folder: Folder, opened: str | None) -> bool:
        """A folder of pieces that belong together; a file only where it is of something distributed."""
        inner = self._distributed_reader(folder, opened)
        if inner is not None:
            return any(folder.has(name) for name in BESIDE_DISTRIBUTED)
        if opened is not None:
            return False
        layout = layout_of(folder, self._recognised)
        sharded = len(layout.shards) == layout.pieces == 1 and not layout.values
        return layout.pieces > 0 and not sharded and is_one_checkpoint(layout) and not self._is_run(folder, layout)

    def read(self, folder: Folder, opened: str | None, check: Check) -> Checkpoint:
        """The pieces that can be read, the others among the warnings; raises where there are none."""
        return self._read(folder, set(), check)

    def _recognised(self, folder: Folder, name: str) -> bool:
        """Whether a reader would take a file, by its first bytes."""
        try:
            source = folder.open(name)
            try:
                return self._is_known(source)
            finally:
                source.close()
        except CheckpointError:
            return False

    def _distributed_reader(self, folder: Folder, opened: str | None = None) -> FolderReader | None:
        return next((reader for reader in self._distributed if reader.matches(folder, opened)), None)

    def _is_run(self, folder: Folder, layout: Layout) -> bool:
        """Whether checkpoints lie below it side by side, as a trainer leaves them beside the final model."""
        return any(
            name not in layout.folders and self._is_checkpoint(folder.folder(name))
            for name in sorted(filter(looks_like_member, folder.folders))[:_LOOKED_AT]
        )

    def _is_checkpoint(self, folder: Folder, *, known: bool = False) -> bool:
        """Whether a folder is one by itself; with ``known`` only if its names are those of a library."""
        try:
            if self._distributed_reader(folder) is not None:
                return True
            layout = layout_of(folder, self._recognised)
            return layout.pieces > 0 and is_one_checkpoint(layout) and (layout.known or not known)
        except CheckpointError:
            return False

    def _read(self, folder: Folder, seen: set[str], check: Check) -> Checkpoint:
        seen.add(folder.real)
        pieces = self._pieces(folder, seen, check)
        if len(pieces) > MAX_PIECES:
            raise LimitExceededError(f"It has {len(pieces):,} files; at most {MAX_PIECES:,} are read.")
        members: dict[str, Checkpoint] = {}
        warnings = []
        for name, open_piece in pieces.items():
            check()
            try:
                members[name] = open_piece()
            except CheckpointError as error:
                warnings.append(f"{display(name)}: {error}" if name else str(error))
        if not members:
            raise DamagedFileError(warnings[0] if warnings else "It holds no tensors.")
        whole = next(iter(members.values())) if len(pieces) == 1 else _together(folder, members, warnings)
        return with_companions(_with_values(whole, self._values(folder, check)), folder, check)

    def _pieces(self, folder: Folder, seen: set[str], check: Check) -> dict[str, Callable[[], Checkpoint]]:
        """How each piece is read, by the name that it has in the whole: none for what is the folder itself."""
        layout = layout_of(folder, self._recognised)
        files = layout.files
        pieces: dict[str, Callable[[], Checkpoint]] = {}
        inner = self._distributed_reader(folder)
        if inner is not None:
            pieces[""] = lambda: inner.read(folder, None, check)
            files = tuple(name for name in files if name in BESIDE_DISTRIBUTED or role_of_file(name) is not None)
        else:
            for name, chosen in layout.named_shards().items():
                pieces[name] = partial(read_shards, folder, chosen, self._open_file, check)
        for name in files:
            pieces[name] = partial(open_member, folder, name, self._open_file, check)
        for name in layout.folders:
            below = folder.folder(name)
            if below.real not in seen and self._is_checkpoint(below, known=True):  # links may lead in a circle
                pieces[name] = partial(self._read, below, seen, check)
        return dict(sorted(pieces.items(), key=lambda piece: (piece[0] != "", place(piece[0]))))

    def _values(self, folder: Folder, check: Check) -> Values:
        """Pickles beside the tensors that hold values alone, and why the others of them cannot be read."""
        found, warnings = {}, []
        for name in sorted(VALUES_ONLY.intersection(folder.files)):
            try:
                found[name] = open_member(folder, name, self._open_file, check)
            except CheckpointError as error:
                warnings.append(f"{display(name)}: {error}")
        return found, warnings


def _together(folder: Folder, members: Mapping[str, Checkpoint], warnings: list[str]) -> Checkpoint:
    """Several pieces as one: each below its name, for what its name says that it is for."""
    again = same_weights(members)
    parts, metadata = [], {}
    for name, member in members.items():
        part = _with_role(member, role_of_file(name) or role_of_folder(name), again=name in again)
        parts.append(Part(part, (name,) if name else (), name))
        if name and member.metadata is not None:
            metadata[name] = member.metadata
        elif isinstance(member.metadata, Mapping):
            metadata.update(member.metadata)
    attributes: dict[str, Any] = {"members": tuple((name, stub(member)) for name, member in members.items())}
    if warnings:
        attributes["incomplete"] = True
    return combine(
        folder.path,
        Directory.name,
        parts,
        metadata=metadata or None,
        saved_shape=SavedShape.CHECKPOINT,
        warnings=warnings,
        attributes=attributes,
    )


def _with_role(member: Checkpoint, role: Role | None, *, again: bool) -> Checkpoint:
    """The member's sections as its file's name has them; weights that are there once more are no second model."""
    if again:
        sections = (replace(s, role=Role.OTHER) if s.role is Role.MODEL else s for s in member.sections)
        return replace(member, sections=tuple(sections))
    if role is None or not len(member):
        return member
    if role is Role.EMA:
        sections = (replace(s, role=role) if s.role is Role.MODEL else s for s in member.sections)
        return replace(member, sections=tuple(sections))
    nbytes = stored_bytes(member.tensors, 0, len(member))
    return replace(member, sections=(Section((), role, 0, len(member), nbytes),))


def _with_values(whole: Checkpoint, values: Values) -> Checkpoint:
    """The checkpoint with the values, and the names, of pickles beside it."""
    found, warnings = values
    whole = replace(whole, warnings=(*whole.warnings, *warnings))
    if not found or not isinstance(whole.metadata, (Mapping, type(None))):
        return whole
    parts = [Part(whole), *(Part(value, (name,), name) for name, value in found.items())]
    metadata = {**(whole.metadata or {}), **{name: value.metadata for name, value in found.items()}}
    return combine(
        whole.path,
        whole.format,
        parts,
        metadata=metadata,
        saved_shape=whole.saved_shape,
        attributes={**whole.attributes, "beside": tuple(found)},
    )
