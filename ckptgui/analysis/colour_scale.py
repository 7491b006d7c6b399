"""How figures become shares of a palette: ends that a few extremes do not set, round ticks. No colours here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

_TAILS = 0.01, 0.99
"""Quantiles beyond which values are painted in the colour of an end, where they lie far out."""

_FAR = 4.0
"""How many times the way between the quantiles an extreme lies out to be left there."""

_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_WIDE = 10.0
"""A ratio of ends from which colours go by the logarithm where the figure leaves that open."""


class ScaleKind(Enum):
    """``OPEN`` is linear, or logarithmic where values span orders of magnitude; ``COSINE`` goes by 1 − cosine;
    ``SIGNED`` has zero in its middle; ``SHARE`` begins at 0.
    """

    LOG = "log"
    OPEN = "open"
    SIGNED = "signed"
    COSINE = "cosine"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class ColourScale:
    """``low`` has the palette's first colour and ``high`` its last; ``under`` and ``over``: values lie beyond.

    With ``log`` shares go by the logarithm; with ``bend`` values that are much smaller than it go evenly, larger
    ones by theirs. ``COSINE`` has its largest value at ``low``.
    """

    kind: ScaleKind
    low: float
    high: float
    log: bool = False
    bend: float = 0.0
    under: bool = False
    over: bool = False

    def shares(self, values: np.ndarray) -> np.ndarray:
        """float64 from 0 to 1; NaN stays NaN."""
        low, high = (float(end) / 2 for end in self._straight(np.array([self.low, self.high])))
        with np.errstate(all="ignore"):  # halves, since the ends may be 1e308 apart
            found: np.ndarray = (self._straight(values) / 2 - low) / ((high - low) or 1.0)
        return np.asarray(np.clip(found, 0.0, 1.0))

    def ticks(self) -> tuple[tuple[float, float], ...]:
        """Share and value of the ends and of a round value about the middle."""
        middle = self._middle()
        marks = [self.low, *([middle] if middle is not None else []), self.high]
        shares = self.shares(np.array(marks)).tolist()
        return tuple(zip(shares, marks))

    def _straight(self, values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.kind is ScaleKind.COSINE:
                return np.asarray(np.log10(np.maximum(1.0 - values, 1e-17)))
            if self.log:
                return np.asarray(np.log10(np.maximum(values, 5e-324)))
            return np.asarray(np.arcsinh(values / self.bend)) if self.bend else values

    def _middle(self) -> float | None:
        if self.kind is ScaleKind.COSINE:
            apart = math.sqrt(max(1 - self.low, 1e-17) * max(1 - self.high, 1e-17))
            middle = 1.0 - 10.0 ** round(math.log10(apart))
            return middle if self.high < middle < self.low else None
        if self.kind is ScaleKind.SIGNED:
            return 0.0
        if self.log:
            exact = 10.0 ** ((math.log10(self.low) + math.log10(self.high)) / 2)
            middle = float(f"{exact:.0e}")
        else:
            middle = self.low + (self.high - self.low) / 2
        return middle if self.low < middle < self.high else None


def scale_of(kind: ScaleKind, values: np.ndarray) -> ColourScale:
    """The scale for some figures; NaN and infinities among them do not count."""
    some = values[np.isfinite(values)]
    if kind is ScaleKind.COSINE:
        return _cosine(some)
    if kind is ScaleKind.SIGNED:
        return _signed(some)
    if kind is ScaleKind.SHARE:
        return ColourScale(kind, 0.0, _up(float(some.max(initial=0.0))) or 1.0)
    positive = some[some > 0]
    if kind is ScaleKind.LOG or (positive.size and _spans(positive)):
        if not positive.size:
            return ColourScale(kind, 0.1, 1.0, log=True)
        low, high, under, over = _ends(np.log10(positive))
        low, high = _down(10.0**low), _up(10.0**high)
        if not 0 < low < high < math.inf:
            low, high = max(low / 2, 5e-324), min(max(high, low) * 2, 1.7e308)
        return ColourScale(kind, low, high, True, 0.0, under or bool((some == 0).any()), over)
    if not some.size:
        return ColourScale(kind, 0.0, 1.0)
    low, high, under, over = _ends(some)
    step = (high - low) / 20 or abs(high) / 20 or 0.05
    unit = 10.0 ** math.floor(math.log10(step)) if step > 1e-300 else 5e-324
    low, high = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
    return ColourScale(kind, low, high if high > low else low + unit, False, 0.0, under, over)


def _ends(values: np.ndarray) -> tuple[float, float, bool, bool]:
    """The extremes, or the quantiles where extremes lie far out; and whether they do, on either side."""
    least, most = float(values.min()), float(values.max())
    low, high = (float(q) for q in np.quantile(values, _TAILS))
    far = _FAR * max(high - low, 1e-300)
    under, over = least < low - far, most > high + far
    return (low if under else least), (high if over else most), under, over


def _spans(positive: np.ndarray) -> bool:
    low, high = (float(q) for q in np.quantile(positive, (0.05, 0.95)))
    return low > 0 and high / low > _WIDE


def _cosine(values: np.ndarray) -> ColourScale:
    apart = 1.0 - values[values < 1.0 - 1e-15]
    if not apart.size:
        return ColourScale(ScaleKind.COSINE, 1 - 1e-6, 0.9)
    low, high, under, over = _ends(np.log10(apart))
    near, far = 10.0 ** math.floor(low), min(_up(10.0**high), 2.0)
    return ColourScale(ScaleKind.COSINE, 1.0 - near, 1.0 - max(far, 2 * near), False, 0.0, under, over)


def _signed(values: np.ndarray) -> ColourScale:
    sizes = np.abs(values[values != 0])
    if not sizes.size:
        return ColourScale(ScaleKind.SIGNED, -1.0, 1.0)
    _, high, _, over = _ends(sizes)
    end, bend = _up(high), 0.0
    if _spans(sizes):
        bend = float(np.median(sizes))
    return ColourScale(ScaleKind.SIGNED, -end, end, False, bend, over, over)


def _up(value: float) -> float:
    """The next round number."""
    return _rounded(value, up=True)


def _down(value: float) -> float:
    return _rounded(value, up=False)


def _rounded(value: float, *, up: bool) -> float:
    if not 1e-300 < value < 1e300:
        return value
    power = math.floor(math.log10(value))
    mantissa = value / 10.0**power
    near = [m for m in _ROUND if (m >= mantissa - 1e-9 if up else m <= mantissa + 1e-9)]
    return float(f"{(near[0] if up else near[-1] if near else 1.0)}e{power}")
