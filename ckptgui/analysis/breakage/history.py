"""What breakages are drawn from: the figures of every tensor over a run's readable checkpoints, in matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ckptgui.analysis.difference import Differences
from ckptgui.analysis.profile import FIGURES, Profile, index_of
from ckptgui.core.dtypes import DType, Kind
from ckptgui.core.series.series import Series
from ckptgui.core.tensors import TensorKind

PROFILE_FIGURES = ("nan", "inf", "zeros", "std", "l2")
PAIR_FIGURES = ("relative", "cosine", "delta_l2", "changed")

_MANTISSA = {"float64": 52, "complex128": 52, "float16": 10, "bfloat16": 7}
_RATES = ("lr", "learning_rate")


@dataclass(frozen=True, eq=False)
class History:
    """float64 matrices, tensors × readable members, NaN for what is not known (yet) or not there.

    Column ``c`` belongs to member ``members[c]`` of the series; ``pairs`` has its change since the column before.
    ``equal_to[t, c]`` is the first column whose values are the same by digest, ``c`` itself where there is none.
    ``weights`` are floating-point tensors of more than one element that are not declared as buffers: what training
    moves, and what does not move in leaps by design.
    """

    series: Series
    members: tuple[int, ...]
    counts: np.ndarray  # int64 a tensor, its elements
    weights: np.ndarray  # bool a tensor
    precision: np.ndarray  # float64 a tensor: the smallest relative step that its dtype can hold
    figures: Mapping[str, np.ndarray]
    pairs: Mapping[str, np.ndarray]
    equal_to: np.ndarray  # int64
    rates: np.ndarray  # float64 a column: the largest learning rate among the plain values
    profiles: tuple[Profile | None, ...] = ()  # a column each
    between: Callable[[], None] = field(default=lambda: None)

    @property
    def columns(self) -> int:
        """How many checkpoints can be read."""
        return len(self.members)

    def first_place(self, tensor: int, column: int, kind: str) -> tuple[int, ...] | None:
        """The index of the first NaN (``nan``) or infinity (``inf``) of a tensor, where that is known."""
        part = self.series.matching.parts[self.members[column]]
        known = self.profiles[column] if column < len(self.profiles) else None
        row = int(self.series.matching.rows[tensor, self.members[column]])
        if part is None or known is None or row < 0:
            return None
        names = ("first_nan",) if kind == "nan" else ("first_posinf", "first_neginf")
        places = [int(known.records[name][row]) for name in names]
        first = min((place for place in places if place >= 0), default=-1)
        shape = part.checkpoint.tensors.shape(row)
        return index_of(first, shape) if shape else None


def history_of(
    series: Series,
    profiles: Sequence[Profile | None],
    pairs: Mapping[tuple[int, int], Differences],
    between: Callable[[], None] = lambda: None,
) -> History:
    """Gather what is known of a series. ``profiles`` are a member each, ``pairs`` by the numbers of two members;
    ``between`` is called now and then, so that it can stop the work.
    """
    matching, members = series.matching, series.whole
    shape = (len(matching), len(members))
    figures = {name: np.full(shape, np.nan) for name in PROFILE_FIGURES}
    changes = {name: np.full(shape, np.nan) for name in PAIR_FIGURES}
    keys = np.zeros(shape, np.uint64)
    for column, member in enumerate(members):
        between()
        profile, rows = profiles[member], matching.rows[:, member]
        there = np.flatnonzero(rows >= 0)
        if profile is not None:
            for name, matrix in figures.items():
                matrix[there, column] = profile.column(name)[rows[there]]
            keys[there, column] = _keys(profile)[rows[there]]
        pair = pairs.get((members[column - 1], member)) if column else None
        if pair is not None:
            for name, matrix in changes.items():
                matrix[:, column] = pair.column(name)
    counts, weights, precision = _nature(series)
    return History(
        series,
        members,
        counts,
        weights,
        precision,
        figures,
        changes,
        _equal_to(keys),
        np.array([_rate(series.members[member].scalars) for member in members]),
        tuple(profiles[member] for member in members),
        between,
    )


def _keys(profile: Profile) -> np.ndarray:
    """uint64 a row: half of the digest of its values, 0 where it is not known."""
    digests = np.ascontiguousarray(profile.records["digest"]).view(np.uint64)[:, 0]
    return np.where(profile.records["known"] == FIGURES, digests, np.uint64(0))


def _equal_to(keys: np.ndarray) -> np.ndarray:
    """int64, the first column with the same key, the own one where the key is 0."""
    own = np.arange(keys.shape[1])[None, :]
    if not keys.size:
        return np.zeros(keys.shape, np.int64)
    order = np.argsort(keys, axis=1, kind="stable")
    ranked = np.take_along_axis(keys, order, 1)
    new = np.ones(keys.shape, bool)
    new[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    begins = np.maximum.accumulate(np.where(new, own, 0), axis=1)
    first = np.empty(keys.shape, np.int64)
    np.put_along_axis(first, order, np.take_along_axis(order, begins, 1), 1)
    return np.where(keys == 0, own, first)


def _nature(series: Series) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, weights and precision of every tensor, as the first checkpoint that has it tells."""
    matching = series.matching
    counts = np.zeros(len(matching), np.int64)
    weights = np.zeros(len(matching), bool)
    precision = np.zeros(len(matching))
    for member in reversed(series.whole):
        part = matching.parts[member]
        assert part is not None
        table, there = part.checkpoint.tensors, np.flatnonzero(matching.rows[:, member] >= 0)
        rows = matching.rows[there, member]
        counts[there] = table.numel[rows]
        floats = np.array([dtype.kind in (Kind.FLOAT, Kind.COMPLEX) for dtype in table.dtypes] or [False])
        weights[there] = (
            floats[table.dtype[rows]] & (table.numel[rows] > 1) & (table.kind[rows] != TensorKind.BUFFER)
        )
        precision[there] = np.array([_precision(dtype) for dtype in table.dtypes] or [0.0])[table.dtype[rows]]
    return counts, weights, precision


def _precision(dtype: DType) -> float:
    bits = _MANTISSA.get(dtype.name, 23 if dtype.bits >= 32 else 3)
    return float(2.0 ** -(bits + 1))


def _rate(scalars: Mapping[str, float]) -> float:
    """The largest learning rate among a checkpoint's plain values, NaN where it tells none."""
    found = [value for path, value in scalars.items() if path.rpartition("/")[2] in _RATES and np.isfinite(value)]
    return max(found, default=np.nan)
