"""Figures of checkpoints that were opened before, kept under the user's cache folder so that they show at once.

Kept are the records of tensors (``analysis.profile.RECORD``), the distributions of large ones, and whatever
else of few bytes was found out. Everything here asks the disk, so none of it is for the GUI thread; it never
raises, because a cache that does not work costs time and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import platformdirs

from ckptgui.analysis.distribution import QUANTILES, Distribution
from ckptgui.analysis.packed import packed, unpacked
from ckptgui.analysis.profile import PROFILE_QUANTILES, RECORD, UNKNOWN, plausible
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.workspace.blob_store import BlobStore
from ckptgui.workspace.fingerprint import file_states, table_digest

LIMIT = 512 * 2**20
"""Bytes of the database: a thousand checkpoints of a few hundred tensors, or twenty of 100,000."""

SHARE = LIMIT // 2
"""Bytes that one checkpoint may have of it, so that it does not push out all others: a million tensors."""

LARGE = 65_536
"""Tensors of more elements have their distribution kept; that of smaller ones is read again in a blink."""

BLOCK = 1024
"""Records in one blob."""

_RECORDS, _DISTRIBUTION = "records", "distribution"
_BATCH = 2**22
"""Bytes that are written before others may write."""


def results_folder() -> Path:
    """Where results are kept for this user; compiled kernels have a folder beside it."""
    return Path(platformdirs.user_cache_dir("ckptgui", appauthor=False)).absolute() / "results"


class Results:
    """What is kept of all checkpoints, in one database in ``folder``; safe from any thread and process.

    Nothing is read or made before the first use, and nothing is held open after it.
    """

    def __init__(self, folder: Path | None = None, limit: int = LIMIT, share: int = SHARE) -> None:
        path = (results_folder() if folder is None else folder) / "results.sqlite3"
        self._store = BlobStore(path, _version(), limit, share)

    def of(self, checkpoint: Checkpoint) -> Kept:
        """What is kept of a checkpoint. Ask before its values are read: it also notes in which state they are."""
        return Kept(self._store, checkpoint)


class Kept:
    """What is kept of one checkpoint in the state in which ``Results.of`` found it; safe from any thread.

    Where its files changed since they were opened, or the cache does not work, nothing is kept.
    """

    def __init__(self, store: BlobStore, checkpoint: Checkpoint) -> None:
        self._store, self._checkpoint = store, checkpoint
        self._states = file_states(checkpoint)
        self._name = table_digest(checkpoint) + hashlib.blake2b(self._states or b"", digest_size=32).digest()

    @property
    def name(self) -> bytes:
        """What stands for the state of the files and what this program made of them."""
        return self._name

    @property
    def is_known(self) -> bool:
        """Whether the files were in a state that can be told from others."""
        return self._states is not None

    @property
    def is_unchanged(self) -> bool:
        """Whether they still are in it; this asks the disk."""
        return self._states is not None and self._states == file_states(self._checkpoint)

    def records(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows (int64) with their records, a block of them at a time, in rising order."""
        if self._states is None:
            return
        self._store.touch(self._name)
        for block in range(-(-len(self._checkpoint) // BLOCK)):
            records = self._block(block)
            if records is None:
                continue
            here = np.flatnonzero(records["known"] != UNKNOWN)
            yield here + block * BLOCK, records[here]

    def distribution(self, row: int) -> Distribution | None:
        """The whole distribution of a large tensor, the very one that was kept."""
        data = self.blobs(_DISTRIBUTION, row).get(row)
        return None if data is None else unpacked(data, int(self._checkpoint.tensors.numel[row]))

    def keep(
        self, rows: np.ndarray, records: np.ndarray, distributions: Mapping[int, Distribution | None] | None = None
    ) -> None:
        """Keep some rows' records, and the distributions of those of more than ``LARGE`` elements.

        Rows that are kept already are replaced; call it as often as there is something worth keeping. Give it
        what ``engine.profile`` handed out: what a person had made exact would make two answers out of one.
        """
        if not self.is_unchanged:
            return
        rows, records = np.asarray(rows, np.int64), np.asarray(records, RECORD)
        blocks = np.unique(rows // BLOCK).tolist()
        self._put(_RECORDS, ((block, self._with(block, rows, records)) for block in blocks))
        numel = self._checkpoint.tensors.numel
        large = ((row, d) for row, d in (distributions or {}).items() if d is not None and numel[row] > LARGE)
        self._put(_DISTRIBUTION, ((row, packed(d)) for row, d in large if d.total))

    def blobs(self, kind: str, first: int, count: int = 1) -> dict[int, bytes]:
        """What else was kept under ``kind``, by row (or any number), of ``count`` rows from ``first`` on."""
        return {} if self._states is None else self._store.get(self._name, kind, first, count)

    def keep_blobs(self, kind: str, blobs: Mapping[int, bytes]) -> None:
        """Keep bytes under ``kind``, a word of the caller's own, by row or any number.

        They have to tell their form themselves, and whoever reads them has to be ready for another.
        """
        if self.is_unchanged:
            self._put(kind, blobs.items())

    def _block(self, block: int) -> np.ndarray | None:
        """The records of a block, in memory of their own; None where there are none."""
        data = self.blobs(_RECORDS, block).get(block)
        numel = self._checkpoint.tensors.numel[block * BLOCK : (block + 1) * BLOCK]
        if data is None or len(data) != len(numel) * RECORD.itemsize:
            return None
        records = np.frombuffer(data, RECORD).copy()
        records[~plausible(records, numel)] = np.zeros((), RECORD)
        return records

    def _with(self, block: int, rows: np.ndarray, records: np.ndarray) -> bytes:
        """The records of a block, those of ``rows`` that are in it being the new ones."""
        kept = self._block(block)
        if kept is None:
            kept = np.zeros(min(BLOCK, len(self._checkpoint) - block * BLOCK), RECORD)
        here = rows // BLOCK == block
        kept[rows[here] - block * BLOCK] = records[here]
        return kept.tobytes()

    def _put(self, kind: str, blobs: Iterable[tuple[int, bytes]]) -> None:
        """Write a bounded number of bytes at a time, and stop where there is no more room."""
        some: dict[int, bytes] = {}
        size = 0
        for number, data in blobs:
            some[number] = data
            size += len(data)
            if size >= _BATCH:
                if not self._store.put(self._name, kind, some):
                    return
                some, size = {}, 0
        if some:
            self._store.put(self._name, kind, some)


def _version() -> int:
    """A number of 31 bits that changes with what a record holds."""
    form = repr((RECORD.descr, PROFILE_QUANTILES, QUANTILES, BLOCK)).encode()
    return int.from_bytes(hashlib.blake2b(form, digest_size=4).digest(), "little") >> 1 or 1
