"""The palettes that values are painted in, as tables of packed colours; light and dark."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

import numpy as np
from PySide6.QtGui import QColor

from ckptgui.workspace.tokens import DIFFERENCE, MAGNITUDE

STEPS = 513
"""Colours of a table; odd, so that one stands in the middle."""


class Palette(Enum):
    """``BY_SIGN`` is the difference palette where values have both signs, else the one of magnitudes."""

    BY_SIGN = "by sign"
    DIFFERENCE = "difference"
    MAGNITUDE = "magnitude"
    GREY = "grey"


_STOPS = {
    (Palette.MAGNITUDE, False): MAGNITUDE[False],
    (Palette.MAGNITUDE, True): MAGNITUDE[True],
    (Palette.DIFFERENCE, False): DIFFERENCE[False],
    (Palette.DIFFERENCE, True): DIFFERENCE[True],
    (Palette.GREY, False): "F4F2EE 1B1D20",
    (Palette.GREY, True): "1D2022 ECEAE6",
}


@lru_cache(maxsize=16)
def table(palette: Palette, dark: bool, flipped: bool = False) -> np.ndarray:
    """``STEPS`` colours as 0xAARRGGBB in uint32; ``flipped`` has the last one first."""
    stops = [int(code, 16) for code in _STOPS[palette, dark].split()]
    places = np.linspace(0, len(stops) - 1, STEPS)
    packed = np.full(STEPS, 0xFF000000, np.uint32)
    for shift in (16, 8, 0):
        channel = [stop >> shift & 0xFF for stop in stops]
        part = np.round(np.interp(places, np.arange(len(stops)), channel)).astype(np.uint32)
        packed |= part << np.uint32(shift)
    return packed[::-1].copy() if flipped else packed


def packed(colour: QColor) -> int:
    """A colour as 0xAARRGGBB."""
    return int(colour.rgb()) & 0xFFFFFFFF
