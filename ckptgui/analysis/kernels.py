"""The compiled loops over codes and keys: bit patterns counted and found, keys counted within ranges.

Import this module late (see ``analysis.compiled``). A *code* is what counts are kept by, a *key* an integer that
sorts as the values do (``analysis.keys``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ckptgui.analysis.compiled import njit as njit
from ckptgui.analysis.float_kernels import ends_of, place_of
from ckptgui.analysis.reduction import Reduction

BLOCK = 4096
_MAG32 = np.uint32(0x7FFFFFFF)
_MAG64 = np.uint64(0x7FFFFFFFFFFFFFFF)


@njit()
def count_codes(codes, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Count each code of 8 or 16 bits, in four tables in turn, so that equal neighbours do not wait."""
    whole = codes.size // 4 * 4
    for i in range(0, whole, 4):
        counts[0, codes[i]] += np.uint32(1)
        counts[1, codes[i + 1]] += np.uint32(1)
        counts[2, codes[i + 2]] += np.uint32(1)
        counts[3, codes[i + 3]] += np.uint32(1)
    for i in range(whole, codes.size):
        counts[0, codes[i]] += np.uint32(1)


@njit()
def fold_halves(codes, ints, infinite, counts, special):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fold floats of 16 bits; ``ints`` are the same bytes as signed integers, ``infinite`` the bits of infinity.

    ``special`` gets the counts of NaN, inf and -inf, then the first place of each. Returns where the
    least and the greatest value stand first, -1 where nothing is finite.
    """
    mask = np.int64(0x7FFF)
    low, high = mask, -mask
    in_low = in_high = -1
    room = np.empty(BLOCK, np.uint16)
    room_ints = room.view(np.int16)
    for start in range(0, codes.size, BLOCK):
        block = codes[start : start + BLOCK]
        least, most, _, _ = ends_of(block, ints[start : start + BLOCK], mask)
        if most >= infinite or least <= -infinite:
            n = 0
            for i in range(block.size):
                magnitude = np.int64(block[i]) & mask
                if magnitude < infinite:
                    room[n] = block[i]
                    n += 1
                    continue
                sort = 0 if magnitude > infinite else (1 if block[i] == magnitude else 2)
                if special[sort] == 0:
                    special[3 + sort] = start + i
                special[sort] += 1
            least, most, _, _ = ends_of(room[:n], room_ints[:n], mask)
        if least < low:
            low, in_low = least, start
        if most > high:
            high, in_high = most, start
        count_codes(block, counts)
    at_low = place_of(ints, in_low, mask, low) if in_low >= 0 else -1
    at_high = place_of(ints, in_high, mask, high) if in_high >= 0 else -1
    return at_low, at_high


@njit()
def first_of(codes, wanted):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """The first position of each wanted code."""
    found = np.full(wanted.size, -1, np.int64)
    for j in range(wanted.size):
        code = wanted[j]
        for start in range(0, codes.size, BLOCK):
            block = codes[start : start + BLOCK]
            hits = 0
            for i in range(block.size):
                hits += block[i] == code
            if hits:
                for i in range(block.size):
                    if block[i] == code:
                        found[j] = start + i
                        break
                break
    return found


@njit()
def float32_keys(bits, keys):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Keys that sort as the float32 values do."""
    for i in range(bits.size):
        magnitude = np.int64(bits[i] & _MAG32)
        keys[i] = magnitude if bits[i] <= _MAG32 else -magnitude


@njit()
def float64_keys(bits, keys):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Keys that sort as the float64 values do."""
    for i in range(bits.size):
        magnitude = np.int64(bits[i] & _MAG64)
        keys[i] = magnitude if bits[i] <= _MAG64 else -magnitude


@njit()
def count_ranges(keys, lows, highs, shifts, places, counts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Count the keys within each range (sorted, disjoint) by their distance from its start, shifted right."""
    last = lows.size - 1
    base = np.uint64(lows[0])
    # A map of 65,536 stretches tells which range a key can be in, or (past the last) that it is in none.
    coarse = np.uint64(0)
    while (np.uint64(highs[last]) - base) >> coarse >= np.uint64(65536):
        coarse += np.uint64(1)
    first = np.full(65536, last + 1, np.int32)
    for j in range(last, -1, -1):
        begin = np.int64((np.uint64(lows[j]) - base) >> coarse)
        end = np.int64((np.uint64(highs[j]) - base) >> coarse)
        first[begin : end + 1] = j
    for i in range(keys.size):
        key = keys[i]
        if key < lows[0] or key > highs[last]:
            continue
        at = np.int64(first[np.int64((np.uint64(key) - base) >> coarse)])
        while at <= last and highs[at] < key:
            at += 1
        if at <= last and lows[at] <= key:
            step = np.uint64(key) - np.uint64(lows[at])
            counts[places[at] + np.int64(step >> np.uint64(shifts[at]))] += np.uint32(1)


KINDS = ("float32", "narrow", "integers", "float64")
"""Values as they are once decoded, those that most files have first."""


def warm(kinds: Collection[str] = KINDS) -> None:
    """Load or compile every loop that a first reading of these can need, so that no click need wait for them.

    For a background thread: it takes a third of a second, the very first time many.
    """
    from ckptgui.analysis.keys import Space
    from ckptgui.analysis.narrow import NarrowPass
    from ckptgui.analysis.reduction import Chunk
    from ckptgui.analysis.refinement import RefinementPass
    from ckptgui.analysis.wide import FloatPass, IntegerPass
    from ckptgui.core.dtypes import BY_NAME

    def fold(reduction: Reduction[Any, Any], values: np.ndarray) -> None:
        reduction.finish(reduction.of(Chunk(values, (0,), values.shape, (1,), in_order=True)))

    ends = np.array([1], np.int64)
    spaces: tuple[Space, ...] = ("float32", "float64")
    for space in spaces:
        if space not in kinds:
            continue
        values = np.array([1.0, np.nan, -1.0, 0.0], space)
        fold(FloatPass(space), values)
        fold(RefinementPass(space, ends, ends), values)
    for name in ("int32", "uint32", "int64", "uint64") if "integers" in kinds else ():
        fold(IntegerPass("uint64" if name == "uint64" else "int"), np.arange(4, dtype=name))
    for name in ("bfloat16", "int16", "int8") if "narrow" in kinds else ():
        fold(NarrowPass(BY_NAME[name]), np.zeros(4, BY_NAME[name].array))
