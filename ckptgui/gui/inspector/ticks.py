"""Where an axis has its marks and how they read. Pure arithmetic on finite floats of any size."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale

from ckptgui.gui.numbers import MINUS, integer

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_step(span: float, count: float) -> float:
    """The round distance (1, 2, 2.5 or 5 times a power of ten) that gives about ``count`` marks."""
    raw = span / max(count, 0.5)
    if not raw > 0 or not math.isfinite(raw):
        return 1.0
    power = math.floor(math.log10(raw))
    for factor in _STEPS:
        step = _scaled(factor, power)
        if step >= raw:
            return step
    return _scaled(10.0, power)


def _scaled(factor: float, power: int) -> float:
    """``factor * 10**power`` without overflow on the way, and never zero."""
    value = float(f"{factor}e{power}")
    return value if math.isfinite(value) and value > 0 else 5e-324 if value == 0 else 1.7e308


def whole_step(span: float, count: float) -> float:
    """The same for things that are counted: at least 1, and never 2.5."""
    step = max(nice_step(span, count), 1.0)
    return step if step.is_integer() else 5.0


def linear_ticks(low: float, high: float, count: int, *, whole: bool = False) -> list[tuple[float, str]]:
    """Round values in ``low`` to ``high`` with their texts, all with the same number of decimals."""
    span = high / 2 - low / 2  # halves, since the ends may be 1e308 apart
    step = (whole_step if whole else nice_step)(span, max(count, 1) / 2)
    first, last = math.ceil(low / step), math.floor(high / step)
    if last - first > 4 * count + 8:
        return []
    return [(number * step, axis_text(number * step, step)) for number in range(first, last + 1)]


def axis_text(value: float, step: float, most: int = 4) -> str:
    """A mark's number: decimals as the step needs them, powers of ten where they would be over ``most``."""
    if value == 0:
        return "0"
    if step < 0.99 * 10.0**-most or max(abs(value), step) >= 1e6:
        digits = max(0, math.floor(math.log10(abs(value))) - math.floor(math.log10(step) + 1e-9))
        extra = 0 if _round_step(step) else 1
        return f"{value:.{min(digits + extra, 6)}e}".replace("-", MINUS).replace("+", "")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (0 if _round_step(step) else 1)
    if float(step).is_integer():
        decimals = 0
    return QLocale().toString(value, "f", decimals).replace("-", MINUS)


def range_texts(low: float, high: float) -> tuple[str, str]:
    """Both ends of a narrow range with the digits that tell them apart, and one more."""
    width = high / 2 - low / 2
    step = _scaled(1.0, math.floor(math.log10(width)) - 1) if width > 0 else 5e-324
    most = 7 if max(abs(low), abs(high)) >= 1e-3 else 3
    return axis_text(low, step, most), axis_text(high, step, most)


def _round_step(step: float) -> bool:
    """Whether one digit says the step (2.5 needs two)."""
    mantissa = step / 10.0 ** math.floor(math.log10(step)) if step > 1e-300 else 1.0
    return abs(mantissa - round(mantissa)) < 1e-9


def count_text(count: float, top: float = 0) -> str:
    """``240 k``: counts of values on an axis whose largest mark is ``top``, which sets the unit."""
    most = max(count, top)
    for limit, scale, unit in (
        (1e15, 1e15, "P"),
        (1e12, 1e12, "T"),
        (1e9, 1e9, "G"),
        (1e6, 1e6, "M"),
        (1e4, 1e3, "k"),
    ):
        if most >= limit and count > 0:
            return f"{QLocale().toString(count / scale, 'g', 6)} {unit}"
    return integer(round(count)) if count >= 1 or count == 0 else QLocale().toString(count, "g", 2)


def count_ticks(top: float, marks: int = 4) -> list[tuple[float, str]]:
    """Marks for counts from 0 to at least ``top``; the last one is the upper end of the axis."""
    step = min((whole_step(max(top, 1.0), marks + by) for by in (-1, 0, 1)), key=lambda step: _end(top, step))
    last = max(1, math.ceil(top / step - 1e-9))
    return [(number * step, count_text(number * step, last * step)) for number in range(last + 1)]


def _end(top: float, step: float) -> tuple[float, float]:
    """Where an axis ends that reaches ``top``; of two that end there the one with fewer marks is less."""
    return max(1, math.ceil(top / step - 1e-9)) * step, -step


def log_count_ticks(top: float) -> list[tuple[float, str]]:
    """Powers of ten from 1 to at least ``top``, at most six of them."""
    last = max(1, math.ceil(math.log10(max(top, 1.0)) - 1e-9))
    stride = max(1, math.ceil(last / 5))
    powers = list(range(0, last + 1, stride))
    if powers[-1] < last:
        powers.append(powers[-1] + stride)
    return [(10.0**power, count_text(10.0**power)) for power in powers]


def share_ticks(top: float, marks: int = 4) -> list[tuple[float, str]]:
    """Marks for shares from 0 to at least ``top``, as percentages; the last one is the end of the axis."""
    most = max(top, 1e-12) * 100.0
    step = min((nice_step(most, marks + by) for by in (-1, 0, 1)), key=lambda step: _end(most, step))
    last = max(1, math.ceil(top * 100.0 / step - 1e-9))
    return [(number * step / 100.0, f"{axis_text(number * step, step)} %") for number in range(last + 1)]


def log_share_ticks(least: float, top: float) -> list[tuple[float, str]]:
    """Powers of ten as percentages, from at most ``least`` to at least ``top``, at most six of them."""
    first = math.floor(math.log10(least) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(max(top, least)) - 1e-9))
    stride = max(1, math.ceil((last - first) / 5))
    powers = range(last - stride * math.ceil((last - first) / stride), last + 1, stride)
    return [(float(f"1e{power}"), f"{_power_text(float(f'1e{power + 2}'))} %") for power in powers]


def log_ticks(low: float, high: float, count: int) -> list[tuple[float, str]]:
    """Powers of ten between two positive ends, the largest first; round values where there are too few."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 1:
        marks = [float(f"1e{power}") for power in range(last, first - 1, -1)]
        return [(mark, _power_text(mark)) for mark in marks if low <= mark <= high]
    return linear_ticks(low, high, count)


def symlog_ticks(low: float, high: float, smallest: float) -> list[tuple[float, str]]:
    """Zero and powers of ten on either side, from about ``smallest`` to the ends."""
    floor = math.floor(math.log10(max(smallest, 5e-324)))
    marks = [0.0] if low <= 0 <= high else []
    for sign, end in ((1.0, high), (-1.0, -low)):
        if end <= 0:
            continue
        top = math.floor(math.log10(end))
        marks += [sign * float(f"1e{power}") for power in range(top, max(floor, top - 340) - 1, -1)]
    inside = [mark for mark in marks if low <= mark <= high]
    return [(mark, _power_text(mark)) for mark in inside]


def _power_text(value: float) -> str:
    if value == 0:
        return "0"
    if 1e-4 < abs(value) < 1e6:
        return QLocale().toString(value, "g", 6).replace("-", MINUS)
    return f"{value:.0e}".replace("e+", "e").replace("-", MINUS)
