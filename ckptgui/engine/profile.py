"""Reads a whole checkpoint once and hands out what it finds, batch by batch.

Small tensors are read and folded many at a time, middle ones a thread each, and large ones on all threads;
some of each are under way at once, so that no processor waits for the end of a tensor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

import numpy as np

from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.batches import batchable, read_batch
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.placing import first_of_same, places_of
from ckptgui.engine.profiled import Profiled as Profiled
from ckptgui.engine.sparse import summarise_row
from ckptgui.engine.summarise import SMALL
from ckptgui.engine.under_way import LARGE_AT_ONCE, UnderWay
from ckptgui.errors import ChangedOnDiskError, CheckpointError
from ckptgui.sources.locate import SourcePool

HANDED = 0.05
"""Seconds after which what was found is handed out."""

BATCH_BYTES = 2 << 20
BATCH_ROWS = 1024
"""Of small tensors that are read at once: few enough that somebody more urgent need not wait."""

PORTION = 64 << 20
"""Bytes of larger tensors between two batches, so that small ones are not put off to the end."""

GROUP_BYTES = 2 << 20
"""Of middle tensors that are handed to a thread at once."""

MIDDLE = 8 << 20
"""Up to this many bytes a tensor is left to one thread."""


def profile(
    checkpoint: Checkpoint,
    rows: Sequence[int] | np.ndarray,
    pool: SourcePool,
    take: Callable[[Profiled], None],
    cancel: Cancel,
    report: Report = silent,
) -> None:
    """Read ``rows`` about in this order and give ``take`` what is found, on this thread.

    A tensor that cannot be read is an error among the others; one that is the same view of the same bytes as
    an earlier row is not read again. ``report`` counts bytes. Raises ``Cancelled``, and ``ChangedOnDiskError``
    as soon as a file is no longer the one that was opened; nothing runs on afterwards.
    """
    wanted = np.asarray(rows, np.int64)
    total = int(checkpoint.tensors.nbytes[wanted].sum())
    found: list[Profiled] = []
    handed = time.monotonic()
    with ThreadPoolExecutor(LARGE_AT_ONCE, "ckptgui-tensor", initializer=give_way) as lanes:
        reading = _Reading(checkpoint, wanted, pool, cancel, lanes)
        try:
            for finished in reading.run():
                found += finished
                if time.monotonic() - handed > HANDED:
                    if found:
                        take(Profiled.joined(found))
                    found, handed = [], time.monotonic()
                    report(Progress(min(total, reading.done), total, reading.name))
        finally:
            reading.end()
    if found:
        take(Profiled.joined(found))
    report(Progress(total, total))


class _Reading:
    """The tensors under way. ``name`` is one of them."""

    def __init__(
        self, checkpoint: Checkpoint, rows: np.ndarray, pool: SourcePool, cancel: Cancel, lanes: Executor
    ) -> None:
        table = checkpoint.tensors
        self._checkpoint, self._pool, self._cancel, self._lanes = checkpoint, pool, cancel, lanes
        first = first_of_same(table, rows)
        own = first == np.arange(len(rows))
        self._copies: dict[int, list[int]] = {}
        for copy, row in zip(rows[~own].tolist(), rows[first[~own]].tolist()):
            self._copies.setdefault(row, []).append(copy)
        self._places = places_of(table, rows[own])
        self._under_way: UnderWay[Profiled] = UnderWay(cancel)
        self._partly: dict[int, int] = {}  # bytes of large tensors so far
        self._done = 0
        self.name = ""

    @property
    def done(self) -> int:
        """Bytes so far, those of tensors under way included."""
        return self._done + sum(list(self._partly.values()))

    def run(self) -> Iterator[list[Profiled]]:
        """What has been finished, again and again; an empty list where that takes long."""
        for finished in self._under_way.run(self._begin()):
            yield [self._counted(found) for found in finished]

    def end(self) -> None:
        """Let go of everything, and return when nothing runs any more."""
        self._under_way.end()

    def _begin(self) -> Iterator[Future[Profiled]]:
        """Start one thing after the other."""
        places, sizes = self._places, self._checkpoint.tensors.nbytes[self._places.rows]
        small = batchable(self._checkpoint.tensors, places)
        cost = np.where(small, sizes / BATCH_BYTES + 1 / BATCH_ROWS, sizes / PORTION)
        for here in np.split(np.arange(len(cost)), np.flatnonzero(np.diff(np.cumsum(cost).astype(np.int64))) + 1):
            nowhere = here[places.nowhere[here]]
            if len(nowhere):
                yield chunk_executor().submit(Profiled.of_none, places.rows[nowhere])
            quick = here[small[here]]
            if len(quick):
                self._cancel.check()
                yield chunk_executor().submit(self._batch, quick)
            others = here[~small[here] & ~places.nowhere[here]]
            large = ~places.plain[others] | (sizes[others] > MIDDLE)
            for rows in self._groups(places.rows[others[~large]]):
                self._cancel.check()
                yield chunk_executor().submit(self._several, rows)
            for row in places.rows[others[large]].tolist():
                self._cancel.check()
                yield self._lanes.submit(self._one, row, True)

    def _groups(self, rows: np.ndarray) -> Iterator[list[int]]:
        """Middle tensors that one thread takes in turn: to hand over each by itself costs a tenth more."""
        group = np.cumsum(self._checkpoint.tensors.nbytes[rows]) // GROUP_BYTES
        for some in np.split(rows, np.flatnonzero(np.diff(group)) + 1):
            if len(some):
                yield some.tolist()

    def _several(self, rows: Sequence[int]) -> Profiled:
        return Profiled.joined([self._one(row, False) for row in rows])

    def _batch(self, numbers: np.ndarray) -> Profiled:
        self._under_way.prompt.check()
        try:
            batch = read_batch(self._checkpoint.tensors, self._places, numbers, self._pool)
        except ChangedOnDiskError:
            raise
        except CheckpointError:  # whose bytes it was is found out one by one
            return self._several(self._places.rows[numbers].tolist())
        return Profiled(batch.rows, batch.records, batch.spreads)

    def _one(self, row: int, alone: bool) -> Profiled:
        """One tensor. On the chunks' threads it must not wait for others, neither for chunks nor for its turn."""
        cancel = self._under_way.patient if alone else self._under_way.prompt
        cancel.check()
        info = self._checkpoint.info(row)
        self.name = info.name

        def partly(progress: Progress) -> None:
            self._partly[row] = min(progress.done, info.nbytes)

        try:
            summary = summarise_row(
                self._checkpoint, row, self._pool, cancel, partly if alone else silent, alone=alone
            )
        except ChangedOnDiskError:
            raise
        except CheckpointError as error:
            return Profiled.failed(row, str(error))
        return Profiled.of_one(row, info.shape, summary, info.numel > SMALL)

    def _counted(self, found: Profiled) -> Profiled:
        """What was found, with the rows that are the same tensors."""
        rows = [*found.rows.tolist(), *found.errors]
        copies = [(copy, row) for row in rows for copy in self._copies.get(row, ())] if self._copies else []
        for row in rows:
            self._partly.pop(row, None)
        rows += [copy for copy, _ in copies]
        self._done += int(self._checkpoint.tensors.nbytes[rows].sum())
        return found.with_copies(copies)
