"""A picture laid out: heights between 0 and 1, and where the marks of both axes stand and how they read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ckptgui.gui.inspector.histogram.picture import Bars, Picture
from ckptgui.gui.inspector.ticks import (
    count_ticks,
    linear_ticks,
    log_count_ticks,
    log_share_ticks,
    log_ticks,
    share_ticks,
    symlog_ticks,
)

_LOG_FLOOR = 0.3
"""On a log axis a bar of one value is this many decades high, so that it can be seen."""

_DIGIT = 6.5
"""Pixels of a digit of a mark, about."""

Marks = list[tuple[float, str]]


@dataclass(frozen=True)
class Chart:
    """``count_marks`` are at heights, ``value_marks`` at places in bins."""

    picture: Picture
    heights: np.ndarray
    outlines: tuple[np.ndarray, ...]
    count_marks: Marks
    value_marks: Marks


def lay_out(picture: Picture, width: float) -> Chart:
    """Lay a picture out over ``width`` pixels."""
    bars = (picture.bars, *picture.outlines)
    tops = [_amounts(each, picture).max(initial=0.0) for each in bars]
    if picture.wish.log_count:
        heights, marks = _logarithmic(picture, bars, max(tops))
    else:
        marks = share_ticks(max(tops)) if picture.wish.shares else count_ticks(max(tops))
        top = marks[-1][0]
        heights = [_amounts(each, picture) / top for each in bars]
        marks = [(value / top, text) for value, text in marks]
    return Chart(picture, heights[0], tuple(heights[1:]), marks, _value_marks(picture, width))


def _amounts(bars: Bars, picture: Picture) -> np.ndarray:
    """What the vertical axis is about."""
    amounts: np.ndarray = bars.counts / max(bars.total, 1) if picture.wish.shares else bars.counts
    return amounts


def _logarithmic(picture: Picture, bars: tuple[Bars, ...], top: float) -> tuple[list[np.ndarray], Marks]:
    one = 1.0 / max(max(each.total for each in bars), 1) if picture.wish.shares else 1.0
    marks = log_share_ticks(one, top) if picture.wish.shares else log_count_ticks(top)
    base = math.log10(marks[0][0]) - _LOG_FLOOR
    whole = math.log10(marks[-1][0]) - base
    heights = []
    for each in bars:
        places = (np.log10(np.maximum(_amounts(each, picture), 1e-300)) - base) / whole
        heights.append(np.where(each.counts >= 0.5, np.clip(places, 0.01, 1.0), 0.0))
    return heights, [((math.log10(value) - base) / whole, text) for value, text in marks]


def _value_marks(picture: Picture, width: float) -> Marks:
    low, high = float(picture.edges[0]), float(picture.edges[-1])
    fit = max(2, int(width // (28 if picture.integral else 60)))
    if picture.scale == "symlog" and picture.threshold > 0:
        ticks = _spaced(symlog_ticks(low, high, picture.threshold), picture, width, 44)
    elif picture.scale == "log":
        ticks = _spaced(log_ticks(low, high, fit), picture, width, 44)
    else:
        ticks = _fitting(low, high, fit, width, picture.integral)
    return [(picture.place(value), text) for value, text in ticks]


def _fitting(low: float, high: float, fit: int, width: float, whole: bool) -> Marks:
    """As many round marks as have room for their texts."""
    ticks: Marks = []
    for count in range(fit, 1, -1):
        ticks = linear_ticks(low, high, count, whole=whole)
        widest = max((len(text) for _, text in ticks), default=0) * _DIGIT + 16
        if widest * (len(ticks) - 1) <= width * 0.95:
            break
    return ticks


def _spaced(marks: Marks, picture: Picture, width: float, least: float) -> Marks:
    """Marks that leave ``least`` pixels to their neighbour, zero first, then the largest powers."""
    taken: Marks = []
    places: list[float] = []
    unit = width / max(picture.bins, 1)
    for value, text in marks:
        place = picture.place(value) * unit
        if all(abs(place - other) >= least for other in places):
            taken.append((value, text))
            places.append(place)
    return sorted(taken)
