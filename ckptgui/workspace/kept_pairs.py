"""How far pairs of checkpoints are apart, kept between two runs of the program beside the later one's figures."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from ckptgui.analysis.difference import DIFFERENCE, UNKNOWN, plausible
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.workspace.results import BLOCK, Kept

MOST = 1 << 18
"""Tensors of a checkpoint up to which its pairs are kept: 32 MB of the quarter of a gigabyte that it may have."""

_KEPT = np.dtype([("row_a", "<i8"), ("difference", DIFFERENCE)])
_AT_ONCE = 64
"""Blocks that are in memory together."""


class KeptPair:
    """The pair ``a``, ``b`` in the states in which they were found; kept under ``b``, a block of its rows each.

    It never raises, and keeps nothing where either file is not what it was.
    """

    def __init__(self, a: Kept, b: Kept, checkpoint_a: Checkpoint, checkpoint_b: Checkpoint) -> None:
        self._a, self._b = a, b
        self._rows_a, self._rows = len(checkpoint_a), len(checkpoint_b)
        self._numel = checkpoint_b.tensors.numel
        state = hashlib.blake2b(repr(_KEPT.descr).encode() + a.name, digest_size=16)
        self._kind = f"difference {state.hexdigest()}"

    def records(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Places in ``rows`` (int64, n × 2, of ``a`` and of ``b``) with what was kept of them."""
        if not (self._is_kept and len(rows)):
            return
        order = np.argsort(rows[:, 1] // BLOCK, kind="stable")
        blocks = rows[order, 1] // BLOCK
        for first in range(0, -(-self._rows // BLOCK), _AT_ONCE):
            for block, data in self._b.blobs(self._kind, first, _AT_ONCE).items():
                here = order[slice(*np.searchsorted(blocks, (block, block + 1)).tolist())]
                kept = self._opened(block, data)
                if kept is None or not len(here):
                    continue
                found = kept[rows[here, 1] - block * BLOCK]
                good = (found["difference"]["known"] != UNKNOWN) & (found["row_a"] == rows[here, 0])
                yield here[good], found["difference"][good]

    def keep(self, rows: np.ndarray, records: np.ndarray) -> None:
        """Keep the records of some pairs of rows, in place of elder ones."""
        if not (self._is_kept and len(rows) and self._a.is_unchanged):
            return
        blocks = np.unique(rows[:, 1] // BLOCK).tolist()
        self._b.keep_blobs(self._kind, {block: self._with(block, rows, records) for block in blocks})

    @property
    def _is_kept(self) -> bool:
        return self._a.is_known and self._b.is_known and max(self._rows_a, self._rows) <= MOST

    def _opened(self, block: int, data: bytes) -> np.ndarray | None:
        numel = self._numel[block * BLOCK : (block + 1) * BLOCK]
        if not len(numel) or len(data) != len(numel) * _KEPT.itemsize:
            return None
        found = np.frombuffer(data, _KEPT).copy()
        bad = ~plausible(found["difference"], numel) | (found["row_a"] < 0) | (found["row_a"] >= self._rows_a)
        found[bad] = np.zeros((), _KEPT)
        return found

    def _with(self, block: int, rows: np.ndarray, records: np.ndarray) -> bytes:
        data = self._b.blobs(self._kind, block).get(block)
        kept = self._opened(block, data) if data is not None else None
        if kept is None:
            kept = np.zeros(min(BLOCK, self._rows - block * BLOCK), _KEPT)
        here = rows[:, 1] // BLOCK == block
        places = rows[here, 1] - block * BLOCK
        kept["row_a"][places] = rows[here, 0]
        kept["difference"][places] = records[here]
        return kept.tobytes()
