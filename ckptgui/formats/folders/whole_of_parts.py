"""Pieces of a checkpoint of several files: members that are read, files that only tell, rows that are nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import PurePath

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, Role, SavedShape, Section
from ckptgui.core.composition import Part
from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.records import NO_RECORDS, Record, record_table
from ckptgui.formats.base import Check
from ckptgui.sources.base import ByteSource
from ckptgui.sources.folder import Folder

OpenFile = Callable[[ByteSource, Check], Checkpoint]
"""Reads one file by its content, as ``registry.open_source`` does."""

_UNKNOWN = DType("unknown", Kind.PACKED, 8, "")


def open_member(folder: Folder, name: str, open_file: OpenFile, check: Check) -> Checkpoint:
    """A file of the folder as a checkpoint of its own; raises ``CheckpointError``."""
    source = folder.open(name)
    try:
        return open_file(source, check)
    finally:
        source.close()


def with_files(checkpoint: Checkpoint, files: Iterable[SourceIdentity]) -> Checkpoint:
    """The checkpoint with files without tensors among its sources: they count, and are watched, like others."""
    more = [file for file in files if file not in checkpoint.sources]
    sources = (*checkpoint.sources, *more)
    records = checkpoint.records
    if len(records):
        first = len(checkpoint.sources)
        told = (Record(PurePath(f.path).name, number, 0, f.size) for number, f in enumerate(more, first))
        records = records.followed_by(record_table(told))
    return replace(checkpoint, sources=sources, nbytes=sum(s.size for s in sources), records=records)


def stub(checkpoint: Checkpoint) -> Checkpoint:
    """A member without its tensors: what is needed to say how it is loaded."""
    return replace(checkpoint, tensors=TableBuilder().build(), sections=(), records=NO_RECORDS, metadata=None)


def absent(tensors: Iterable[tuple[str, str]], path: str) -> Part:
    """Tensors of a state dict of which nothing is known but the name, which is given with the reason."""
    builder = TableBuilder()
    rows = [builder.add((name,), (0,), _UNKNOWN, error=reason) for name, reason in tensors]
    return Part(
        Checkpoint(
            path=path,
            format="",
            nbytes=0,
            sources=(),
            tensors=builder.build(),
            sections=(Section((), Role.MODEL, 0, len(rows), 0),),
            saved_shape=SavedShape.STATE_DICT,
        )
    )
