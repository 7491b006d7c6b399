"""The index of a sharded checkpoint: which file each tensor is in, as whoever wrote it says.

``{"metadata": {"total_size": …}, "weight_map": {name: file}}``, from ``huggingface_hub/serialization/_torch.py``.
Nothing in it is believed: a file name may lead anywhere, a tensor may be elsewhere or nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ckptgui.core.checkpoint import Json
from ckptgui.core.display import display
from ckptgui.core.extents import SourceIdentity
from ckptgui.core.series.members import natural_key
from ckptgui.errors import DamagedFileError
from ckptgui.formats.base import Check
from ckptgui.formats.json_files import read_json
from ckptgui.sources.folder import Folder

MAX_INDEX = 1 << 28
"""Bytes of an index that are read: a million tensors with names of two hundred characters."""


@dataclass(frozen=True)
class ShardIndex:
    """An index as read. ``files`` has the tensors' names by file; ``identity`` is the index's own file."""

    identity: SourceIdentity
    files: Mapping[str, list[str]]
    metadata: Mapping[str, Json]

    @property
    def total_size(self) -> int | None:
        """Bytes of all tensors together, where it tells them."""
        size = self.metadata.get("total_size")
        if isinstance(size, float) and size.is_integer():  # so wrote transformers for a while
            return int(size)
        return size if type(size) is int else None


def read_index(folder: Folder, name: str, check: Check) -> ShardIndex:
    """Read an index; raises ``CheckpointError`` when it is none or cannot be read."""
    source = folder.open(name)
    try:
        value = read_json(source, MAX_INDEX, check)
        weight_map = value.get("weight_map") if isinstance(value, dict) else None
        if not isinstance(weight_map, dict):
            raise DamagedFileError("It has no table “weight_map” of tensors and files.")
        if not weight_map:
            raise DamagedFileError("It names no tensor.")
        metadata = value.get("metadata")
        return ShardIndex(source.identity, _by_file(weight_map), metadata if isinstance(metadata, dict) else {})
    finally:
        source.close()


def _by_file(weight_map: Mapping[str, Json]) -> dict[str, list[str]]:
    try:
        "".join(weight_map).encode()
    except UnicodeEncodeError as error:  # JSON's escapes can spell half of a character
        raise DamagedFileError("A tensor's name in its weight_map is not Unicode text.") from error
    found: dict[str, list[str]] = {}
    for tensor, file in weight_map.items():
        if not isinstance(file, str):
            raise DamagedFileError(f"Its weight_map gives no file name for {display(repr(tensor))}.")
        found.setdefault(file, []).append(tensor)
    return dict(sorted(found.items(), key=lambda item: natural_key(item[0])))
