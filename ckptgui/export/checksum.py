"""CRC-32 of bytes whose parts were summed apart, as zlib's ``crc32_combine``, which Python does not offer."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
"""The polynomial 1: bits are reflected, the constant term is the highest bit."""


def joined(parts: Iterable[tuple[int, int]]) -> int:
    """The CRC-32 of what lies end to end, from the (CRC-32, bytes) of each part."""
    total = 0
    for crc, nbytes in parts:
        total = _product(_shift(nbytes), total) ^ crc
    return total


@lru_cache(maxsize=256)
def _shift(nbytes: int) -> int:
    """x to the power of eight times ``nbytes``: what so many bytes behind a part make of its sum."""
    result, square, power = _ONE, _ONE >> 1, 8 * nbytes
    while power:
        if power & 1:
            result = _product(result, square)
        square = _product(square, square)
        power >>= 1
    return result


def _product(one: int, other: int) -> int:
    """The product of two polynomials modulo the CRC's."""
    result = 0
    while one:
        if one & _ONE:
            result ^= other
        one = one << 1 & 0xFFFFFFFF
        other = other >> 1 ^ (_POLYNOMIAL if other & 1 else 0)
    return result
