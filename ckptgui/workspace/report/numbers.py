"""Figures as a report has them: a true minus, and in a column of a table four digits each."""

from __future__ import annotations

import math

from ckptgui.core.plain_numbers import figure

MINUS = "\u2212"


def short(value: float) -> str:
    """As short as four significant digits allow."""
    return "–" if math.isnan(value) else figure(value).replace("-", MINUS)


def even(value: float) -> str:
    """Four significant digits, zeros at the end too, so that a column reads well."""
    if math.isnan(value):
        return "–"
    if not math.isfinite(value) or value == 0:
        return short(value)
    return f"{value:#.4g}".rstrip(".").replace("-", MINUS)
