"""How one value of a tensor reads in a table: four digits, every digit, and whether it alarms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ckptgui.gui.numbers import significant


def plain_number(value: Any) -> bool | int | float | complex:
    """A numpy or ml_dtypes scalar as one of Python's own numbers."""
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (complex, np.complexfloating)) or type(value).__name__.startswith("complex"):
        return complex(value)  # ml_dtypes' complex32 is none of numpy's kinds
    return float(value)


def is_unusual(value: Any) -> bool:
    """NaN or infinite."""
    number = plain_number(value)
    if isinstance(number, complex):
        return not (math.isfinite(number.real) and math.isfinite(number.imag))
    return not math.isfinite(number)


def cell_text(value: Any) -> str:
    """Four significant digits; booleans in words; complex numbers as Python writes them."""
    number = plain_number(value)
    if isinstance(number, bool):
        return "true" if number else "false"
    if isinstance(number, complex):
        sign = "+" if number.imag >= 0 or math.isnan(number.imag) else "−"
        return f"{significant(number.real)} {sign} {significant(abs(number.imag))}j"
    return significant(number)


def exact_text(value: Any) -> str:
    """Every digit that the element's own type has."""
    if isinstance(value, np.floating):
        return str(value.item()) if value.dtype.itemsize == 8 else str(value)
    number = plain_number(value)
    return str(number) if isinstance(number, (bool, int, complex)) else repr(number)
