"""Reads the values that ``--stats`` and ``--digest`` ask for, some thousand tensors at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from ckptgui.analysis.distribution import QUANTILES, Distribution
from ckptgui.analysis.profile import FIGURES, UNKNOWN, Profile
from ckptgui.analysis.statistics import Statistics
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorInfo
from ckptgui.engine.job import Cancel, Progress
from ckptgui.engine.profile import Profiled, profile
from ckptgui.engine.sparse import summarise_row
from ckptgui.engine.stream import digest
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.results import Kept, Results

_EXPANSION = 4
_ALWAYS_READ = 1 << 30
"""A view of a few bytes can claim a terabyte of values (``Tensor.expand``): beyond both they are not read."""

_HELD = 32 * 2**20
"""Bytes of distributions that wait to be kept on the disk."""

_EXACT = "exact quantiles"
"""Under this word the quantiles are kept that took a second reading."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which values are asked for, and whether results may be kept for the next time."""

    stats: bool = False
    exact: bool = False
    digest: bool = False
    cache: bool = False

    @property
    def reads(self) -> int:
        """How often the values have to be read, as far as that is known before."""
        return self.stats + self.digest


@dataclass(frozen=True, slots=True)
class Reading:
    """What the bytes of one tensor said; ``error`` is why they could not be read whole."""

    error: str | None = None
    statistics: Statistics | None = None
    sha256: str | None = None


class Values:
    """What was read of a checkpoint's tensors so far. Use it in ``with``: it has files open.

    ``profile`` has the figures of all rows that were read, ``exact`` the usual quantiles of those that were
    read a second time, ``errors`` why a row has neither.
    """

    def __init__(self, checkpoint: Checkpoint, wish: Wish, report: Callable[[Progress], None]) -> None:
        self._checkpoint, self._wish, self._report = checkpoint, wish, report
        self._pool, self._cancel = SourcePool(), Cancel()
        self._kept: Kept | None = None
        self._rows: list[np.ndarray] = []
        self._records: list[np.ndarray] = []
        self._distributions: dict[int, Distribution | None] = {}
        self._held = 0
        self._done, self._total = 0, int(checkpoint.tensors.nbytes.sum()) * wish.reads
        self.profile = Profile(len(checkpoint) if wish.stats else 0, checkpoint.tensors.shape)
        self.errors: dict[int, str] = dict(checkpoint.tensors.errors)
        self.exact: dict[int, np.ndarray] = {}
        self.sha256: dict[int, str] = {}
        if wish.stats and wish.cache:
            self._kept = Results().of(checkpoint)
            for rows, records in self._kept.records():
                self.profile.put(rows, records)

    def __enter__(self) -> Values:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cancel.cancel()
        self._pool.close()
        self._keep()

    def read(self, first: int, stop: int) -> None:
        """Read what is asked for of the rows from ``first`` on and before ``stop``; failures are ``errors``."""
        rows = np.arange(first, stop)
        readable = rows[self._checkpoint.tensors.storage[first:stop] >= 0]
        self._refuse(readable)
        if self._wish.stats:
            self._profile(rows)
        for row in readable.tolist() if self._wish.digest else ():
            if row not in self.errors:
                self._digest(self._checkpoint.info(row))
        self._done += int(self._checkpoint.tensors.nbytes[first:stop].sum()) * self._wish.reads

    def reading(self, row: int) -> Reading:
        """What was read of one row."""
        if row in self.errors:
            return Reading(self.errors[row])
        known = self._wish.stats and self.profile.records["known"][row] == FIGURES
        return Reading(None, self.profile.statistics(row) if known else None, self.sha256.get(row))

    def all(self) -> Mapping[int, Reading]:
        """Every row, which reads what was not read yet; nothing where no values are asked for."""
        if not self._wish.reads:
            return {}
        self.read(0, len(self._checkpoint))
        return {row: self.reading(row) for row in range(len(self._checkpoint))}

    def _refuse(self, rows: np.ndarray) -> None:
        """Note why some rows are not read."""
        table = self._checkpoint.tensors
        made, stored = table.nbytes[rows], table.extents.nbytes[table.storage[rows]]
        for number in np.flatnonzero(made > np.maximum(_EXPANSION * stored, _ALWAYS_READ)).tolist():
            words = f"Its {made[number]:,} bytes of values repeat {stored[number]:,} in the file"
            self.errors.setdefault(int(rows[number]), f"{words}, which is too much to read through.")

    def _profile(self, rows: np.ndarray) -> None:
        unknown = rows[self.profile.records["known"][rows] == UNKNOWN]
        self._profile_new([row for row in unknown.tolist() if row not in self.errors])
        if self._wish.exact:
            records = self.profile.records[rows]
            coarse = rows[(records["known"] == FIGURES) & (records["approximate"] != 0)]
            for row in coarse.tolist():
                if row not in self.errors:
                    self._read_exactly(row)

    def _profile_new(self, rows: list[int]) -> None:
        if not rows:
            return
        try:
            profile(self._checkpoint, rows, self._pool, self._take, self._cancel, self._tell)
        except CheckpointError as error:  # the files are no longer those that were opened
            known = self.profile.records["known"]
            self.errors.update({row: str(error) for row in rows if known[row] == UNKNOWN})
        self._keep()

    def _take(self, batch: Profiled) -> None:
        self.profile.put(batch.rows, batch.records)
        self.errors.update(batch.errors)
        if self._kept is None:
            return
        self._rows.append(batch.rows)
        self._records.append(batch.records)
        for row, summary in batch.summaries.items():
            self._distributions[row] = summary.distribution
            self._held += summary.nbytes
        if self._held > _HELD:
            self._keep()

    def _keep(self) -> None:
        """Keep what was read; also what was read before somebody interrupted."""
        if self._kept is not None and self._rows:
            self._kept.keep(np.concatenate(self._rows), np.concatenate(self._records), self._distributions)
        self._rows, self._records, self._distributions, self._held = [], [], {}, 0

    def _read_exactly(self, row: int) -> None:
        kept = self._kept.blobs(_EXACT, row).get(row) if self._kept is not None else None
        if kept is not None and len(kept) == 8 * len(QUANTILES):
            self.exact[row] = np.frombuffer(kept, "<f8")
            return
        try:
            summary = summarise_row(self._checkpoint, row, self._pool, self._cancel, self._tell, exact=True)
        except CheckpointError as error:
            self.errors[row] = str(error)
            return
        if summary.distribution is not None and summary.distribution.exact:
            self.exact[row] = np.array(summary.distribution.quantiles(QUANTILES), "<f8")
            if self._kept is not None:
                self._kept.keep_blobs(_EXACT, {row: self.exact[row].tobytes()})

    def _digest(self, info: TensorInfo) -> None:
        try:
            self.sha256[info.index] = digest(info, self._pool, self._cancel, self._tell)
        except CheckpointError as error:
            self.errors[info.index] = str(error)

    def _tell(self, progress: Progress) -> None:
        self._report(Progress(self._done + progress.done, self._total, "Reading values"))


def listed(info: TensorInfo) -> Reading:
    """A tensor none of whose values were asked for."""
    return Reading(info.error)
