"""Numbers in plain text: the window's rules (1,024-based sizes, grouped digits) without Qt and its locale."""

from __future__ import annotations

import math

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 tensor``, ``1,024 tensors``"""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(nbytes: int) -> str:
    """``512 B``, ``4.0 MiB``, ``1.25 GiB``"""
    if nbytes < 1024:
        return f"{nbytes} B"
    power = min((nbytes.bit_length() - 1) // 10, len(_UNITS) - 1)
    value = nbytes / 1024**power
    if round(value, 2 if power >= 3 else 1) >= 1024 and power < len(_UNITS) - 1:
        power, value = power + 1, value / 1024
    return f"{value:,.{2 if power >= 3 else 1}f} {_UNITS[power]}"


def shape(sizes: tuple[int, ...]) -> str:
    """``4,096 × 1,024``; a 0-d tensor is ``scalar``."""
    return " × ".join(f"{n:,}" for n in sizes) if sizes else "scalar"


def figure(number: float | int | None) -> str:
    """Four significant digits of a float, an integer whole, a dash for None."""
    if number is None:
        return "–"
    if isinstance(number, int) and abs(number) < 10**15:
        return f"{number:,}"
    value = float(number)
    if not math.isfinite(value):
        return str(value)
    return f"{value:.4g}"
