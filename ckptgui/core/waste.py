"""Bytes of a file that no tensor needs: storages longer than the views of them, storages that nothing names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.display import amount
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
            holds = "1 storage" if count == 1 else f"{count:,} storages"
            parts.append(f"{amount(self.nbytes)} bytes of {holds} are reached by no tensor")
        if self.unnamed:
            records = "1 storage" if len(self.unnamed) == 1 else f"{len(self.unnamed):,} storages"
            parts.append(f"{amount(self.unnamed_bytes)} bytes are of {records} that nothing names")
        return f"{'; '.join(parts)}." if parts else None


def waste(checkpoint: Checkpoint) -> Waste:
    """Find them, by columns."""
    unreached = unreached_bytes(checkpoint.tensors)
    records = checkpoint.records
    unnamed: list[int] = []
    if len(records):
        loose = np.flatnonzero(records.storage < 0).tolist()
        unnamed = [row for row in loose if _is_storage(records.names[row])]
    lost = int(records.length[unnamed].sum()) if unnamed else 0
    return Waste(unreached, int(unreached.sum()), tuple(unnamed), lost)


def _is_storage(name: str) -> bool:
    """Whether a record is where torch keeps storages: ``…/data/<number>``."""
    parts = name.split("/")
    return len(parts) >= 2 and parts[-2] == "data" and parts[-1].isdecimal()
