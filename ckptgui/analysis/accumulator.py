"""Compiled: a sum of float64 in which every bit is kept, as digits of 32 bits that are carried at the very end.

Import this module late (see ``analysis.compiled``). A digit has 31 bits to spare, enough for 2**30 additions.
"""

from __future__ import annotations

import math

import numpy as np

from ckptgui.analysis.compiled import njit

DIGITS = 144
LOWEST = -2304
"""The exponent of the lowest bit; what is smaller than it is lost, and squares of float64 are not."""

_SPLIT = 134217729.0


@njit()
def add(digits, value, exponent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add ``value * 2**exponent`` to int64 ``digits``."""
    if value == 0.0:
        return
    fraction, power = math.frexp(abs(value))
    whole = np.int64(fraction * 9007199254740992.0)
    place = power - 53 + exponent - LOWEST
    if place < 0:
        if place < -62:
            return
        whole >>= -place
        place = 0
    sign = np.int64(1) if value > 0 else np.int64(-1)
    at, shift = place >> 5, place & 31
    mask = np.int64(0xFFFFFFFF)
    low, high = (whole & mask) << shift, (whole >> 32) << shift
    digits[at] += sign * (low & mask)
    digits[at + 1] += sign * ((low >> 32) + (high & mask))
    digits[at + 2] += sign * (high >> 32)


@njit()
def rest_of_product(a, b, product):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """What rounding took off ``product = a * b`` (Dekker)."""
    high_a = _SPLIT * a
    high_a -= high_a - a
    high_b = _SPLIT * b
    high_b -= high_b - b
    low_a, low_b = a - high_a, b - high_b
    return low_a * low_b - (((product - high_a * high_b) - low_a * high_b) - high_a * low_b)


@njit()
def add_product(digits, a, b, exponent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add ``a * b * 2**exponent``, with what rounding takes off the product."""
    product = a * b
    add(digits, product, exponent)
    add(digits, rest_of_product(a, b, product), exponent)


def whole_of(digits: np.ndarray) -> int:
    """The sum in units of ``2**LOWEST``."""
    return sum(int(digits[at]) << 32 * int(at) for at in np.flatnonzero(digits))
