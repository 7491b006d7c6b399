"""Where the stored elements of a sparse tensor stand in the whole of it, in every layout that torch has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ckptgui.analysis.statistics import Statistics
from ckptgui.core.dtypes import Kind
from ckptgui.core.tensors import TensorInfo, contiguous_strides
from ckptgui.engine.access import storage_reader
from ckptgui.engine.decoding import modulus
from ckptgui.engine.gather import gather, raw_dtype, require_whole, resolve
from ckptgui.engine.job import Cancel
from ckptgui.engine.window import real_values
from ckptgui.errors import DamagedFileError, LimitExceededError
from ckptgui.sources.locate import SourcePool

STEP = 1 << 18
"""Stored elements that are looked at together."""

MOST = 1 << 21
"""Stored elements whose places are all remembered, where they do not stand in row-major order."""

_REPEATED = 4
_ALWAYS_READ = 1 << 30

MOST_EDGES = 1 << 24
"""Rows of a compressed matrix whose beginnings are all remembered."""

INDICES: Mapping[str, tuple[str, ...]] = {
    "sparse_coo": ("indices",),
    "sparse_csr": ("crow_indices", "col_indices"),
    "sparse_bsr": ("crow_indices", "col_indices"),
    "sparse_csc": ("ccol_indices", "row_indices"),
    "sparse_bsc": ("ccol_indices", "row_indices"),
}
"""The components that say where the values stand."""

Ranks = Callable[[int, int], np.ndarray]
"""Row-major places in the whole (int64) of the stored elements from one number up to another."""


@dataclass(frozen=True)
class StoredPlaces:
    """``ranks`` where they rise; otherwise ``all_ranks``. Neither of them: the places are not ``known``."""

    values: Callable[[int, int], np.ndarray]
    shape: tuple[int, ...]  # of the values
    ranks: Ranks | None = None
    all_ranks: np.ndarray | None = None
    first_unstored: int | None = None

    @property
    def known(self) -> bool:
        """Whether places can be told."""
        return self.ranks is not None or self.all_ranks is not None

    def ranks_of(self, stored: Statistics) -> dict[str, int]:
        """Where in the whole the first of each stands that ``stored`` has a place of, by the name of that."""
        names = ("argmin", "argmax", "first_nan", "first_posinf", "first_neginf")
        given = {name: place for name in names if (place := getattr(stored, name)) is not None}
        if self.ranks is not None:
            steps = contiguous_strides(self.shape)
            numbers = {name: sum(i * step for i, step in zip(place, steps)) for name, place in given.items()}
            return {name: int(self.ranks(number, number + 1)[0]) for name, number in numbers.items()}
        return self._lowest(stored, given) if self.all_ranks is not None else {}

    def _lowest(self, stored: Statistics, given: Mapping[str, object]) -> dict[str, int]:
        assert self.all_ranks is not None
        tests: dict[str, Callable[[np.ndarray], np.ndarray]] = {
            "argmin": lambda values: values == stored.min,
            "argmax": lambda values: values == stored.max,
            "first_nan": np.isnan,
            "first_posinf": lambda values: values == np.inf,
            "first_neginf": lambda values: values == -np.inf,
        }
        found: dict[str, int] = {}
        for start in range(0, self.all_ranks.size, STEP):
            stop = min(start + STEP, self.all_ranks.size)
            values, ranks = self.values(start, stop), self.all_ranks[start:stop]
            for name in given:
                hits = ranks[tests[name](values)]
                if hits.size:
                    found[name] = min(found.get(name, int(hits.min())), int(hits.min()))
        return found


def stored_places(
    info: TensorInfo, parts: Mapping[str, TensorInfo], pool: SourcePool, cancel: Cancel
) -> StoredPlaces | None:
    """Where the stored elements are; None where one is stored twice, or where that cannot be found out.

    Reads the indices. Raises ``CheckpointError`` where they cannot be had or lead outside of the shape.
    """
    for part in parts.values():
        _refuse_repeated(part)
    values, total = parts["values"], parts["values"].numel
    read = _reader(values, pool)
    rule = _coo(info, parts, pool) if info.layout == "sparse_coo" else _compressed(info, parts, pool)
    compressed = info.layout != "sparse_coo"
    if rule is None or info.numel >= 1 << 62:
        return StoredPlaces(read, values.shape) if compressed else None
    kept: list[np.ndarray] = []
    before, gap, rising = -1, None, True
    for start, ranks in _steps(rule, total, cancel):
        rising = rising and ranks[0] > before and bool((np.diff(ranks) > 0).all())
        before = int(ranks[-1])
        if gap is None:
            gap = _first_gap(start, ranks)
        if total <= MOST:
            kept.append(ranks)
        elif not rising:  # a compressed layout stores nothing twice
            return StoredPlaces(read, values.shape) if compressed else None
    end = total if total < info.numel else None
    if rising:
        return StoredPlaces(read, values.shape, ranks=rule, first_unstored=end if gap is None else gap)
    ranks = np.concatenate(kept)
    ordered = np.sort(ranks)
    if (np.diff(ordered) == 0).any():
        return None
    gap = _first_gap(0, ordered)
    return StoredPlaces(read, values.shape, all_ranks=ranks, first_unstored=end if gap is None else gap)


def _refuse_repeated(part: TensorInfo) -> None:
    """A component of a few bytes can claim a terabyte of values."""
    stored = part.extent.nbytes if part.extent is not None else part.nbytes
    if part.nbytes > max(_REPEATED * stored, _ALWAYS_READ):
        words = f"Its {part.nbytes:,} bytes of {part.path[-1]} repeat {stored:,} in the file"
        raise LimitExceededError(f"{words}, which is too much to read through.")


def _steps(rule: Ranks, total: int, cancel: Cancel) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, total, STEP):
        cancel.check()
        yield start, rule(start, min(start + STEP, total))


def _first_gap(start: int, ranks: np.ndarray) -> int | None:
    """The first place that is not taken, as far as ranks that rise tell."""
    off = np.flatnonzero(ranks != np.arange(start, start + ranks.size))
    return start + int(off[0]) if off.size else None


def _coo(info: TensorInfo, parts: Mapping[str, TensorInfo], pool: SourcePool) -> Ranks | None:
    indices, values = parts["indices"], parts["values"]
    if len(indices.shape) != 2 or indices.shape[0] > len(info.shape) or values.shape[:1] != indices.shape[1:]:
        return None
    sides = info.shape[: indices.shape[0]]
    inner = math.prod(info.shape[indices.shape[0] :])
    columns = [_reader(indices, pool, axis) for axis in range(len(sides))]

    def ranks(start: int, stop: int) -> np.ndarray:
        first, last = start // inner, -(-stop // inner)
        cells = np.zeros(last - first, np.int64)
        for side, column in zip(sides, columns):
            cells = cells * side + _within(column(first, last), side)
        whole = np.arange(start, stop)
        found: np.ndarray = cells[whole // inner - first] * inner + whole % inner
        return found

    return ranks


def _compressed(info: TensorInfo, parts: Mapping[str, TensorInfo], pool: SourcePool) -> Ranks | None:
    """Rows (or columns) by where each begins, with single values or blocks of them."""
    begins, others, values = (parts[name] for name in (*INDICES[info.layout], "values"))
    blocks = info.layout in ("sparse_bsr", "sparse_bsc")
    if len(begins.shape) != 1 or len(info.shape) < 2 or values.shape[:1] != others.shape:
        return None  # batches of matrices
    high, wide = values.shape[1:3] if blocks and len(values.shape) >= 3 else (1, 1)
    if begins.numel > MOST_EDGES or not high * wide:
        return None
    inner = math.prod(info.shape[2:])
    each = high * wide * inner
    sides = info.shape[0] // high, info.shape[1] // wide
    by_row = info.layout in ("sparse_csr", "sparse_bsr")
    edges = _reader(begins, pool)(0, begins.numel)
    other = _reader(others, pool)

    def ranks(start: int, stop: int) -> np.ndarray:
        first, last = start // each, -(-stop // each)
        major = np.searchsorted(edges, np.arange(first, last), side="right") - 1
        minor = _within(other(first, last), sides[by_row])
        row, column = (major, minor) if by_row else (minor, major)
        whole = np.arange(start, stop)
        cell, inside = whole // each - first, whole % each
        row = _within(row, sides[0])[cell] * high + inside // (wide * inner)
        column = _within(column, sides[1])[cell] * wide + inside // inner % wide
        found: np.ndarray = (row * info.shape[1] + column) * inner + inside % inner
        return found

    return ranks


def _within(indices: np.ndarray, side: int) -> np.ndarray:
    if indices.size and not (indices.min() >= 0 and indices.max() < side):
        raise DamagedFileError(f"An index of its stored values lies outside of a dimension of {side:,}.")
    return indices.astype(np.int64)


def _reader(info: TensorInfo, pool: SourcePool, axis: int | None = None) -> Callable[[int, int], np.ndarray]:
    """Reads a stretch of a tensor's real values in row-major order; of a matrix, of its row ``axis``."""
    require_whole(info)
    assert info.extent is not None
    reader = storage_reader(info.extent, pool)
    shape, strides, offset = info.shape, info.strides, info.storage_offset
    if axis is not None:
        offset, shape, strides = offset + axis * strides[0], shape[1:], strides[1:]

    def read(start: int, stop: int) -> np.ndarray:
        # A stretch that begins within a row of the values is cut out of the rows that it touches.
        inner = math.prod(shape[1:])
        first, last = start // inner, -(-stop // inner)
        raw = np.empty((last - first, *shape[1:]), raw_dtype(info.dtype))
        gather(reader, raw, strides, offset + first * strides[0])
        values = resolve(raw, info)
        if info.dtype.kind is Kind.COMPLEX:
            values = modulus(values.reshape(-1))
        elif info.dtype.kind is Kind.QUANTIZED:
            values = real_values(info, values, (slice(first, last),))
        elif info.dtype.kind is Kind.FLOAT:
            values = values.astype(np.float64)
        flat: np.ndarray = values.reshape(-1)[start - first * inner : stop - first * inner]
        return flat

    return read
