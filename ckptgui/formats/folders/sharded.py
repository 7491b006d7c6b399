"""Sharded checkpoints: one state dict in several files, with an index or numbered by their names.

``model.safetensors.index.json``, ``pytorch_model.bin.index.json`` and their variants; each shard is read by the
reader of its own content. One shard opens the whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.composition import combine
from ckptgui.core.display import amount, display
from ckptgui.errors import CheckpointError, DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.folders.companions import with_companions
from ckptgui.formats.folders.shard_index import ShardIndex, read_index
from ckptgui.formats.folders.shard_names import (
    USUAL_INDEXES,
    ShardSet,
    shard_files,
    shard_name,
    shard_sets,
    whole_of_index,
)
from ckptgui.formats.folders.shards import Shards, indexed_shards, named_shards
from ckptgui.formats.folders.whole_of_parts import OpenFile, open_member, stub, with_files
from ckptgui.sources.folder import Folder

_SEARCHED = 16 << 20
"""Bytes of an index that are searched for a file whose own name does not say that it is a shard."""


class Sharded:
    """Finds the shards that belong together and puts their tables one behind the other."""

    name = "sharded"

    def __init__(self, open_file: OpenFile) -> None:
        self._open_file = open_file

    def matches(self, folder: Folder, opened: str | None) -> bool:
        """An index, a shard by its name or by an index, or a folder that has such files."""
        return _chosen(folder, opened) is not None

    def read(self, folder: Folder, opened: str | None, check: Check) -> Checkpoint:
        """The whole, with the JSON files beside it; of several in a folder the first by name."""
        chosen = _chosen(folder, opened)
        if chosen is None:
            raise DamagedFileError("Its shards are gone.")
        whole = read_shards(folder, chosen, self._open_file, check)
        if opened is None or opened == chosen.index or opened in whole.attributes["shards"]:
            return with_companions(whole, folder, check)
        alone = open_member(folder, opened, self._open_file, check)
        warning = f"{display(chosen.index or chosen.whole)} does not name this file; it is shown alone."
        return replace(alone, warnings=(*alone.warnings, warning))


def read_shards(folder: Folder, chosen: ShardSet, open_file: OpenFile, check: Check) -> Checkpoint:
    """One set of shards as a checkpoint. Raises ``CheckpointError`` when none of it can be listed.

    ``attributes`` have the ``shards`` that are here by name, the ``index`` by name, and in ``members`` each
    shard without its tensors.
    """
    index, damage = None, []
    if chosen.index is not None:
        try:
            index = read_index(folder, chosen.index, check)
        except CheckpointError as error:
            damage = [f"The index {display(chosen.index)} cannot be read: {error}"]
            chosen = _by_names(folder, chosen, error)
    if index is not None:
        found = indexed_shards(folder, chosen, index, open_file, check)
    else:
        found = named_shards(folder, chosen, open_file, check)
    if not found.parts:
        raise DamagedFileError(" ".join([*damage, *found.warnings]) or "None of its shards is here.")
    attributes = {
        "index": chosen.index,
        "shards": tuple(found.files),
        "members": tuple((file, stub(checkpoint)) for file, checkpoint in found.files.items()),
    }
    whole = combine(
        folder.path,
        Sharded.name,
        found.parts,
        metadata=_metadata(found, index),
        warnings=(*damage, *found.warnings),
        attributes={**attributes, "incomplete": True} if found.unlisted else attributes,
    )
    return _with_total(whole, index) if index is not None else whole


def _by_names(folder: Folder, chosen: ShardSet, error: CheckpointError) -> ShardSet:
    """The set of a broken index as its shards' own names tell it; the error again where there are none."""
    _, shard = next(iter(shard_files(folder).get(chosen.whole, ())), ("", None))
    if shard is None:
        raise error
    return ShardSet(chosen.whole, None, shard.total)


def _chosen(folder: Folder, opened: str | None) -> ShardSet | None:
    """The set that is meant. Opening a single file does not list its folder, which may be large and far away."""
    if opened is None:
        return next(iter(shard_sets(folder)), None)
    whole = whole_of_index(opened)
    if whole is not None:
        return ShardSet(whole, opened)
    shard = shard_name(opened)
    if shard is None:
        index = next(
            (name for name in USUAL_INDEXES if folder.has(name) and _mentions(folder, name, opened)), None
        )
        return ShardSet(whole_of_index(index) or index, index) if index is not None else None
    sets = [found for found in shard_sets(folder) if found.whole == shard.whole]
    exact = next((found for found in sets if found.total in (0, shard.total)), None)
    if exact is None and shard.total > 1:
        return ShardSet(shard.whole, None, shard.total)
    return exact


def _mentions(folder: Folder, index: str, file: str) -> bool:
    """Whether an index has the file's name somewhere; whether it is meant is seen when the index is read."""
    return json.dumps(file, ensure_ascii=False).encode("utf-8", "replace") in folder.head(index, _SEARCHED)


def _metadata(found: Shards, index: ShardIndex | None) -> Json:
    """What the index says, and what the shards say: alike in all of them at the top, else by shard."""
    metadata: dict[str, Json] = dict(index.metadata) if index is not None else {}
    values = {file: c.metadata for file, c in found.files.items() if isinstance(c.metadata, Mapping)}
    own: dict[str, dict[str, Any]] = {file: dict(table) for file, table in values.items()}
    first = next(iter(values.values()), {})
    for key, value in first.items():
        if key not in metadata and all(key in table and table[key] == value for table in values.values()):
            metadata[key] = value
            for table in own.values():
                del table[key]
    metadata.update({file: table for file, table in own.items() if table})
    return metadata or None


def _with_total(whole: Checkpoint, index: ShardIndex) -> Checkpoint:
    """With the index among the files, and a note where it tells another number of bytes than its shards hold.

    Tied tensors may count once.
    """
    whole = with_files(whole, [index.identity])
    table, told = whole.tensors, index.total_size
    sizes = (int(table.nbytes.sum()), int(table.extents.nbytes.sum()))
    if told is None or table.errors or told in sizes:
        return whole
    warning = f"The index tells {amount(told)} bytes of tensors in all; its shards hold {sizes[0]:,}."
    return replace(whole, warnings=(*whole.warnings, warning))
