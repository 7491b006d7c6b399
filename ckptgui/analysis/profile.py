"""A checkpoint's profile: the figures of all its tensors in columns, and what is kept of each on the disk.

``RECORD`` is the one place that says what is known of a tensor: the window's columns, its filter and health
list, the cache on the disk and the comparison of epochs all read these fields.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ckptgui.analysis.distribution import Distribution
from ckptgui.analysis.statistics import Number, Statistics
from ckptgui.analysis.summary import Summary

PROFILE_QUANTILES = (0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999)
BARS = 32
"""Bars of a sparkline."""

RECORD = np.dtype(
    [
        ("known", "u1"),  # UNKNOWN, FIGURES or NO_FIGURES
        ("number", "u1"),  # FLOAT, SIGNED or UNSIGNED: what the bits of min and max are
        ("approximate", "u1"),  # 1 where the quantiles are not exact
        ("min", "<i8"),
        ("max", "<i8"),
        ("argmin", "<i8"),  # places are row-major over the tensor's shape, -1 for none, UNTOLD for one not known
        ("argmax", "<i8"),
        ("mean", "<f8"),  # NaN where there is none
        ("std", "<f8"),
        ("l1", "<f8"),
        ("l2", "<f8"),
        ("zeros", "<i8"),
        ("nan", "<i8"),
        ("posinf", "<i8"),
        ("neginf", "<i8"),
        ("tiny", "<i8"),  # finite values nearer to zero than TINY, zeros included
        ("underflow16", "<i8"),  # values that are not zero and nearer to it than UNDERFLOW16
        ("first_nan", "<i8"),
        ("first_posinf", "<i8"),
        ("first_neginf", "<i8"),
        ("quantiles", "<f8", (len(PROFILE_QUANTILES),)),  # NaN where there are none
        ("sparkline", "u1", (BARS,)),
        ("digest", "u1", (16,)),  # zero where there is none
    ]
)

UNKNOWN, FIGURES, NO_FIGURES = 0, 1, 2
FLOAT, SIGNED, UNSIGNED = 0, 1, 2
UNTOLD = -2
"""The place of an extreme of which it is not known where it stands, as in a batch of compressed matrices."""

TINY = 2.0**-19
"""No value of a channel whose norm is below 1e-6 is as large: where few are so small there is no dead channel."""

UNDERFLOW16 = 2.0**-25
"""Half the smallest float16: what is nearer to zero becomes zero there. Both are ends of cells of ``Spread``."""

_PLACES = ("argmin", "argmax", "first_nan", "first_posinf", "first_neginf")
_REALS = ("mean", "std", "l1", "l2")
_COUNTS = ("zeros", "nan", "posinf", "neginf")


class Profile:
    """One record a tensor, in the table's order; belongs to one thread. Memory is taken as rows are filled."""

    def __init__(self, count: int, shape: Callable[[int], tuple[int, ...]]) -> None:
        """``shape`` of a row says what a place in its tensor means."""
        self._shape = shape
        self.records = np.zeros(count, RECORD)

    def __len__(self) -> int:
        return len(self.records)

    def put(self, rows: np.ndarray, records: np.ndarray) -> None:
        """Fill some rows."""
        self.records[rows] = records

    @property
    def known(self) -> np.ndarray:
        """bool a tensor: it was read, or there is nothing to read."""
        return np.asarray(self.records["known"] != UNKNOWN)

    def column(self, name: str) -> np.ndarray:
        """float64 a tensor, NaN where it is not known: a field of ``RECORD``, or ``inf`` for both signs."""
        records = self.records
        if name in ("min", "max"):
            bits = records[name]
            values = np.where(records["number"] == FLOAT, bits.view(np.float64), bits.astype(np.float64))
            values = np.where(records["number"] == UNSIGNED, bits.view(np.uint64).astype(np.float64), values)
        elif name == "inf":
            values = (records["posinf"] + records["neginf"]).astype(np.float64)
        else:
            values = records[name].astype(np.float64)
        missing = records["known"] != FIGURES
        if name in ("min", "max"):
            missing = missing | (records["argmin"] == -1)
        return np.where(missing, np.nan, values)

    def statistics(self, row: int) -> Statistics | None:
        """The figures of a tensor; None as long as it was not read."""
        record = self.records[row]
        shape = self._shape(row)
        count = math.prod(shape)
        if record["known"] != FIGURES:
            return Statistics(count) if record["known"] == NO_FIGURES else None
        found: dict[str, Any] = {name: int(record[name]) for name in _COUNTS}
        found |= {name: index_of(int(record[name]), shape) for name in _PLACES}
        found |= {name: None if np.isnan(record[name]) else float(record[name]) for name in _REALS}
        return Statistics(count, min=_extreme(record, "min"), max=_extreme(record, "max"), **found)

    def sparkline(self, row: int) -> bytes:
        """Bars from 0 to 255; empty where there are none."""
        bars = self.records["sparkline"][row]
        return bars.tobytes() if bars.any() else b""


def without_figures(count: int) -> np.ndarray:
    """The records of tensors that have no values, or none whose meaning is known."""
    records = np.zeros(count, RECORD)
    records["known"] = NO_FIGURES
    for name in _PLACES:
        records[name] = -1
    return records


def record_of(summary: Summary, shape: tuple[int, ...]) -> np.ndarray:
    """One tensor's record (an array of no dimensions)."""
    record = np.zeros((), RECORD)
    figures, spread = summary.statistics, summary.distribution
    if summary.digest is not None:
        record["digest"] = np.frombuffer(summary.digest, np.uint8)
    for name in _PLACES:
        place = getattr(figures, name)
        record[name] = -1 if place is None else _rank(place, shape)
    if figures.nan is None:
        record["known"] = NO_FIGURES
        return record
    record["known"] = FIGURES
    if figures.min is not None and figures.max is not None:
        record["number"], record["min"], record["max"] = _bits(figures.min, figures.max)
        for name in ("argmin", "argmax"):
            record[name] = UNTOLD if getattr(figures, name) is None else record[name]
    for name in _REALS:
        value = getattr(figures, name)
        record[name] = np.nan if value is None else value
    for name in _COUNTS:
        record[name] = getattr(figures, name) or 0
    record["quantiles"] = np.nan
    if spread is not None and spread.total:
        record["quantiles"] = spread.quantiles(PROFILE_QUANTILES)
        record["approximate"] = not spread.exact
        record["sparkline"] = np.frombuffer(spread.sparkline(BARS), np.uint8)
        record["tiny"] = _nearer(spread, TINY)
        record["underflow16"] = _nearer(spread, UNDERFLOW16) - record["zeros"]
    return record


def _nearer(spread: Distribution, limit: float) -> int:
    """How many values are nearer to zero than ``limit``; spans lie on one side of it."""
    near = np.maximum(np.abs(spread.lows), np.abs(spread.highs)) < limit
    return int(spread.counts[near].sum()) * spread.times


def plausible(records: np.ndarray, numel: np.ndarray) -> np.ndarray:
    """bool a record: it may be that of a tensor of ``numel`` elements, so that nobody stumbles over it."""
    good: np.ndarray = (records["known"] <= NO_FIGURES) & (records["number"] <= UNSIGNED)
    for name in _PLACES:
        good &= (records[name] >= UNTOLD) & (records[name] < numel)
    for name in _COUNTS:
        good &= (records[name] >= 0) & (records[name] <= numel)
    return good


def _bits(low: Number, high: Number) -> tuple[int, int, int]:
    if isinstance(low, int) and isinstance(high, int):
        if high < 1 << 63:
            return SIGNED, low, high
        pair = np.array([low, high], np.uint64).view(np.int64).tolist()
        return UNSIGNED, pair[0], pair[1]
    pair = np.array([low, high], np.float64).view(np.int64).tolist()
    return FLOAT, pair[0], pair[1]


def _extreme(record: np.void, name: str) -> Number | None:
    if record["argmin"] == -1:
        return None
    bits, number = np.array([record[name]]), record["number"]
    view = {FLOAT: np.float64, SIGNED: np.int64, UNSIGNED: np.uint64}[int(number)]
    value: Number = bits.view(view)[0].item()
    return value


def _rank(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    rank = 0
    for here, size in zip(index, shape):
        rank = rank * size + here
    return rank


def index_of(rank: int, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    """The index of an element from its row-major place in ``shape``; None where there is no place."""
    if rank < 0:
        return None
    index = []
    for size in reversed(shape):
        rank, here = divmod(rank, size)
        index.append(here)
    return tuple(reversed(index))
