"""From the graph of a saved object to a checkpoint: walked, parted into sections, its plain values as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint, GlobalName
from ckptgui.core.records import RecordTable
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.objects import metadata, sections
from ckptgui.formats.objects.state_dict_notes import versions_of
from ckptgui.formats.objects.tensor_spec import Storages
from ckptgui.formats.objects.tensor_walk import TensorWalk
from ckptgui.formats.pickles.graph import Node


@dataclass(frozen=True)
class Saved:
    """A saved object and what it stands on. ``records`` is asked once every storage has its row."""

    root: Node
    storages: Storages
    names: tuple[GlobalName, ...]
    records: Callable[[], RecordTable]
    warnings: tuple[str, ...]
    attributes: Mapping[str, Any]


def checkpoint_of(probe: Probe, kind: str, saved: Saved, builder: TableBuilder, check: Check) -> Checkpoint:
    """The checkpoint of format ``kind`` in one file."""
    walk = TensorWalk(builder, saved.storages, check)
    shape, parts = sections.parts_of(saved.root)
    ranges = sections.walk_parts(parts, walk, builder)
    table = builder.build()
    attributes = dict(saved.attributes)
    versions = {part.path: notes for part in parts if (notes := versions_of(part.node))}
    if versions:
        attributes["state_dict_metadata"] = versions
    return Checkpoint(
        path=probe.path,
        format=kind,
        nbytes=probe.source.size,
        sources=(probe.source.identity,),
        tensors=table,
        sections=sections.to_sections(table, ranges),
        metadata=metadata.to_json(saved.root),
        saved_shape=shape,
        modules=tuple(walk.modules),
        globals=saved.names,
        records=saved.records(),
        warnings=(*saved.warnings, *walk.warnings),
        attributes=attributes,
    )
