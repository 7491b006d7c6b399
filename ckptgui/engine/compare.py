"""Reads two checkpoints beside each other and says how far every tensor moved.

Small pairs are read and folded many at a time, middle ones a thread each, large ones on all threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.difference import DIFFERENCE
from ckptgui.analysis.difference_sums import PairSums
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.core.tensors import TensorTable
from ckptgui.engine.compare_batches import PairPlaces
from ckptgui.engine.compare_wholes import compare_rows
from ckptgui.engine.courtesy import give_way
from ckptgui.engine.executors import chunk_executor
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.placing import first_of_same, places_of
from ckptgui.engine.under_way import LARGE_AT_ONCE, UnderWay
from ckptgui.errors import ChangedOnDiskError, CheckpointError
from ckptgui.sources.locate import SourcePool

HANDED = 0.05
"""Seconds after which what was found is handed out."""

BATCH_BYTES = 4 << 20
BATCH_ROWS = 1024
"""Of small pairs that are read at once: few enough that somebody more urgent need not wait."""

PORTION = 128 << 20
"""Bytes of larger pairs between two batches, so that small ones are not put off to the end."""

MIDDLE = 16 << 20
"""Up to this many bytes a pair is left to one thread."""


@dataclass(frozen=True)
class Compared:
    """``numbers`` are the places of pairs in the call's ``rows``."""

    numbers: np.ndarray  # int64
    records: np.ndarray  # DIFFERENCE
    errors: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Sequence[Compared]) -> Compared:
        """All of them as one."""
        errors: dict[int, str] = {}
        for part in parts:
            errors.update(part.errors)
        numbers = np.concatenate([np.zeros(0, np.int64), *(part.numbers for part in parts)])
        return cls(numbers, np.concatenate([np.zeros(0, DIFFERENCE), *(part.records for part in parts)]), errors)


def compare(
    a: Checkpoint,
    b: Checkpoint,
    rows: np.ndarray,
    pool: SourcePool,
    take: Callable[[Compared], None],
    cancel: Cancel,
    report: Report = silent,
) -> None:
    """Read pairs of rows (int64, n × 2) of one shape each and give ``take`` what is found, on this thread.

    A pair that cannot be read is an error among the others; one that is the same two views of the same bytes as
    an earlier pair is not read again. ``report`` counts bytes of both. Raises ``Cancelled``, and
    ``ChangedOnDiskError`` as soon as a file is no longer the one that was opened; nothing runs on afterwards.
    """
    found: list[Compared] = []
    handed = time.monotonic()
    with ThreadPoolExecutor(LARGE_AT_ONCE, "ckptgui-tensor", initializer=give_way) as lanes:
        reading = _Reading(a, b, np.asarray(rows, np.int64).reshape(-1, 2), pool, cancel, lanes)
        try:
            for finished in reading.run():
                found += finished
                if time.monotonic() - handed > HANDED:
                    if found:
                        take(Compared.joined(found))
                    found, handed = [], time.monotonic()
                    report(Progress(min(reading.total, reading.done), reading.total, reading.name))
        finally:
            reading.end()
    if found:
        take(Compared.joined(found))
    report(Progress(reading.total, reading.total))


class _Reading:
    """The pairs under way. ``name`` is one of them."""

    def __init__(
        self, a: Checkpoint, b: Checkpoint, rows: np.ndarray, pool: SourcePool, cancel: Cancel, lanes: Executor
    ) -> None:
        self._a, self._b, self._rows, self._pool, self._lanes = a, b, rows, pool, lanes
        self._nbytes = a.tensors.nbytes[rows[:, 0]] + b.tensors.nbytes[rows[:, 1]]
        first = _first_of_same(a, b, rows)
        self._own = np.flatnonzero(first == np.arange(len(rows)))
        self._copies: dict[int, list[int]] = {}
        for copy in np.flatnonzero(first != np.arange(len(rows))).tolist():
            self._copies.setdefault(int(first[copy]), []).append(copy)
        mine = rows[self._own]
        self._places = PairPlaces.of(
            a.tensors, b.tensors, places_of(a.tensors, mine[:, 0]), places_of(b.tensors, mine[:, 1])
        )
        self._under_way: UnderWay[Compared] = UnderWay(cancel)
        self._partly: dict[int, int] = {}  # bytes of large pairs so far
        self._done = 0
        self.total = int(self._nbytes.sum())
        self.name = ""

    @property
    def done(self) -> int:
        """Bytes so far, those of pairs under way included."""
        return self._done + sum(list(self._partly.values()))

    def run(self) -> Iterator[list[Compared]]:
        """What has been finished, again and again; an empty list where that takes long."""
        for finished in self._under_way.run(self._begin()):
            yield [self._counted(found) for found in finished]

    def end(self) -> None:
        """Let go of everything, and return when nothing runs any more."""
        self._under_way.end()

    def _begin(self) -> Iterator[Future[Compared]]:
        """Start one thing after the other."""
        sizes = self._nbytes[self._own]
        empty = _empty(self._a.tensors, self._rows[self._own, 0]) & _empty(
            self._b.tensors, self._rows[self._own, 1]
        )
        if empty.any():
            yield chunk_executor().submit(self._nothing, self._own[empty])
        small, same = self._places.small, self._places.same
        cost = np.where(small, sizes / BATCH_BYTES + 1 / BATCH_ROWS, sizes / PORTION)
        for here in np.split(np.arange(len(cost)), np.flatnonzero(np.diff(np.cumsum(cost).astype(np.int64))) + 1):
            full = here[small[here] & ~empty[here]]
            for quick in (full[same[full]], full[~same[full]]):
                if len(quick):
                    self._under_way.patient.check()
                    yield chunk_executor().submit(self._batch, quick)
            for at in here[~(small | empty)[here]].tolist():
                self._under_way.patient.check()
                large = sizes[at] > MIDDLE
                yield (self._lanes if large else chunk_executor()).submit(self._one, int(self._own[at]), large)

    def _nothing(self, numbers: np.ndarray) -> Compared:
        """Pairs without elements are equal; there can be a million of them."""
        return Compared(numbers, PairSums.nothing(len(numbers)).records(np.zeros(len(numbers), np.int64)))

    def _batch(self, quick: np.ndarray) -> Compared:
        self._under_way.prompt.check()
        try:
            return Compared(self._own[quick], self._places.fold(quick, self._pool))
        except ChangedOnDiskError:
            raise
        except CheckpointError:  # whose bytes it was is found out one by one
            return Compared.joined([self._one(number, False) for number in self._own[quick].tolist()])

    def _one(self, number: int, alone: bool) -> Compared:
        """One pair. On the chunks' threads it must not wait for others, neither for chunks nor for its turn."""
        cancel = self._under_way.patient if alone else self._under_way.prompt
        cancel.check()
        row_a, row_b = self._rows[number].tolist()
        self.name = self._a.info(row_a).name

        def partly(progress: Progress) -> None:
            self._partly[number] = progress.done

        try:
            record = compare_rows(
                self._a, self._b, (row_a, row_b), self._pool, cancel, partly if alone else silent, alone
            )
        except ChangedOnDiskError:
            raise
        except CheckpointError as error:
            return Compared(np.zeros(0, np.int64), np.zeros(0, DIFFERENCE), {number: str(error)})
        return Compared(np.array([number]), record)

    def _counted(self, found: Compared) -> Compared:
        """What was found, with the pairs that are the same tensors."""
        numbers = [*found.numbers.tolist(), *found.errors]
        self._done += int(self._nbytes[numbers].sum())
        for number in numbers:
            self._partly.pop(number, None)
        if not self._copies:
            return found
        parts = [found]
        for at, number in enumerate(found.numbers.tolist()):
            copies = np.array(self._copies.get(number, ()), np.int64)
            parts.append(Compared(copies, np.repeat(found.records[at : at + 1], len(copies))))
        errors = {copy: text for number, text in found.errors.items() for copy in self._copies.get(number, ())}
        parts.append(Compared(np.zeros(0, np.int64), np.zeros(0, DIFFERENCE), errors))
        whole = Compared.joined(parts)
        self._done += int(self._nbytes[[*whole.numbers[len(found.numbers) :].tolist(), *errors]].sum())
        return whole


def _empty(table: TensorTable, rows: np.ndarray) -> np.ndarray:
    """bool a row: it is whole and has no elements."""
    found: np.ndarray = (table.numel[rows] == 0) & (table.storage[rows] >= 0)
    if table.errors:
        found &= ~np.isin(rows, list(table.errors))
    return found


def _first_of_same(a: Checkpoint, b: Checkpoint, rows: np.ndarray) -> np.ndarray:
    """For each pair the number of the first that is the same two views of the same bytes."""
    first_a, first_b = first_of_same(a.tensors, rows[:, 0]), first_of_same(b.tensors, rows[:, 1])
    numbers = np.arange(len(rows))
    found = numbers.copy()
    begun: dict[tuple[int, int], int] = {}
    for number in np.flatnonzero((first_a != numbers) | (first_b != numbers)).tolist():
        one, other = int(first_a[number]), int(first_b[number])
        # The first tensor of a group may stand beside another one; then this pair may begin a group.
        if one == other:
            found[number] = one
        else:
            found[number] = begun.setdefault((one, other), number)
    return found
