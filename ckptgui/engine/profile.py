"""Reads a whole checkpoint once and hands out what it finds, batch by batch.

Small tensors are read and folded many at a time, middle ones a thread each, and large ones on all threads;
some of each are under way at once, so that no processor waits for the end of a tensor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.profile import RECORD, record_of, without_figures
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.spreads import NO_SPREADS, Spreads
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.batches import batchable, read_batch
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.executors import chunk_executor, worker_count
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.placing import first_of_same, places_of
from ckptgui.engine.summarise import SMALL, summarise
from ckptgui.errors import Cancelled, ChangedOnDiskError, CheckpointError
from ckptgui.sources.locate import SourcePool

BATCH_SECONDS = 0.05
"""What is found is handed out at least this often."""

BATCH_BYTES = 4 << 20
BATCH_ROWS = 2048
"""Of small tensors that are read at once."""

PORTION = 64 << 20
"""Bytes of larger tensors between two batches, so that small ones are not put off to the end."""

MIDDLE = 16 << 20
"""Up to this many bytes a tensor is left to one thread."""

LARGE_AT_ONCE = 2
"""While one large tensor's last chunks are merged, the next one's are folded."""


@dataclass(frozen=True)
class Profiled:
    """What some tensors came to. ``spreads`` belongs to ``rows``, None where there are no finite values.

    ``summaries`` has the whole distribution of those tensors whose distribution is worth keeping.
    """

    rows: np.ndarray  # int64
    records: np.ndarray  # RECORD
    spreads: Spreads = NO_SPREADS
    summaries: Mapping[int, Summary] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)


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
    with _reading(checkpoint, wanted, pool, cancel) as reading:
        total = int(checkpoint.tensors.nbytes[wanted].sum())
        found: list[Profiled] = []
        handed = time.monotonic()
        for finished in reading.run():
            found += finished
            if time.monotonic() - handed > BATCH_SECONDS:
                if found:
                    take(_joined(found))
                found, handed = [], time.monotonic()
                report(Progress(min(total, reading.done), total, reading.name))
        if found:
            take(_joined(found))
    report(Progress(total, total))


@contextmanager
def _reading(checkpoint: Checkpoint, rows: np.ndarray, pool: SourcePool, cancel: Cancel) -> Iterator[_Reading]:
    with ThreadPoolExecutor(LARGE_AT_ONCE, "ckptgui-tensor", initializer=give_way) as lanes:
        reading = _Reading(checkpoint, rows, pool, cancel, lanes)
        try:
            yield reading
        finally:
            reading.end()


class _Reading:
    """The tensors under way. ``done`` counts bytes, those of tensors under way included."""

    def __init__(
        self, checkpoint: Checkpoint, rows: np.ndarray, pool: SourcePool, cancel: Cancel, lanes: Executor
    ) -> None:
        table = checkpoint.tensors
        self._checkpoint, self._pool, self._cancel, self._lanes = checkpoint, pool, cancel, lanes
        first = first_of_same(table, rows)
        own = first == np.arange(len(rows))
        self._copies: dict[int, list[int]] = {}
        for row, same in zip(rows[~own].tolist(), rows[first[~own]].tolist()):
            self._copies.setdefault(same, []).append(row)
        self._places = places_of(table, rows[own])
        self._ended = Cancel()
        self._patient, self._prompt = _Ear(self._ended, cancel), _Ear(self._ended, cancel, patient=False)
        self._under_way: dict[Future[Profiled], int] = {}  # by number of their beginning
        self._partly: dict[int, int] = {}  # bytes of large tensors so far
        self._done = 0
        self.name = ""

    @property
    def done(self) -> int:
        return self._done + sum(list(self._partly.values()))

    def run(self) -> Iterator[list[Profiled]]:
        """What has been finished, again and again; an empty list where that takes long."""
        most = 2 * worker_count() + LARGE_AT_ONCE
        for begun, future in enumerate(self._begin()):
            self._under_way[future] = begun
            while len(self._under_way) >= most:
                yield self._finished()
        while self._under_way:
            yield self._finished()

    def end(self) -> None:
        """Let go of everything, and return when nothing runs any more."""
        self._ended.cancel()
        for future in self._under_way:
            future.cancel()
        wait(self._under_way)

    def _finished(self) -> list[Profiled]:
        finished, _ = wait(self._under_way, BATCH_SECONDS, FIRST_COMPLETED)
        self._cancel.check()
        found = []
        for future in sorted(finished, key=self._under_way.__getitem__):
            del self._under_way[future]
            found.append(self._with_copies(future.result()))
        return found

    def _begin(self) -> Iterator[Future[Profiled]]:
        """Start one thing after the other."""
        table, places = self._checkpoint.tensors, self._places
        small, sizes = batchable(table, places), table.nbytes[places.rows]
        cost = np.where(small, sizes / BATCH_BYTES + 1 / BATCH_ROWS, sizes / PORTION)
        portion = np.cumsum(cost).astype(np.int64)
        edges = np.concatenate([[0], np.flatnonzero(np.diff(portion)) + 1, [len(portion)]])
        for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist()):
            here = np.arange(start, stop)
            quick = here[small[start:stop]]
            if len(quick):
                self._cancel.check()
                yield chunk_executor().submit(self._batch, quick)
            nowhere = here[places.nowhere[start:stop]]
            if len(nowhere):
                yield chunk_executor().submit(_without_values, places.rows[nowhere])
            for number in here[~small[start:stop] & ~places.nowhere[start:stop]].tolist():
                self._cancel.check()
                row = int(places.rows[number])
                if places.plain[number] and sizes[number] <= MIDDLE:
                    yield chunk_executor().submit(self._one, row, False)
                else:
                    yield self._lanes.submit(self._one, row, True)

    def _batch(self, numbers: np.ndarray) -> Profiled:
        self._prompt.check()
        try:
            batch = read_batch(self._checkpoint.tensors, self._places, numbers, self._pool)
        except ChangedOnDiskError:
            raise
        except CheckpointError:  # whose bytes it was is found out one by one
            return _joined([self._one(row, False) for row in self._places.rows[numbers].tolist()])
        return Profiled(batch.rows, batch.records, batch.spreads)

    def _one(self, row: int, alone: bool) -> Profiled:
        """One tensor. A task of the chunk's threads must not wait for others, neither for chunks nor for turns."""
        cancel = self._patient if alone else self._prompt
        cancel.check()
        info = self._checkpoint.info(row)
        self.name = info.name

        def partly(progress: Progress) -> None:
            self._partly[row] = min(progress.done, info.nbytes)

        try:
            summary = summarise(info, self._pool, cancel, partly if alone else silent, alone=alone)
        except ChangedOnDiskError:
            raise
        except CheckpointError as error:
            return Profiled(np.zeros(0, np.int64), np.zeros(0, RECORD), errors={row: str(error)})
        record = record_of(summary, info.shape).reshape(1)
        spreads = Spreads.of([Spread.of(summary.distribution)])
        return Profiled(np.array([row]), record, spreads, {row: summary} if info.numel > SMALL else {})

    def _with_copies(self, found: Profiled) -> Profiled:
        """With the rows that are the same; counts what is done."""
        rows = [*found.rows.tolist(), *found.errors]
        nbytes = self._checkpoint.tensors.nbytes
        copies = [(copy, row) for row in rows for copy in self._copies.get(row, ())] if self._copies else []
        for row in rows:
            self._partly.pop(row, None)
        self._done += int(nbytes[rows].sum()) + int(nbytes[[copy for copy, _ in copies]].sum())
        if not copies:
            return found
        number = {row: at for at, row in enumerate(found.rows.tolist())}
        kept = np.array([*number.values(), *(number[row] for _, row in copies if row in number)], np.int64)
        return Profiled(
            np.array([*number, *(copy for copy, row in copies if row in number)], np.int64),
            found.records[kept],
            found.spreads.taken(kept),
            {**found.summaries, **{c: found.summaries[row] for c, row in copies if row in found.summaries}},
            {**found.errors, **{c: found.errors[row] for c, row in copies if row in found.errors}},
        )


class _Ear(Cancel):
    """Hears when the pass has ended and when its caller wants to stop; a patient one also waits for its turn."""

    def __init__(self, ended: Cancel, outer: Cancel, patient: bool = True) -> None:
        super().__init__()
        self._ended, self._outer, self._patient = ended, outer, patient

    @property
    def requested(self) -> bool:
        return self._ended.requested or self._outer.requested

    def check(self) -> None:
        if self._patient and not self._ended.requested:
            self._outer.check()
        if self.requested:
            raise Cancelled


def _without_values(rows: np.ndarray) -> Profiled:
    return Profiled(rows, without_figures(len(rows)), Spreads.of([None] * len(rows)))


def _joined(parts: Sequence[Profiled]) -> Profiled:
    if len(parts) == 1:
        return parts[0]
    summaries: dict[int, Summary] = {}
    errors: dict[int, str] = {}
    for part in parts:
        summaries.update(part.summaries)
        errors.update(part.errors)
    return Profiled(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.records for part in parts]),
        Spreads.joined([part.spreads for part in parts]),
        summaries,
        errors,
    )
