"""From the description of a distributed checkpoint to the checkpoint: everything at its place, nothing read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, GlobalName
from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.names import NamePool
from ckptgui.core.records import RecordTable
from ckptgui.errors import CheckpointError
from ckptgui.formats.base import Check
from ckptgui.formats.distributed.files import DataFiles
from ckptgui.formats.distributed.looks import Looks
from ckptgui.formats.distributed.metadata import Description, Slice
from ckptgui.formats.distributed.names import merged, warning
from ckptgui.formats.distributed.objects import Objects
from ckptgui.formats.distributed.saved_tree import nested
from ckptgui.formats.distributed.tensors import Stretch, Tensors, require_zstd
from ckptgui.formats.objects import metadata, sections
from ckptgui.formats.objects.tensor_walk import TensorWalk
from ckptgui.formats.pickles.graph import Node
from ckptgui.sources.folder import Folder

FORMAT = "dcp"
_CHECK_EVERY = 256
_NAMED = 5
"""Values that cannot be read and are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Told:
    """The files that described the checkpoint, the names in them, and what was wrong with them."""

    by: tuple[SourceIdentity, ...] = ()
    names: tuple[GlobalName, ...] = ()
    warnings: tuple[str, ...] = ()


def read_described(folder: Folder, description: Description, told: Told, check: Check) -> Checkpoint:
    """Everything that is described, at its place."""
    files = DataFiles(folder)
    try:
        return _Reading(files, check).checkpoint(folder.path, description, told)
    finally:
        files.close()


class _Reading:
    """One opening: the files, the table that grows, and what turns up on the way."""

    def __init__(self, files: DataFiles, check: Check) -> None:
        self._files = files
        self._check = check
        self._builder = TableBuilder()
        self._looks = Looks(files, check)
        self._objects = Objects(self._builder, check)
        self._tensors = Tensors(self._builder, files, self._looks, self._objects, check)
        self._warnings: list[str] = []
        self._unread: list[str] = []

    def checkpoint(self, path: str, description: Description, told: Told) -> Checkpoint:
        """The checkpoint of a description."""
        self._looks.look(p.place for t in description.tensors.values() for p in t.pieces if p.place is not None)
        self._looks.keep(place for place in description.objects.values() if place is not None)
        root, misplaced = nested(self._leaves(description), description.paths)
        if misplaced:
            self._warnings.append(
                f"{misplaced:,} {'name does' if misplaced == 1 else 'names do'} not fit among the others: "
                "see the top of the tree."
            )
        walk = TensorWalk(self._builder, self._objects, self._check)
        shape, parts = sections.parts_of(root)
        ranges = sections.walk_parts(parts, walk, self._builder)
        table = self._builder.build()
        sources = (*told.by, *self._files.identities)
        found = merged([told.names, *self._objects.names])
        return Checkpoint(
            path=path,
            format=FORMAT,
            nbytes=sum(source.size for source in sources),
            sources=sources,
            tensors=table,
            sections=sections.to_sections(table, ranges),
            metadata=metadata.to_json(root),
            saved_shape=shape,
            modules=tuple(walk.modules),
            globals=found,
            records=_records(sources, len(told.by), self._tensors.stretches),
            warnings=(*told.warnings, *warning(found), *self._odd(), *walk.warnings),
        )

    def _leaves(self, description: Description) -> list[tuple[str, Node]]:
        leaves = []
        for number, name in enumerate(description.in_order()):
            if number % _CHECK_EVERY == 0:
                self._check()
            tensor = description.tensors.get(name)
            if tensor is not None:
                leaves.append((name, self._tensors.leaf(name, tensor)))
            else:
                leaves.append((name, self._object(name, description.objects.get(name))))
        return leaves

    def _object(self, name: str, place: Slice | None) -> Node:
        """A value that is no tensor; one that cannot be had is None, and told among the warnings."""
        try:
            return self._value(name, place)
        except CheckpointError as error:
            self._unread.append(f"{display(name)} cannot be read: {error}")
            return None

    def _odd(self) -> list[str]:
        """What turned up: files, names, the first values that cannot be read and how many more there are."""
        more = len(self._unread) - _NAMED
        rest = [f"{more:,} more {'value' if more == 1 else 'values'} cannot be read."] if more > 0 else []
        return [*self._files.warnings(), *self._warnings, *self._unread[:_NAMED], *rest, *self._objects.warnings]

    def _value(self, name: str, place: Slice | None) -> Node:
        problem = "Nothing says where it lies." if place is None else self._files.problem(place)
        if place is None or problem is not None:
            raise CheckpointError(problem)
        source = self._files.source(place.file)
        if place.transforms:
            require_zstd(place.transforms)
            return self._objects.decoded(name, source, place.offset, place.length)
        head = self._looks.found[place.file, place.offset]
        assert isinstance(head, bytes)
        return self._objects.value(head, name, source, place.offset, place.length)


def _records(sources: Sequence[SourceIdentity], tellers: int, stretches: list[Stretch]) -> RecordTable:
    """The describing files, then each stretch of the others, in the order of the files."""
    numbers = {source: number for number, source in enumerate(sources)}
    told = [(PurePath(s.path).name, number, 0, s.size, -1) for number, s in enumerate(sources[:tellers])]
    rows = [(name, numbers[part.source], part.offset, part.length, row) for name, part, row in stretches]
    rows.sort(key=lambda row: row[1:3])
    everything = told + rows
    columns = np.array([row[1:] for row in everything], np.int64).reshape(-1, 4).T
    return RecordTable(
        NamePool(row[0] for row in everything),
        columns[0].astype(np.int32),
        columns[1].copy(),
        columns[2].copy(),
        columns[3].astype(np.int32),
    )
