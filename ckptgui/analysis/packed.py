"""Distributions as few bytes, without loss, for keeping them on the disk.

The ends of spans are turned into integers that sort as they do; what is written is how far each lies from the
one before. Equal parts of neighbouring numbers lie together, which is what makes them compress.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

from ckptgui.analysis.distribution import Distribution

MAX_SPANS = 1 << 20
"""Spans of a kept distribution: a first reading makes 2**17 at most, a finer one a few times 2**16 more."""

_HEAD = struct.Struct("<BBBBIq")
_FORM = 1
_POINTS, _EXACT = 1, 2
_LEVEL = 6


def packed(distribution: Distribution) -> bytes:
    """The distribution as bytes."""
    lows, highs = distribution.lows, distribution.highs
    points = lows is highs or bool((lows.view(np.uint64) == highs.view(np.uint64)).all())
    width = 4 if _fits(lows) and (points or _fits(highs)) else 8
    keys = _keys(lows, width)
    columns = [np.diff(keys, prepend=np.zeros(1, keys.dtype))]
    if not points:
        columns.append(_keys(highs, width) - keys)
    counts = distribution.counts.astype("<i8")
    wide = next(size for size in (1, 2, 4, 8) if int(counts.max(initial=0)) < 1 << (8 * size))
    columns.append(counts.astype(f"<u{wide}"))
    flags = _POINTS * points | _EXACT * distribution.exact
    head = _HEAD.pack(_FORM, flags, width, wide, len(lows), distribution.times)
    return head + zlib.compress(b"".join(map(_shuffled, columns)), _LEVEL)


def unpacked(data: bytes, elements: int) -> Distribution | None:
    """The distribution of a tensor of ``elements``; None where the bytes are no such thing."""
    if len(data) < _HEAD.size:
        return None
    form, flags, width, wide, n, times = _HEAD.unpack_from(data)
    if form != _FORM or flags > 3 or width not in (4, 8) or wide not in (1, 2, 4, 8):
        return None
    if not 0 < n <= MAX_SPANS or not 1 <= times <= elements:
        return None
    sizes = [n * width] if flags & _POINTS else [n * width, n * width]
    raw = _inflated(data[_HEAD.size :], sum(sizes) + n * wide)
    if raw is None:
        return None
    keys = np.cumsum(_plain(raw[: sizes[0]], width), dtype=f"u{width}")
    ends = keys if flags & _POINTS else keys + _plain(raw[sizes[0] : sum(sizes)], width)
    lows = _values(keys, width)
    highs = lows if flags & _POINTS else _values(ends, width)
    counts = _plain(raw[sum(sizes) :], wide).astype(np.int64)
    return _checked(Distribution(lows, highs, counts, times, bool(flags & _EXACT)), elements)


def _checked(found: Distribution, elements: int) -> Distribution | None:
    """The distribution, if it is one: finite spans that rise and are not empty, of no more than are there."""
    lows, highs, counts = found.lows, found.highs, found.counts
    if not (np.isfinite(lows).all() and np.isfinite(highs).all() and (counts > 0).all()):
        return None
    if not ((lows <= highs).all() and (highs[:-1] <= lows[1:]).all()):
        return None
    return found if float(counts.sum(dtype=np.float64)) * found.times <= elements * (1 + 1e-9) else None


def _inflated(data: bytes, size: int) -> bytes | None:
    """The ``size`` bytes that ``data`` has to come to."""
    inflate = zlib.decompressobj()
    try:
        raw = inflate.decompress(data, size + 1)
    except zlib.error:
        return None
    return raw if len(raw) == size and inflate.eof and not inflate.unused_data else None


def _fits(values: np.ndarray) -> bool:
    """Whether float32 holds them all."""
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float32) == values).all())


def _keys(values: np.ndarray, width: int) -> np.ndarray:
    """Unsigned integers of ``width`` bytes that sort as the values do; -0.0 comes just before 0.0."""
    bits = values.astype(f"<f{width}").view(f"<u{width}")
    sign = bits >> bits.dtype.type(8 * width - 1)
    top = bits.dtype.type(1 << (8 * width - 1))
    keys: np.ndarray = np.where(sign != 0, ~bits, bits | top)
    return keys


def _values(keys: np.ndarray, width: int) -> np.ndarray:
    """float64, the values of which these are the keys."""
    top = keys.dtype.type(1 << (8 * width - 1))
    bits = np.where(keys >= top, keys ^ top, ~keys).astype(f"<u{width}")
    return bits.view(f"<f{width}").astype(np.float64)


def _shuffled(column: np.ndarray) -> bytes:
    """The first bytes of all numbers, then all second ones, and so on."""
    return column.view(np.uint8).reshape(-1, column.itemsize).T.tobytes()


def _plain(data: bytes, width: int) -> np.ndarray:
    """Numbers of which ``_shuffled`` made these bytes."""
    together = np.frombuffer(data, np.uint8).reshape(width, -1).T
    return np.ascontiguousarray(together).reshape(-1).view(f"<u{width}")
