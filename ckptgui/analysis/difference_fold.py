"""Folds two arrays of values of any two dtypes; values are widened to a type in which both are exact."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from ckptgui.analysis.difference_sums import PairSums
from ckptgui.core.dtypes import BY_NAME, DType, Kind

Space = Literal["float32", "float64", "integers", "complex"]
"""What values are folded as."""

_BITS: dict[str, tuple[Any, Any]] = {
    "float32": (np.int32, np.int32(0x7F800000)),
    "float64": (np.int64, np.int64(0x7FF0000000000000)),
}
"""An integer of the same width, and infinity as one."""


def space_of(a: DType, b: DType) -> Space:
    """The type in which both are exact. An integer of 64 bits beside a float is rounded to float64."""
    if Kind.COMPLEX in (a.kind, b.kind):
        return "complex"
    whole = [each.kind in (Kind.SIGNED, Kind.UNSIGNED, Kind.BOOL) for each in (a, b)]
    if all(whole) and 64 in (a.bits, b.bits):
        return "integers"
    return "float32" if all(map(_is_single, (a, b))) else "float64"


def _is_single(dtype: DType) -> bool:
    """Whether float32 holds all values; four-bit floats come as the float32 that they stand for."""
    if dtype.kind is Kind.FLOAT:
        return dtype.bits <= 32
    return dtype.kind is not Kind.QUANTIZED and dtype.bits <= 16


def fold(a: np.ndarray, b: np.ndarray, dtype_a: DType, dtype_b: DType) -> PairSums:
    """Two 1-d arrays of equal length, of the dtypes' own array types or of the reals that they stand for."""
    zero = np.zeros(1, np.int64)
    return fold_many(a, b, dtype_a, dtype_b, zero, zero, np.array([a.size]))


def fold_many(
    a: np.ndarray,
    b: np.ndarray,
    dtype_a: DType,
    dtype_b: DType,
    starts_a: np.ndarray,
    starts_b: np.ndarray,
    lengths: np.ndarray,
) -> PairSums:
    """Many pairs that stand in the two arrays, each of ``lengths`` elements from its starts on; not complex."""
    from ckptgui.analysis import difference_kernels as kernels

    space = space_of(dtype_a, dtype_b)
    if space == "complex":
        from ckptgui.analysis.difference_complex import fold_complex

        return fold_complex(a, b)
    found = PairSums.nothing(len(lengths))
    pairs = starts_a, starts_b, lengths
    if space == "integers":
        signed = dtype_a.kind is Kind.SIGNED, dtype_b.kind is Kind.SIGNED
        x, y = (widened(v, "int64" if s else "uint64", n) for n, (v, s) in enumerate(zip((a, b), signed)))
        kernels.fold_integers(x.view(np.uint64), y.view(np.uint64), *signed, pairs, found.columns)
    else:
        x, y = widened(a, space, 0), widened(b, space, 1)
        ints, infinite = _BITS[space]
        kernels.fold_floats(x, y, x.view(ints), y.view(ints), infinite, pairs, found.columns)
    return found


def widened(values: np.ndarray, name: str, side: int) -> np.ndarray:
    """The values as an array type of that name: as they are, or in memory that this thread has for each side."""
    target = np.dtype(name)
    if values.dtype == target:
        return np.ascontiguousarray(values)
    from ckptgui.analysis import difference_kernels as kernels

    out = _room(side, values.size * target.itemsize).view(target)
    own = values.dtype.name
    if target == np.float32 and own == "bfloat16":
        kernels.widen_bfloat16(values.view(np.uint16), out.view(np.uint32))
    elif target == np.float32 and own == "float16":
        kernels.widen_float16(values.view(np.uint16), _table(values.dtype), out.view(np.uint32))
    elif target == np.float32 and own.startswith("float8"):
        kernels.widen_codes(values.view(np.uint8), _table(values.dtype), out.view(np.uint32))
    elif values.dtype == np.bool_:
        np.not_equal(values.view(np.uint8), 0, out=out, casting="unsafe")
    else:
        with np.errstate(invalid="ignore"):  # a NaN that signals
            np.copyto(out, values, casting="unsafe")
    return out


def warm(space: str) -> None:
    """Compile or fetch what folding in this type can take."""
    usual = {"float32": ("float32", "bfloat16", "float16", "float8_e4m3fn"), "integers": ("int64",)}
    names = usual.get(space, (space,))
    for name in names:
        values = np.ones(2, BY_NAME[name].array)
        fold(values, values, BY_NAME[name], BY_NAME[name])


@lru_cache(maxsize=16)
def _table(dtype: np.dtype[Any]) -> np.ndarray:
    """The bits of float32 for each code."""
    codes = np.arange(1 << 8 * dtype.itemsize, dtype=f"u{dtype.itemsize}")
    with np.errstate(invalid="ignore"):
        return codes.view(dtype).astype(np.float32).view(np.uint32)


_local = threading.local()


def _room(side: int, nbytes: int) -> np.ndarray:
    rooms: dict[int, np.ndarray] = _local.__dict__.setdefault("rooms", {})
    kept = rooms.get(side)
    if kept is None or kept.nbytes < nbytes:
        kept = rooms[side] = np.empty(nbytes, np.uint8)
    return kept[:nbytes]
