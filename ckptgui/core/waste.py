"""Bytes of a file that no tensor needs: storages longer than the views of them, storages that nothing names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ckptgui.core.checkpoint import Checkpoint, Json
from ckptgui.core.display import amount, counted
from ckptgui.core.sharing import unreached_bytes


@dataclass(frozen=True)
class Waste:
    """``unreached`` are the bytes of each storage that no view of it reaches, ``nbytes`` their sum.

    ``unnamed`` are the rows in ``Checkpoint.records`` of storages that the pickle does not name, of
    ``unnamed_bytes`` together.
    """

    unreached: np.ndarray  # int64, a storage
    nbytes: int
    unnamed: tuple[int, ...]
    unnamed_bytes: int

    @property
    def total(self) -> int:
        """All bytes that a file with the same tensors would not have."""
        return self.nbytes + self.unnamed_bytes

    @property
    def sentence(self) -> str | None:
        """What is wasted, in words; None where nothing is."""
        parts = []
        if self.nbytes:
            count = int((self.unreached > 0).sum())
            parts.append(f"{amount(self.nbytes)} bytes of {counted(count, 'storage')} are reached by no tensor")
        if self.unnamed:
            records = counted(len(self.unnamed), "storage")
            parts.append(f"{amount(self.unnamed_bytes)} bytes are of {records} that nothing names")
        return f"{'; '.join(parts)}." if parts else None


def waste(checkpoint: Checkpoint) -> Waste:
    """Find them, by columns."""
    unreached = unreached_bytes(checkpoint.tensors)
    records = checkpoint.records
    loose = np.flatnonzero((records.storage < 0) & (records.length > 0)).tolist()
    unnamed = [row for row in loose if _KEPT.search(records.names[row])]
    if unnamed:
        named = set(_named_alone(checkpoint.metadata))
        unnamed = [row for row in unnamed if records.names[row].rpartition("/")[2] not in named]
    lost = int(records.length[unnamed].sum()) if unnamed else 0
    return Waste(unreached, int(unreached.sum()), tuple(unnamed), lost)


_KEPT = re.compile(r"(^|/)data/\d+$")
"""Records that are storages, as torch names them."""


def _named_alone(root: Json) -> Iterator[str]:
    """Keys of storages that were saved without a tensor around them; the metadata tells them."""
    level: list[Json] = [root] if isinstance(root, (Mapping, list)) else []
    left = MAX_LOOKED_AT
    while level and left > 0:
        deeper: list[Json] = []
        for value in level:
            table = value if isinstance(value, Mapping) else {}
            if isinstance(table.get("__class__"), str) and isinstance(table.get("key"), str):
                yield table["key"]
            for item in islice(table.values() or value, left):
                left -= 1
                if isinstance(item, (Mapping, list)):
                    deeper.append(item)
        level = deeper


MAX_LOOKED_AT = 100_000
"""Values of the metadata that are looked at."""
