"""Values as a Python literal that ``torch.tensor`` and ``numpy.array`` take, every digit of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ckptgui.gui.inspector.cells import exact_text, plain_number


def python_literal(rows: Sequence[np.ndarray], flat: bool = False) -> str:
    """A number, a list, or a list of lists, a row a line; ``flat`` says that rows are one after the other.

    NaN and infinities are spelled ``float("nan")``, which needs no import.
    """
    rows = [row for row in rows if len(row)]
    if len(rows) == 1 and len(rows[0]) == 1:
        return _number(rows[0][0])
    if flat or len(rows) == 1:
        return _row([value for row in rows for value in row])
    if all(len(row) == 1 for row in rows):
        return _row([row[0] for row in rows])
    return f"[{f',{chr(10)} '.join(_row(row) for row in rows)}]"


def _row(values: Iterable[Any]) -> str:
    return f"[{', '.join(map(_number, values))}]"


def _number(value: Any) -> str:
    number = plain_number(value)
    if isinstance(number, complex):
        if math.isfinite(number.real) and math.isfinite(number.imag):
            return repr(number)
        return f"complex({_real(number.real)}, {_real(number.imag)})"
    if isinstance(number, float) and not math.isfinite(number):
        return _real(number)
    return exact_text(value)


def _real(number: float) -> str:
    if math.isfinite(number):
        return repr(number)
    sign = "-" if number < 0 else ""
    return f'{sign}float("{"nan" if math.isnan(number) else "inf"}")'
