"""Cuts an export into files of a largest size, named and indexed as transformers has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ckptgui.engine.job import Cancel
from ckptgui.errors import ExportError
from ckptgui.export.output import Output
from ckptgui.export.request import Format
from ckptgui.sources.locate import SourcePool

_STEMS: Mapping[Format, tuple[str, str]] = {
    "pt": ("pytorch_model", "bin"),
    "safetensors": ("model", "safetensors"),
}

MAX_SHARDS = 99_999
"""Files that the names can number."""


@dataclass(frozen=True)
class IndexLayout:
    """The index beside the shards: which file has which tensor."""

    content: bytes = field(repr=False)

    @property
    def nbytes(self) -> int:
        """Size of the file to come."""
        return len(self.content)

    @property
    def data_bytes(self) -> int:
        """There is no tensor data in it."""
        return 0

    def write(self, output: Output, pool: SourcePool, cancel: Cancel, wrote: Callable[[int], None]) -> None:
        """Write the whole file."""
        output.write(self.content)

    def tensor_of(self, number: int) -> int:
        """There is no tensor in it."""
        raise IndexError(number)


def cut(sizes: np.ndarray, tied_to: np.ndarray, most: int) -> list[list[int]]:
    """Places of tensors, shard by shard: in order, each shard of ``most`` bytes at most.

    ``sizes`` are int64 in bytes; ``tied_to`` is for each tensor the first one that it shares bytes with, or -1: it
    goes where that one is, at no cost. A tensor that is larger than ``most`` has a shard of its own.
    """
    if most < 1:
        raise ExportError("A shard has at least one byte.")
    shards: list[list[int]] = [[]]
    shard_of: dict[int, int] = {}
    filled = 0
    for place, (size, first) in enumerate(zip(sizes.tolist(), tied_to.tolist())):
        if first >= 0:
            shards[shard_of[first]].append(place)
            continue
        if shards[-1] and filled + size > most:
            shards.append([])
            filled = 0
        shards[-1].append(place)
        shard_of[place] = len(shards) - 1
        filled += size
    if len(shards) > MAX_SHARDS:
        raise ExportError(f"It would take {len(shards):,} shards; {MAX_SHARDS:,} is the most.")
    return [sorted(shard) for shard in shards]


def shard_names(format: Format, count: int) -> list[str]:
    """The files' names within their folder; one alone has no number, and needs no index."""
    stem, suffix = _STEMS[format]
    if count == 1:
        return [f"{stem}.{suffix}"]
    return [f"{stem}-{number:05}-of-{count:05}.{suffix}" for number in range(1, count + 1)]


def index_name(format: Format) -> str:
    """The index's name within the folder."""
    stem, suffix = _STEMS[format]
    return f"{stem}.{suffix}.index.json"


def index(files: Sequence[tuple[str, Sequence[str]]], total_size: int) -> IndexLayout:
    """The index of files and the names in each; ``total_size`` is in bytes of tensors, tied ones once."""
    places = {name: file for file, names in files for name in names}
    content = {"metadata": {"total_size": total_size}, "weight_map": dict(sorted(places.items()))}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    try:
        return IndexLayout(f"{text}\n".encode())
    except UnicodeEncodeError as error:
        raise ExportError("A name holds half a character, which an index cannot hold.") from error
