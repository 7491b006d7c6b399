"""Reads a whole checkpoint once and hands out what it finds, batch by batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.profile import RECORD, record_of
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.summary import Summary
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.job import Cancel, Progress, Report, silent
from ckptgui.engine.summarise import summarise
from ckptgui.errors import CheckpointError
from ckptgui.sources.locate import SourcePool

BATCH_SECONDS = 0.05
"""A batch is handed out at least this often."""


@dataclass(frozen=True)
class Profiled:
    """What a batch of tensors came to. ``spreads`` belongs to ``rows``, None where there are no finite values.

    ``summaries`` has the whole distribution of those tensors whose distribution is worth keeping.
    """

    rows: np.ndarray  # int64
    records: np.ndarray  # RECORD
    spreads: Sequence[Spread | None] = ()
    summaries: Mapping[int, Summary] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)


def profile(
    checkpoint: Checkpoint,
    rows: Sequence[int],
    pool: SourcePool,
    take: Callable[[Profiled], None],
    cancel: Cancel,
    report: Report = silent,
) -> None:
    """Read ``rows`` in this order and give ``take`` each batch, on this thread; a failed tensor is an error in it.

    ``report`` counts bytes. Raises ``Cancelled``.
    """
    nbytes = checkpoint.tensors.nbytes
    total, done = int(nbytes[list(rows)].sum()), 0
    found: dict[int, Summary] = {}
    errors: dict[int, str] = {}
    begun = time.monotonic()
    for row in rows:
        cancel.check()
        info = checkpoint.info(row)

        def named(progress: Progress, before: int = done, name: str = info.name) -> None:
            report(Progress(before + progress.done, total, name))

        try:
            found[row] = summarise(info, pool, cancel, named)
        except CheckpointError as error:
            errors[row] = str(error)
        done += info.nbytes
        if time.monotonic() - begun > BATCH_SECONDS:
            take(_batch(checkpoint, found, errors))
            found, errors, begun = {}, {}, time.monotonic()
    take(_batch(checkpoint, found, errors))
    report(Progress(total, total))


def _batch(checkpoint: Checkpoint, found: Mapping[int, Summary], errors: Mapping[int, str]) -> Profiled:
    rows = np.fromiter(found, np.int64, len(found))
    records = np.zeros(len(found), RECORD)
    for number, (row, summary) in enumerate(found.items()):
        records[number] = record_of(summary, checkpoint.info(row).shape)
    return Profiled(rows, records, [Spread.of(each.distribution) for each in found.values()], found, errors)
