"""Numbers as people read them: grouped by the locale, four significant digits, a true minus, 1,024-based sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QLocale

MINUS = "\u2212"
TIMES = "\u00d7"
DASH = "\u2013"
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def settle_locale() -> None:
    """Group digits also where the system names no language (the C locale). Call once, at start."""
    if QLocale().language() == QLocale.Language.C:
        QLocale.setDefault(QLocale(QLocale.Language.English))


def tr(text: str, context: str = "ckptgui") -> str:
    """A text of the window's own in the person's language."""
    return QCoreApplication.translate(context, text)


def integer(number: int) -> str:
    """``1,048,576``"""
    text = QLocale().toString(int(number)) if abs(number) < 2**63 else f"{number:.4e}".replace("e+", "e")
    return text.replace("-", MINUS)


def significant(number: float | int | None, digits: int = 4) -> str:
    """Four significant digits; ``3.1e−05`` below 1e−3 and from 1e7; integers whole; a dash for None."""
    if number is None:
        return DASH
    if isinstance(number, int) and abs(number) < 10**15:
        return integer(number)
    value = float(number)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    size = float(f"{abs(value):.{digits - 1}e}")  # as large as it will read: 0.99996 is a 1.000
    if float(f"{size:.1e}") < 1e-3 or size >= 1e7:
        text = f"{value:.1e}".replace("e+", "e")
    else:
        places = max(0, digits - 1 - math.floor(math.log10(size)))
        places = min(places, 4 if size >= 0.01 else 5)  # a column of weights reads better than a digit more
        text = QLocale().toString(value, "f", places)
    return text.replace("-", MINUS)


def short_number(value: float | int | None) -> str:
    """A number that a person wrote: ``0.9`` stays so, everything longer gets four significant digits."""
    text = significant(value)
    if isinstance(value, float) and 1e-3 <= abs(value) < 1e7:
        point = QLocale().decimalPoint()
        head, mark, tail = text.partition(point)
        return head + mark + tail.rstrip("0") if tail.rstrip("0") else head
    return text


def duration(seconds: float) -> str:
    """``12 ms``, ``4.1 s``"""
    return f"{integer(max(1, round(seconds * 1000)))} ms" if seconds < 1 else f"{significant(seconds, 2)} s"


def exact(number: float | int | None) -> str:
    """Every digit, for tooltips and for copying: what Python's ``repr`` says."""
    return DASH if number is None else repr(number)


def size(nbytes: int) -> tuple[str, str]:
    """``("4.0", "MiB")``: 1,024-based, one decimal, GiB and above two."""
    if nbytes < 1024:
        return integer(nbytes), _UNITS[0]
    power = min((nbytes.bit_length() - 1) // 10, len(_UNITS) - 1)
    value = nbytes / 1024**power
    decimals = 2 if power >= 3 else 1
    if round(value, decimals) >= 1024 and power < len(_UNITS) - 1:
        power, value = power + 1, value / 1024
    return QLocale().toString(value, "f", 2 if power >= 3 else 1), _UNITS[power]


def size_text(nbytes: int) -> str:
    """``4.0 MiB``"""
    return " ".join(size(nbytes))


def shape_text(shape: Sequence[int]) -> str:
    """``4,096 × 1,024``; a 0-d tensor is ``scalar``."""
    return f" {TIMES} ".join(map(integer, shape)) if shape else tr("scalar")


def percent(part: float, whole: float) -> str:
    """``0.74 %``"""
    if whole <= 0:
        return DASH
    share = 100 * part / whole
    return f"{significant(share, 3)} %" if share >= 0.001 or share == 0 else f"< {QLocale().toString(0.001)} %"


def parameters(count: int) -> str:
    """``1.34 B`` of ``1.34 B parameters``: millions with one decimal, billions with two."""
    for limit, unit, decimals in ((10**12, "T", 2), (10**9, "B", 2), (10**6, "M", 1), (10**3, "K", 1)):
        if count >= limit:
            return f"{QLocale().toString(count / limit, 'f', decimals)} {unit}"
    return integer(count)


def counted(count: int, one: str, many: str) -> str:
    """``1 tensor``, ``306 tensors``."""
    return f"{integer(count)} {tr(one) if count == 1 else tr(many)}"
