"""What reading some tensors of a checkpoint came to: the figures of each, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.profile import RECORD, record_of, without_figures
from ckptgui.analysis.spread import Spread
from ckptgui.analysis.spreads import NO_SPREADS, Spreads
from ckptgui.analysis.summary import Summary


@dataclass(frozen=True)
class Profiled:
    """``spreads`` belongs to ``rows``, None where there are no finite values.

    ``summaries`` has the whole distribution of those tensors whose distribution is worth keeping.
    """

    rows: np.ndarray  # int64
    records: np.ndarray  # RECORD
    spreads: Spreads = NO_SPREADS
    summaries: Mapping[int, Summary] = field(default_factory=dict)
    errors: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of_one(cls, row: int, shape: tuple[int, ...], summary: Summary, keep: bool) -> Profiled:
        """A tensor that was read by itself; with ``keep`` its distribution goes along."""
        spreads = Spreads.of([Spread.of(summary.distribution)])
        record = record_of(summary, shape).reshape(1)
        return cls(np.array([row]), record, spreads, {row: summary} if keep else {})

    @classmethod
    def of_none(cls, rows: np.ndarray) -> Profiled:
        """Tensors without values."""
        return cls(rows, without_figures(len(rows)), Spreads.of([None] * len(rows)))

    @classmethod
    def failed(cls, row: int, error: str) -> Profiled:
        """A tensor that could not be read."""
        return cls(np.zeros(0, np.int64), np.zeros(0, RECORD), errors={row: error})

    @classmethod
    def joined(cls, parts: Sequence[Profiled]) -> Profiled:
        """All of them as one."""
        if len(parts) == 1:
            return parts[0]
        summaries: dict[int, Summary] = {}
        errors: dict[int, str] = {}
        for part in parts:
            summaries.update(part.summaries)
            errors.update(part.errors)
        return cls(
            np.concatenate([part.rows for part in parts]),
            np.concatenate([part.records for part in parts]),
            Spreads.joined([part.spreads for part in parts]),
            summaries,
            errors,
        )

    def with_copies(self, copies: Sequence[tuple[int, int]]) -> Profiled:
        """With further rows, the first of each pair, that are the same tensor as one of these, the second."""
        if not copies:
            return self
        number = {row: at for at, row in enumerate(self.rows.tolist())}
        read = [(copy, number[row]) for copy, row in copies if row in number]
        kept = np.array([*range(len(self.rows)), *(at for _, at in read)], np.int64)
        return Profiled(
            np.array([*number, *(copy for copy, _ in read)], np.int64),
            self.records[kept],
            self.spreads.taken(kept),
            {**self.summaries, **{copy: self.summaries[row] for copy, row in copies if row in self.summaries}},
            {**self.errors, **{copy: self.errors[row] for copy, row in copies if row in self.errors}},
        )
