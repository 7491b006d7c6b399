"""The JSON files that libraries write beside weights: ``config.json``, ``trainer_state.json`` and their like.

They become metadata under their file names. What belongs to tokenizers, and indexes, which say where tensors
are, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity
from ckptgui.errors import CheckpointError
from ckptgui.formats.base import Check
from ckptgui.formats.folders.shard_names import whole_of_index
from ckptgui.formats.folders.whole_of_parts import with_files
from ckptgui.formats.json_files import read_json
from ckptgui.sources.folder import Folder

MAX_FILES = 64
MAX_BYTES = 16 << 20
"""Files that are taken, and bytes of all: the log of a long training is the largest."""

_NOT_ABOUT_WEIGHTS = re.compile(
    r"tokenizer.*|vocab.*|merges.*|special_tokens_map.*|added_tokens.*|chat_template.*|normalizer.*"
    r"|.*package(-lock)?|tsconfig|.*\.index\..*"
)


@dataclass(frozen=True)
class Companions:
    """Values by file name, the files that they are from, and a sentence for each that cannot be read."""

    metadata: dict[str, Json]
    files: tuple[SourceIdentity, ...]
    warnings: tuple[str, ...]


def companions(folder: Folder, check: Check) -> Companions:
    """Read them."""
    metadata: dict[str, Json] = {}
    files, warnings = [], []
    room = MAX_BYTES
    for name in sorted(filter(is_companion, folder.files))[:MAX_FILES]:
        check()
        try:
            source = folder.open(name)
            try:
                metadata[name] = read_json(source, room, check)
                room -= source.size
                files.append(source.identity)
            finally:
                source.close()
        except CheckpointError as error:
            warnings.append(f"{display(name)}: {error}")
    return Companions(metadata, tuple(files), tuple(warnings))


def with_companions(checkpoint: Checkpoint, folder: Folder, check: Check) -> Checkpoint:
    """The checkpoint with the values beside it under their file names, which ``attributes`` have as ``beside``."""
    found = companions(folder, check)
    metadata = checkpoint.metadata
    if not isinstance(metadata, (Mapping, type(None))):
        return checkpoint
    whole = with_files(checkpoint, found.files)
    return replace(
        whole,
        metadata={**(metadata or {}), **found.metadata} or None,
        warnings=(*whole.warnings, *found.warnings),
        attributes={**whole.attributes, "beside": (*whole.attributes.get("beside", ()), *found.metadata)},
    )


def is_companion(name: str) -> bool:
    """Whether a file of this name is one."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or suffix != "json" or name.startswith(".") or whole_of_index(name) is not None:
        return False
    return _NOT_ABOUT_WEIGHTS.fullmatch(stem) is None
