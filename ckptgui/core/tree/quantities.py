"""Numbers as a filter asks for them: compared, in ranges, with units; ``>10MB``, ``0..1``, ``<50%``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum

import numpy as np

from ckptgui.core.tree.pattern_syntax import PatternError


class Unit(Enum):
    """What may stand behind a number."""

    BYTES = "bytes"
    COUNT = "count"  # 4k, 1M, 2B
    SHARE = "share"  # a count, or percent of the elements
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers from ``low`` to ``high``; ``share``: in parts of all elements, 1 for all of them."""

    low: float = -math.inf
    high: float = math.inf
    with_low: bool = True
    with_high: bool = True
    share: bool = False

    def holds(self, values: np.ndarray) -> np.ndarray:
        """bool for each value; NaN is in no span."""
        above = values >= self.low if self.with_low else values > self.low
        below = values <= self.high if self.with_high else values < self.high
        return np.asarray(above & below)


_KILO, _KIBI = 1000, 1024
_BYTES = {"b": 1}
_BYTES |= {f"{letter}b": _KILO**power for power, letter in enumerate("kmgtp", 1)}
_BYTES |= {f"{letter}ib": _KIBI**power for power, letter in enumerate("kmgtp", 1)}
_BYTES |= {unit[:-1]: size for unit, size in _BYTES.items() if len(unit) > 1}  # as it is typed: 10M, 10Mi
_COUNTS = {"k": _KILO, "m": _KILO**2, "b": _KILO**3, "g": _KILO**3, "t": _KILO**4}
_UNITS: dict[Unit, dict[str, int]] = {
    Unit.BYTES: _BYTES,
    Unit.COUNT: _COUNTS,
    Unit.SHARE: _COUNTS | {"%": 1},
    Unit.NONE: {},
}
_KNOWN = {
    Unit.BYTES: "kB, MB, GB, KiB, MiB, GiB are",
    Unit.COUNT: "k, M, B are",
    Unit.SHARE: "%, k, M, B are",
    Unit.NONE: "this is a plain number",
}
_NUMBER = re.compile(
    r"([-+\u2212]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[-+\u2212]?\d+)?|[-+\u2212]?inf)(.*)", re.IGNORECASE
)
_COMPARED = re.compile(r"(>=|<=|=>|=<|≥|≤|>|<|==|=)?(.*)")


def span(term: str, text: str, unit: Unit) -> Span | None:
    """What a filter's ``term`` asks of a number in ``text``; None as long as no number is typed.

    Without a comparison, or with ``=``, a number with a unit, a point or an exponent fits what rounds to it, as
    ``size:1.5MB`` does from 1.45 to 1.55 MB; any other is meant as it stands. Raises ``PatternError``.
    """
    found = _COMPARED.fullmatch(text)
    assert found is not None  # it fits any text of one line
    sign, rest = found.group(1) or "=", found.group(2)
    if not rest:
        return None
    if ".." in rest:
        return _range(term, sign, rest, unit)
    value, half, share = _number(term, rest, unit)
    return {
        ">": Span(low=value, with_low=False, share=share),
        "<": Span(high=value, with_high=False, share=share),
        "≥": Span(low=value, share=share),
        "≤": Span(high=value, share=share),
        "=": Span(value - half, value + half, with_high=not half, share=share),
    }[_SAME.get(sign, sign)]


_SAME = {">=": "≥", "=>": "≥", "<=": "≤", "=<": "≤", "==": "="}


def _range(term: str, sign: str, rest: str, unit: Unit) -> Span | None:
    if sign != "=":
        raise PatternError(f"{term}: a range says both ends already; leave the {sign} away.")
    first, _, last = rest.partition("..")
    last = last.removeprefix(".")
    if not first and not last:
        return None
    if first and last and first[-1:].isdigit():  # 10..20MB: the unit is that of both
        tail = _NUMBER.fullmatch(last)
        first += tail.group(2) if tail else ""
    low, _, low_share = _number(term, first, unit) if first else (-math.inf, 0.0, False)
    high, _, high_share = _number(term, last, unit) if last else (math.inf, 0.0, False)
    if low > high:
        raise PatternError(f"{term}: {first} is more than {last}.")
    return Span(low, high, share=low_share or high_share)


def _number(term: str, text: str, unit: Unit) -> tuple[float, float, bool]:
    """A number, half of what its last digit stands for where it is meant as rounded, and whether it is a share."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise PatternError(f"{term}: {text} is no number.")
    digits, suffix = found.group(1).replace("\u2212", "-").replace("_", ""), found.group(2)
    times = _UNITS[unit].get(suffix.lower(), 0) if suffix else 1
    if not times:
        raise PatternError(f"{term}: {suffix} is no unit; {_KNOWN[unit]}.")
    value = float(digits)
    if math.isinf(value):
        return value, 0.0, False
    share = suffix == "%"
    scale = times / 100 if share else float(times)
    rounded = (bool(suffix) and suffix.lower() != "b") or any(sign in digits.lower() for sign in ".e")
    half = 0.5 * _last_digit(digits) * scale if rounded and value else 0.0
    return value * scale, half, share


def _last_digit(digits: str) -> float:
    """What a one in the place of the last digit is worth."""
    mantissa, _, exponent = digits.lower().partition("e")
    return float(f"1e{int(exponent or 0) - len(mantissa.partition('.')[2])}")
