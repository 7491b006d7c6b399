"""The values of a tensor or a module at every checkpoint of a series, read one checkpoint after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.epoch_values import EpochValues
from ckptgui.analysis.spread import PLACES, Spread
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.series.series import Series
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.profile import Profiled, profile
from ckptgui.engine.sparse import summarise_row
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool
from ckptgui.workspace.results import LARGE, Kept, Results

MOST_BYTES = 256 * 2**20
"""Bytes of one checkpoint that are read for this alone; of more only what is kept from its profile is shown."""

MOST_HELD = 128 * 2**20
"""Bytes of memory that all checkpoints of one selection may take."""


@dataclass(frozen=True, eq=False)
class MemberValues:
    """What was found at one member: ``values`` are None where no value is finite, or for a reason that is told.

    ``absent`` says that the member has none of the tensors, ``error`` why some could not be read. ``left_out``
    counts elements that are not among the values because they are many and nothing is kept of them yet; where they
    are most, there are no values at all.
    """

    member: int
    values: EpochValues | None = None
    absent: bool = False
    error: str = ""
    left_out: int = 0

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return 0 if self.values is None else self.values.nbytes


def read_members(
    series: Series,
    tensors: Sequence[int],
    members: Sequence[int],
    pool: SourcePool,
    results: Results | None,
    take: Callable[[MemberValues], None],
    cancel: Cancel,
    report: Report = silent,
) -> None:
    """Give ``take`` the values of some tensors of the matching at each of ``members``, in this order.

    Distributions that are kept are not read again. A member that cannot be read is told with its error and the
    rest goes on. ``report`` counts members. Raises ``Cancelled``.
    """
    most = MOST_HELD // max(len(series.members), 1)
    numbers = np.asarray(tensors, np.int64)
    for done, member in enumerate(members):
        cancel.check()
        report(Progress(done, len(members)))
        take(_member(series, numbers, member, _Reading(pool, results, cancel, most)))
    report(Progress(len(members), len(members)))


@dataclass(frozen=True)
class _Reading:
    pool: SourcePool
    results: Results | None
    cancel: Cancel
    most: int


def _member(series: Series, tensors: np.ndarray, member: int, reading: _Reading) -> MemberValues:
    part = series.matching.parts[member]
    if part is None:
        return MemberValues(member, error=series.members[member].error or "It cannot be read.")
    rows = series.matching.rows[tensors, member]
    rows = rows[rows >= 0]
    if not rows.size:
        return MemberValues(member, absent=True)
    kept = reading.results.of(part.checkpoint) if reading.results is not None else None
    try:
        if len(tensors) == 1:
            return _one(member, part.checkpoint, int(rows[0]), kept, reading)
        return _many(member, part.checkpoint, rows, kept, reading)
    except CheckpointError as error:
        return MemberValues(member, error=str(error))


def _one(member: int, checkpoint: Checkpoint, row: int, kept: Kept | None, reading: _Reading) -> MemberValues:
    table = checkpoint.tensors
    found: Distribution | None = None
    if kept is not None and table.numel[row] > LARGE:
        found = kept.distribution(row)
    if found is None:
        if table.nbytes[row] > MOST_BYTES:
            return MemberValues(member, left_out=int(table.numel[row]))
        found = summarise_row(checkpoint, row, reading.pool, reading.cancel).distribution
    return MemberValues(member, EpochValues.of(found, reading.most))


def _many(
    member: int, checkpoint: Checkpoint, rows: np.ndarray, kept: Kept | None, reading: _Reading
) -> MemberValues:
    table = checkpoint.tensors
    whole = _Sum()
    left: list[int] = []
    for row in rows.tolist():
        large = table.numel[row] > LARGE
        found = kept.distribution(row) if kept is not None and large else None
        if found is None:
            left.append(row)
        else:
            reading.cancel.check()
            whole.add(Spread.of(found))
    unread, error = 0, ""
    if int(table.nbytes[left].sum()) > MOST_BYTES:
        unread = int(sum(table.numel[row] for row in left if table.numel[row] > LARGE))
        left = [row for row in left if table.numel[row] <= LARGE]
    if left:
        errors: dict[int, str] = {}

        def taken(batch: Profiled) -> None:
            errors.update(batch.errors)
            for spread in batch.spreads:
                whole.add(spread)

        profile(checkpoint, left, reading.pool, taken, reading.cancel)
        error = next(iter(errors.values()), "")
    spread = Spread.from_dense(whole.counts, whole.low, whole.high)
    if spread is not None and spread.total < unread:  # a few biases do not show how a module's values are spread
        spread = None
    values = EpochValues.of(spread.distribution() if spread is not None else None, reading.most)
    return MemberValues(member, values, error=error, left_out=unread)


class _Sum:
    """Distributions added up on the grid of ``Spread``."""

    def __init__(self) -> None:
        self.counts = np.zeros(PLACES, np.int64)
        self.low, self.high = np.inf, -np.inf

    def add(self, spread: Spread | None) -> None:
        if spread is not None:
            self.counts[spread.places] += spread.counts
            self.low, self.high = min(self.low, spread.low), max(self.high, spread.high)
