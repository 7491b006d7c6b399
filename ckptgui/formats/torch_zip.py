"""Checkpoints that torch.save has written since 1.6: a zip with a pickle in front and a record per storage."""

from __future__ import annotations

from typing import Any

from ckptgui.core.builder import TableBuilder
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.quiet import without_garbage_collection
from ckptgui.errors import DamagedFileError
from ckptgui.formats import metadata, sections
from ckptgui.formats.base import Check, Probe
from ckptgui.formats.inner_pickles import names
from ckptgui.formats.pickle_names import judge
from ckptgui.formats.state_dict_notes import versions_of
from ckptgui.formats.tensor_walk import TensorWalk
from ckptgui.formats.torch_archive import PICKLE, Archive, open_archive, pickle_warnings, prefix_of, records_of
from ckptgui.formats.zip_probe import is_zip, names_in


class TorchZip:
    """Reads the pickle and the zip's directory, and no storage."""

    name = "torch-zip"

    def matches(self, probe: Probe) -> bool:
        """A zip that holds a ``data.pkl``; torch puts it first, a tool that packs again may not."""
        if is_zip(probe) and PICKLE.encode() in probe.head:
            return True
        directory = names_in(probe)
        return directory is not None and prefix_of(directory.entries) is not None

    def read(self, probe: Probe, check: Check = lambda: None) -> Checkpoint:
        """The checkpoint; of a damaged file, what can still be listed, with the reasons among its warnings."""
        with without_garbage_collection():
            return _checkpoint(probe, open_archive(probe, check), check)


def _checkpoint(probe: Probe, archive: Archive, check: Check) -> Checkpoint:
    root = archive.parsed.root
    if archive.parsed.broken and root is None:
        raise DamagedFileError(archive.parsed.broken)
    source = archive.source
    builder = TableBuilder()
    storages = archive.storages(builder)
    walk = TensorWalk(builder, storages, check)
    shape, parts = sections.parts_of(root)
    ranges = sections.walk_parts(parts, walk, builder)
    table = builder.build()
    return Checkpoint(
        path=probe.path,
        format=TorchZip.name,
        nbytes=source.size,
        sources=(source.identity,),
        tensors=table,
        sections=sections.to_sections(table, ranges),
        metadata=metadata.to_json(root),
        saved_shape=shape,
        modules=tuple(walk.modules),
        globals=judge(names(archive.parsed, check), archive.prefix + PICKLE),
        records=records_of(archive.directory, storages.rows),
        warnings=(*archive.warnings, *pickle_warnings(archive), *walk.warnings),
        attributes=_attributes(archive, parts),
    )


def _attributes(archive: Archive, parts: list[sections.Part]) -> dict[str, Any]:
    """What belongs to this format: state dicts' version notes by path, and whether the list may be incomplete."""
    found: dict[str, Any] = {
        "incomplete": archive.parsed.broken is not None,
        "cut": archive.directory.cut,
        "protocol": archive.parsed.protocol,
    }
    versions = {part.path: notes for part in parts if (notes := versions_of(part.node))}
    if versions:
        found["state_dict_metadata"] = versions
    return found
