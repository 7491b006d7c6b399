"""The records of many small tensors at once: what ``record_of`` says of each, without an object for any."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from ckptgui.analysis.profile import (
    BARS,
    FIGURES,
    FLOAT,
    PROFILE_QUANTILES,
    RECORD,
    SIGNED,
    TINY,
    UNDERFLOW16,
)
from ckptgui.analysis.spreads import Spreads
from ckptgui.core.dtypes import BY_NAME, DType, Kind

_FRACTIONS = np.array(PROFILE_QUANTILES)
_LIMITS = np.array([TINY, UNDERFLOW16, (1.0 - 0.998) / 2])
_COLUMNS = (
    ("nan", 1),
    ("posinf", 2),
    ("neginf", 3),
    ("first_nan", 4),
    ("first_posinf", 5),
    ("first_neginf", 6),
    ("zeros", 7),
    ("tiny", 8),
    ("underflow16", 9),
    ("argmin", 10),
    ("argmax", 11),
)


def batched(dtype: DType) -> bool:
    """Whether ``fold`` takes values of this type."""
    if dtype.name == "uint64":  # the only integers that no signed 64 bits hold
        return False
    return dtype.kind in (Kind.FLOAT, Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL)


def fold(stored: np.ndarray, dtype: DType, starts: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, Spreads]:
    """Records and distributions of the tensors of ``lengths`` elements at ``starts`` in ``stored`` (uint8).

    ``stored`` holds elements of ``dtype``, little-endian; places count elements. Digests are left zero.
    """
    from ckptgui.analysis import batch_kernels

    values = _widened(stored, dtype)
    bits = values.view(f"u{values.itemsize}")
    count, most = len(starts), int(lengths.sum())
    tallies, reals = np.zeros((count, 13), np.int64), np.empty((count, 4))
    extremes, quantiles = np.zeros((count, 2), values.dtype), np.empty((count, len(_FRACTIONS)))
    bars = np.zeros((count, BARS), np.uint8)
    places, counts = np.empty(most, np.uint16), np.empty(most, np.int64)
    unit = bits.dtype.type
    used = batch_kernels.fold_many(
        values,
        bits,
        starts,
        lengths,
        unit(1 << 8 * values.itemsize - 1),
        ~unit(0),
        values.dtype.kind == "i",
        np.arange(0, 8 * values.itemsize, 8).astype(bits.dtype),
        _FRACTIONS,
        _LIMITS,
        extremes,
        tallies,
        reals,
        quantiles,
        bars,
        places,
        counts,
    )
    records = np.zeros(count, RECORD)
    records["known"] = FIGURES
    for name, column in _COLUMNS:
        records[name] = tallies[:, column]
    for column, name in enumerate(("mean", "std", "l1", "l2")):
        records[name] = reals[:, column]
    records["quantiles"], records["sparkline"] = quantiles, bars
    some = tallies[:, 0] > 0
    integers = dtype.kind is not Kind.FLOAT
    ends = extremes.astype(np.int64) if integers else (extremes.astype(np.float64) + 0.0).view(np.int64)
    records["number"] = np.where(some, SIGNED if integers else FLOAT, 0)
    records["min"], records["max"] = np.where(some, ends.T, 0)
    outer = np.where(some, extremes.T.astype(np.float64), np.nan)
    edges = np.concatenate([[0], np.cumsum(tallies[:, 12])])
    return records, Spreads(places[:used].copy(), counts[:used].copy(), edges, outer[0], outer[1])


def _widened(stored: np.ndarray, dtype: DType) -> np.ndarray:
    """Values of one of the three types that the loop is compiled for."""
    values: np.ndarray = stored.view(dtype.array)
    if dtype.name == "bfloat16":
        values = (stored.view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
    elif dtype.bits == 8:
        values = _by_byte(dtype)[stored]
    elif dtype.bits == 16:
        with np.errstate(invalid="ignore"):  # a signalling NaN is a NaN
            values = values.astype(np.float32)
    elif dtype.kind is not Kind.FLOAT:
        values = values.astype(np.int64, copy=False)
    return values


@lru_cache(maxsize=16)
def _by_byte(dtype: DType) -> np.ndarray:
    """The values of all bytes, as float32."""
    codes = np.arange(256, dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        values: np.ndarray = (codes != 0 if dtype.kind is Kind.BOOL else codes.view(dtype.array)).astype(
            np.float32
        )
    return values


KINDS = ("float32", "int64", "float64")
"""What small tensors' values are widened to, that of most files first."""


def warm(kinds: Iterable[str] = KINDS) -> None:
    """Compile or load the loop for these; for a background thread, as the very first time takes seconds."""
    for name in kinds:
        dtype = BY_NAME[name]
        fold(np.zeros(2 * dtype.itemsize, np.uint8), dtype, np.zeros(1, np.int64), np.full(1, 2))
