"""How the files of a sharded checkpoint are called, and which of a folder's files belong together.

From ``huggingface_hub/serialization/_base.py`` (``split_state_dict_into_shards_factory``) and the names that
transformers and diffusers have written: ``model-00001-of-00003.safetensors`` with
``model.safetensors.index.json``; a variant stands before the number or before the suffix, and in its index
before ``.json`` or before the suffix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import cast

from ckptgui.core.series.members import natural_key
from ckptgui.sources.folder import Folder

_SHARD = re.compile(
    r"(?P<stem>.+)-(?P<number>\d{1,6})-of-(?P<total>\d{1,6})(?:\.(?P<variant>\w+))?\.(?P<suffix>safetensors|bin|pth?)"
)
_INDEX = re.compile(r"(?P<stem>.+)\.(?P<suffix>safetensors|bin|pth?)\.index(?:\.(?P<variant>\w+))?\.json")
_ANY_INDEX = ".index.json"
_PEEK = 4096  # an index begins with its few metadata

USUAL_INDEXES = (
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
    "diffusion_pytorch_model.safetensors.index.json",
    "diffusion_pytorch_model.bin.index.json",
    "consolidated.safetensors.index.json",
)
"""Indexes that may name files whose own names do not say that they are shards."""


@dataclass(frozen=True, slots=True)
class ShardName:
    """What a shard's name says: the whole that it is of, its number (from 1) and how many there are.

    ``before`` and ``after`` stand around the number, which has ``digits`` digits.
    """

    whole: str
    number: int
    total: int
    before: str
    digits: int
    after: str

    def sibling(self, number: int) -> str:
        """The name of another shard of the same whole."""
        return f"{self.before}{number:0{self.digits}d}{self.after}"


@dataclass(frozen=True, slots=True)
class ShardSet:
    """Shards that are one state dict. ``whole`` is the name that it would have as one file.

    ``index`` is the name of its index, None where there is none; ``total`` how many shards their names tell,
    0 where only the index knows.
    """

    whole: str
    index: str | None
    total: int = 0


def shard_name(name: str) -> ShardName | None:
    """What the name of a shard says, None where it is not such a name."""
    match = _SHARD.fullmatch(name) if "-of-" in name else None
    if match is None or not 1 <= int(match["number"]) <= int(match["total"]):
        return None
    stem = match["stem"] + (f".{match['variant']}" if match["variant"] else "")
    return ShardName(
        f"{stem}.{match['suffix']}",
        int(match["number"]),
        int(match["total"]),
        before=name[: match.start("number")],
        digits=len(match["number"]),
        after=name[match.end("number") :],
    )


def whole_of_index(name: str) -> str | None:
    """The name that an index's state dict would have as one file, None where it is no index's name."""
    if ".index." not in name:
        return None
    match = _INDEX.fullmatch(name)
    if match is not None:
        return f"{match['stem']}{'.' + match['variant'] if match['variant'] else ''}.{match['suffix']}"
    return name.removesuffix(_ANY_INDEX) if name.endswith(_ANY_INDEX) and name != _ANY_INDEX else None


def opens_the_same(one: str, other: str) -> bool:
    """Whether two paths are the same, or shards (or the index) of one whole; told from the names alone."""
    return one == other or (_whole_of_path(one) == _whole_of_path(other) is not None)


def _whole_of_path(path: str) -> tuple[PurePath, str] | None:
    place = PurePath(path)
    shard = shard_name(place.name)
    whole = shard.whole if shard is not None else whole_of_index(place.name)
    return (place.parent, whole) if whole is not None else None


ShardFiles = Mapping[str, Sequence[tuple[str, ShardName]]]
"""Files with what their names say, by the whole that they are of, in the order of their names."""


def shard_files(folder: Folder) -> ShardFiles:
    """The files of a folder that are called as shards are; gathered once for all the sets that ask."""
    known = folder.kept.get("shards")
    if known is not None:
        return cast(ShardFiles, known)
    found: dict[str, list[tuple[str, ShardName]]] = {}
    for name in sorted(folder.files):
        shard = shard_name(name)
        if shard is not None:
            found.setdefault(shard.whole, []).append((name, shard))
    folder.kept["shards"] = found
    return found


def shard_sets(folder: Folder) -> list[ShardSet]:
    """The sharded checkpoints of a folder, in the order of their names; single files are none."""
    sets = {}
    for name in folder.files:
        whole = whole_of_index(name)
        if whole is not None and _may_be_index(folder, name):
            sets[whole, 0] = ShardSet(whole, name)
    for whole, shards in shard_files(folder).items():
        for _, shard in shards if (whole, 0) not in sets else ():
            if shard.total > 1:
                sets[whole, shard.total] = ShardSet(whole, None, shard.total)
    return [sets[key] for key in sorted(sets, key=lambda key: (natural_key(key[0]), key))]


def _may_be_index(folder: Folder, name: str) -> bool:
    """Whether a file named like an index is about tensors; others call files so as well."""
    return _INDEX.fullmatch(name) is not None or b'"weight_map"' in folder.head(name, _PEEK)
