"""Many small pairs at once: read with few large reads from both files and folded by one compiled loop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.difference_fold import fold_many
from ckptgui.analysis.difference_sums import PairSums
from ckptgui.core.columns import distinct, ragged
from ckptgui.core.dtypes import DType, Kind, decode
from ckptgui.core.tensors import TensorTable
from ckptgui.engine.batches import read_together
from ckptgui.engine.compare_one import state_of
from ckptgui.engine.placing import Places, places_of
from ckptgui.sources.locate import SourcePool

SMALL = 1 << 20
"""Bytes of a tensor that may go into a batch."""


@dataclass(frozen=True)
class PairPlaces:
    """Where pairs of rows lie in two checkpoints. ``small`` ones may go into a batch, of the ``same`` bytes of one
    file one side is enough.
    """

    a: TensorTable
    b: TensorTable
    places_a: Places
    places_b: Places
    small: np.ndarray  # bool
    same: np.ndarray  # bool

    @classmethod
    def of(cls, a: TensorTable, b: TensorTable, places_a: Places, places_b: Places) -> PairPlaces:
        """Of places of equally many rows."""
        rows_a, rows_b = places_a.rows, places_b.rows
        simple = [_simple(table)[table.dtype[rows]] for table, rows in ((a, rows_a), (b, rows_b))]
        plain = places_a.plain & places_b.plain
        small = plain & simple[0] & simple[1] & (np.maximum(a.nbytes[rows_a], b.nbytes[rows_b]) <= SMALL)
        same = plain & _same(a, b, places_a, places_b)
        return cls(a, b, places_a, places_b, small, same)

    def fold(self, numbers: np.ndarray, pool: SourcePool) -> np.ndarray:
        """The records (``DIFFERENCE``) of these, all ``small`` and alike in being the ``same``; any thread.

        Raises ``CheckpointError`` when the bytes of any of them cannot be had.
        """
        lengths = self.a.numel[self.places_a.rows[numbers]]
        one = _read(self.a, self.places_a, numbers, pool, 0)
        same = bool(self.same[numbers].all())
        other = one if same else _read(self.b, self.places_b, numbers, pool, 1)
        kinds_a = self.a.dtype[self.places_a.rows[numbers]].astype(np.int64)
        kinds = kinds_a * 256 + self.b.dtype[self.places_b.rows[numbers]]
        found = PairSums.nothing(len(numbers))
        for kind in distinct(kinds).tolist():
            here = np.flatnonzero(kinds == kind)
            dtypes = self.a.dtypes[kind // 256], self.b.dtypes[kind % 256]
            (x, starts_x), (y, starts_y) = (
                _values(data, at[here], lengths[here], dtype) for (data, at), dtype in zip((one, other), dtypes)
            )
            part = fold_many(x, y, *dtypes, starts_x, starts_y, lengths[here])
            for whole, piece in zip(found.columns, part.columns):
                whole[here] = piece
        return found.records(lengths)


def same_places(a: TensorTable, b: TensorTable, rows: np.ndarray) -> np.ndarray:
    """bool for each of ``rows`` (int64, n × 2): both are one plain stretch of one file, as the same numbers."""
    places_a, places_b = places_of(a, rows[:, 0]), places_of(b, rows[:, 1])
    simple = _simple(a)[a.dtype[rows[:, 0]]] & (a.numel[rows[:, 0]] == b.numel[rows[:, 1]])
    found: np.ndarray = simple & places_a.plain & places_b.plain & _same(a, b, places_a, places_b)
    return found


def _same(a: TensorTable, b: TensorTable, places_a: Places, places_b: Places) -> np.ndarray:
    """bool each: they begin at the same byte of one file and are of one dtype."""
    numbers: dict[tuple[int, ...], int] = {}
    files_a, files_b = (
        np.array([numbers.setdefault(state_of(source), len(numbers)) for source in table.extents.sources] + [-1])
        for table in (a, b)
    )
    names_a, names_b = (np.array([dtype.name for dtype in table.dtypes] or [""]) for table in (a, b))
    found: np.ndarray = (files_a[places_a.source] == files_b[places_b.source]) & (places_a.start == places_b.start)
    found &= names_a[a.dtype[places_a.rows]] == names_b[b.dtype[places_b.rows]]
    return found


def _read(
    table: TensorTable, places: Places, numbers: np.ndarray, pool: SourcePool, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of these, and where each begins."""
    order = np.lexsort((places.start[numbers], places.source[numbers]))
    mine = numbers[order]
    data, at = read_together(table, places.rows[mine], places.source[mine], places.start[mine], pool, side)
    begin = np.empty_like(at)
    begin[order] = at
    return data, begin


def _values(data: np.ndarray, at: np.ndarray, lengths: np.ndarray, dtype: DType) -> tuple[np.ndarray, np.ndarray]:
    """The stretch of ``data`` that has them all, as values, and where each begins in it."""
    width = dtype.itemsize
    if (at % width).any():  # where a file puts values at odd places, they are put in order first
        data, at = data[ragged(at, lengths * width)], np.concatenate([[0], np.cumsum(lengths * width)[:-1]])
    low, high = int(at.min()), int((at + lengths * width).max())
    return decode(data[low:high], dtype), (at - low) // width


def _simple(table: TensorTable) -> np.ndarray:
    """bool a dtype: its elements are numbers by themselves."""
    odd = (Kind.COMPLEX, Kind.QUANTIZED, Kind.PACKED)
    return np.array([dtype.kind not in odd for dtype in table.dtypes] or [False])
