"""Pairs of tensors that are known to be equal, by digest or by lying in one place, and need not be read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ckptgui.analysis.difference import same_records
from ckptgui.analysis.profile import FIGURES, NO_FIGURES, RECORD
from ckptgui.core.checkpoint import Checkpoint
from ckptgui.engine.compare_batches import same_places

_USED = ("known", "l2", "nan", "posinf", "neginf", "digest")


class KnownFigures:
    """Of a checkpoint's tensors, as far as they were read: what a pair of equal ones follows from."""

    def __init__(self, records: np.ndarray) -> None:
        """``records`` are of ``RECORD``, a row of the checkpoint each; what is needed of them is copied."""
        self._records = np.zeros(len(records), [(name, RECORD[name]) for name in _USED])
        self.put(np.arange(len(records)), records)

    @property
    def known(self) -> np.ndarray:
        """bool a row."""
        return np.asarray(self._records["known"] != 0)

    def put(self, rows: np.ndarray, records: np.ndarray) -> None:
        """Note some records of ``RECORD``."""
        for name in _USED:
            self._records[name][rows] = records[name]

    def of(self, rows: np.ndarray) -> Mapping[str, np.ndarray]:
        """The columns of some rows."""
        return {name: self._records[name][rows] for name in _USED}


def equal_pairs(
    a: Checkpoint, b: Checkpoint, known_a: KnownFigures, known_b: KnownFigures, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places in ``rows`` (int64, n × 2) of pairs that are equal and known well enough, and their records."""
    one, other = known_a.of(rows[:, 0]), known_b.of(rows[:, 1])
    read_a, read_b = (np.isin(side["known"], (FIGURES, NO_FIGURES)) for side in (one, other))
    alike = (one["digest"] == other["digest"]).all(axis=1) & one["digest"].any(axis=1) & read_a & read_b
    in_place = (read_a | read_b) & same_places(a.tensors, b.tensors, rows)
    found = np.flatnonzero(alike | in_place)
    told = {name: np.where(read_a[found], one[name][found], other[name][found]) for name in _USED[:-1]}
    records = same_records(
        a.tensors.numel[rows[found, 0]],
        told["known"] == FIGURES,
        told["l2"],
        told["nan"],
        told["posinf"] + told["neginf"],
    )
    return found, records
